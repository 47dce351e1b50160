// Package logfile writes a log to a file that does not grow without bound: full, it becomes NAME.1,
// the one before NAME.2, and so on, and the oldest goes.
package logfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// File is an open log file. It is safe for concurrent use by one process; two processes need two
// names.
type File struct {
	path string
	most int64
	keep int

	mu   sync.Mutex
	file *os.File
	size int64
}

// Open opens the file, and makes it and its folder where they are missing, for their owner alone.
// A file holds at most the given bytes, except for one entry that is longer; keep is how many full
// ones stay.
func Open(path string, most int64, keep int) (*File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make folder of log: %w", err)
	}
	f := &File{path: path, most: most, keep: keep}
	return f, f.open()
}

func (f *File) open() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // the first error counts
		return fmt.Errorf("look at log: %w", err)
	}
	f.file, f.size = file, info.Size()
	return nil
}

// Write appends one entry, whole, to one file. When a full file cannot be put aside, it grows on:
// an entry is worth more than the bound.
func (f *File) Write(entry []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return 0, fs.ErrClosed
	}
	if f.size > 0 && f.size+int64(len(entry)) > f.most {
		f.rotate()
	}
	n, err := f.file.Write(entry)
	f.size += int64(n)
	return n, err
}

// rotate puts the file aside and begins another, or leaves everything as it is.
func (f *File) rotate() {
	_ = os.Remove(f.numbered(f.keep))
	for number := f.keep - 1; number > 0; number-- {
		_ = os.Rename(f.numbered(number), f.numbered(number+1)) // there may be none yet
	}
	if err := os.Rename(f.path, f.numbered(1)); err != nil {
		return
	}
	full := f.file
	if err := f.open(); err != nil {
		return // the full one is still open
	}
	_ = full.Close() // every entry is with the system already
}

func (f *File) numbered(number int) string { return fmt.Sprintf("%s.%d", f.path, number) }

// Close closes the file; calling it again does nothing.
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
}
