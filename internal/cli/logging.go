package cli

import (
	"io"
	"log/slog"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/logfile"
)

// newLogger writes entries of the level and above in the format.
func newLogger(to io.Writer, format config.LogFormat, level slog.Leveler) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == config.JSONLogs {
		return slog.New(slog.NewJSONHandler(to, options))
	}
	return slog.New(slog.NewTextHandler(to, options))
}

// keepLog makes the environment's logger write into the settings' file too, for commands that run
// until they are stopped; close it at their end. A file that was named must be there; without the
// usual one the program runs on, since standard error has every entry too.
func (e *Environment) keepLog(cfg config.Config) (closeLog func(), err error) {
	if cfg.Logs.File == "" {
		return func() {}, nil
	}
	file, err := logfile.Open(cfg.Logs.File, int64(cfg.Logs.MaxMegabytes)<<20, cfg.Logs.Keep)
	switch {
	case err != nil && cfg.Logs.Chosen:
		return nil, fault.Because(err, fault.Invalid, "The log file %s cannot be written. Give this user the right to its folder, or name another in LOG_FILE (off: none).", cfg.Logs.File)
	case err != nil:
		e.Logger.Warn("no log file is written; LOG_FILE names another place, or off", "file", cfg.Logs.File, "cause", err)
		return func() {}, nil
	}
	e.logs = both{e.Stderr, file}
	e.Logger = newLogger(e.logs, cfg.Logs.Format, e.level)
	return func() { _ = file.Close() }, nil // every entry is with the system already
}

// both writes each entry to two places; one that fails does not keep the other from it.
type both [2]io.Writer

// Write returns no error while one of them has the entry.
func (b both) Write(entry []byte) (int, error) {
	_, first := b[0].Write(entry)
	_, second := b[1].Write(entry)
	if first != nil && second != nil {
		return 0, first
	}
	return len(entry), nil
}
