package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/joho/godotenv"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Source is where settings come from.
type Source struct {
	Environ []string // NAME=value, as os.Environ returns it
	Dir     string   // the folder of `.env`, and the base of relative paths
}

// FromProcess is the source of the running process.
func FromProcess() (Source, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Source{}, fault.Because(err, fault.Unavailable, "The current folder cannot be read; change to one that exists.")
	}
	return Source{Environ: os.Environ(), Dir: dir}, nil
}

const dotenvName = ".env"
const largestDotenv = 64 << 10    // bytes
const largestValueFile = 16 << 10 // bytes, of one *_FILE
const mostLocatedLines = 500      // lines of a broken .env in which the line is searched

// layer is one place of settings; an earlier layer wins.
type layer struct {
	values map[string]string
	dir    string
}

// found is a setting's value and the name under which it was given.
type found struct {
	name  string
	value string
	layer int
}

func (s Source) layers() ([]layer, error) {
	values := map[string]string{}
	for _, pair := range s.Environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			values[name] = value
		}
	}
	dotenv, err := readDotenv(filepath.Join(s.Dir, dotenvName))
	if err != nil {
		return nil, err
	}
	return []layer{{values, s.Dir}, {dotenv, s.Dir}}, nil
}

// readDotenv returns the variables of the file, none when it does not exist.
func readDotenv(path string) (map[string]string, error) {
	text, err := readLimited(path, largestDotenv)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "%s cannot be read: %s.", dotenvName, reason(err))
	}
	return ParseDotenv(text)
}

// ParseDotenv parses the text of a `.env` file. The library's own message would show what stands
// around the mistake, which may be a secret; the error here shows the line's number only.
func ParseDotenv(text []byte) (map[string]string, error) {
	values, err := godotenv.Parse(bytes.NewReader(text))
	if err == nil {
		return values, nil
	}
	if line := firstBadLine(text); line > 0 {
		return nil, fault.New(fault.Invalid, "%s:%d is not NAME=value; mend that line.", dotenvName, line)
	}
	return nil, fault.New(fault.Invalid, "%s has a line that is not NAME=value, or an open quotation mark; mend it.", dotenvName)
}

// firstBadLine returns the line after the longest beginning of text that parses, 0 when unknown.
func firstBadLine(text []byte) int {
	lines := bytes.SplitAfter(text, []byte("\n"))
	if len(lines) > mostLocatedLines {
		return 0
	}
	for n := len(lines) - 1; n >= 0; n-- {
		if _, err := godotenv.Parse(bytes.NewReader(bytes.Join(lines[:n], nil))); err == nil {
			return n + 1
		}
	}
	return 0
}

// find returns the value of the setting from the first layer that has it, empty when none has. An
// empty value counts as not set.
func find(layers []layer, name string, aliases []string) (found, error) {
	for i, l := range layers {
		result, err := l.find(append([]string{name}, aliases...))
		if err != nil || result.value != "" {
			result.layer = i
			return result, err
		}
	}
	return found{}, nil
}

func (l layer) find(names []string) (found, error) {
	var first found
	for _, name := range names {
		next, err := l.one(name)
		switch {
		case err != nil:
			return found{}, err
		case next.value == "":
		case first.value == "":
			first = next
		case first.value != next.value:
			return found{}, fault.New(fault.Invalid, "%s and %s are the same setting and differ; set only %s.", first.name, next.name, names[0])
		}
	}
	return first, nil
}

// one reads NAME or the file that NAME_FILE names.
func (l layer) one(name string) (found, error) {
	value, file := l.values[name], l.values[name+"_FILE"]
	switch {
	case file == "":
		return found{name: name, value: value}, nil
	case value != "":
		return found{}, fault.New(fault.Invalid, "%s and %s_FILE are both set; set only one of them.", name, name)
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(l.dir, file)
	}
	text, err := readLimited(file, largestValueFile)
	if err != nil {
		return found{}, fault.Because(err, fault.Invalid, "%s_FILE names %q, which cannot be read: %s.", name, file, reason(err))
	}
	trimmed := strings.TrimSpace(string(text))
	if trimmed == "" {
		return found{}, fault.New(fault.Invalid, "%s_FILE names %q, which is empty.", name, file)
	}
	return found{name: name, value: trimmed}, nil
}

// readLimited reads a file of at most limit bytes.
func readLimited(path string, limit int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(text) > limit {
		return nil, fmt.Errorf("larger than %d KiB", limit>>10)
	}
	return text, nil
}

// reason is the part of a file error that says why, without the path.
func reason(err error) string {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err.Error()
	case errors.As(err, &link):
		return link.Err.Error()
	}
	return err.Error()
}

// BrokerSDKVariables returns the names of the variables that the broker's library reads by itself
// (APCA_...), sorted. One of them overrides every user's own keys or addresses.
func BrokerSDKVariables(environ []string) []string {
	var names []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "APCA_") && value != "" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// RefuseBrokerSDKVariables returns a fault that names the variables, nil when there are none. A
// server for several users calls it before anything else.
func RefuseBrokerSDKVariables(environ []string) error {
	names := BrokerSDKVariables(environ)
	if len(names) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "The environment sets %s, which would act for every user's account; unset it and start again.", strings.Join(names, " and "))
}
