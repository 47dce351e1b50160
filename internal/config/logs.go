package config

import (
	"errors"
	"path/filepath"
	"strconv"
)

// Logs say how and where a server logs.
type Logs struct {
	Format       LogFormat
	File         string // absolute; empty: standard error alone
	Chosen       bool   // somebody has named the file, so that it must be there
	MaxMegabytes int
	Keep         int // files besides the one that is written
}

// LogFormat is how an entry is written.
type LogFormat string

// The formats.
const (
	TextLogs LogFormat = "text"
	JSONLogs LogFormat = "json"
)

func parseLogFormat(value string) (LogFormat, error) {
	if format := LogFormat(value); format == TextLogs || format == JSONLogs {
		return format, nil
	}
	return "", errors.New("must be text or json")
}

const mostCount = 10_000

func parseCount(value string) (int, error) {
	count, err := strconv.Atoi(value)
	if err != nil || count < 1 || count > mostCount {
		return 0, errors.New("must be a whole number from 1 to 10000")
	}
	return count, nil
}

// noLogFile is the LOG_FILE that asks for none.
const noLogFile = "off"

// place makes the path absolute; a named one in the folder of the start, the usual one beside the
// database.
func (l *Logs) place(dir, folder string, mode Mode) {
	l.Chosen = l.File != "" && l.File != noLogFile
	switch {
	case l.File == noLogFile:
		l.File = ""
	case l.File == "" && mode == Production:
		l.File = filepath.Join(folder, "logs", "alpaca_trader.log")
	case l.File != "" && !filepath.IsAbs(l.File):
		l.File = filepath.Join(dir, l.File)
	}
}
