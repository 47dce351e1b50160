package logfile_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/logfile"
)

func open(t *testing.T, path string, most int64, keep int) *logfile.File {
	t.Helper()
	file, err := logfile.Open(path, most, keep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}

func write(t *testing.T, file *logfile.File, entry string) {
	t.Helper()
	if _, err := file.Write([]byte(entry)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestFullFilesArePutAside: entries stay whole and in order, the newest in the file itself, and
// only so many files stay.
func TestFullFilesArePutAside(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "logs", "a.log")
	file := open(t, path, 10, 2)
	for _, entry := range []string{"one\n", "two\n", "three\n", "four\n", "longer than a file\n", "six\n"} {
		write(t, file, entry)
	}
	for name, want := range map[string]string{path: "six\n", path + ".1": "longer than a file\n", path + ".2": "three\nfour\n"[6:]} {
		if got := read(t, name); !strings.HasSuffix(got, want) {
			t.Errorf("%s holds %q, want %q", filepath.Base(name), got, want)
		}
	}
	if _, err := os.Stat(path + ".3"); !os.IsNotExist(err) {
		t.Errorf("an older file stays: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// TestARestartAppends: what an earlier process wrote stays, and counts.
func TestARestartAppends(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	write(t, open(t, path, 10, 1), "before\n")
	again := open(t, path, 10, 1)
	write(t, again, "1\n")
	write(t, again, "after\n")
	if got := read(t, path+".1") + "|" + read(t, path); got != "before\n1\n|after\n" {
		t.Errorf("%q", got)
	}
}

// TestNoEntryIsLost: many write at once while files are put aside.
func TestNoEntryIsLost(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := open(t, filepath.Join(folder, "a.log"), 1000, 1000)
	var writers sync.WaitGroup
	for writer := range 8 {
		writers.Go(func() {
			for entry := range 100 {
				if _, err := fmt.Fprintf(file, "writer %d entry %d\n", writer, entry); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	names, _ := filepath.Glob(filepath.Join(folder, "a.log*"))
	lines := map[string]bool{}
	for _, name := range names {
		content := read(t, name)
		if len(content) > 1000 {
			t.Errorf("%s has %d bytes", name, len(content))
		}
		for line := range bytes.Lines([]byte(content)) {
			lines[string(line)] = true
		}
	}
	if len(lines) != 800 || len(names) < 10 {
		t.Errorf("%d entries in %d files", len(lines), len(names))
	}
}

// TestAFileThatCannotBePutAsideGrows: the entry is written all the same.
func TestAFileThatCannotBePutAsideGrows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.log")
	if err := os.MkdirAll(filepath.Join(path+".1", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := open(t, path, 5, 1)
	write(t, file, "first\n")
	write(t, file, "second\n")
	if got := read(t, path); got != "first\nsecond\n" {
		t.Errorf("%q", got)
	}
}
