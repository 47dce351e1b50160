package witness

import (
	"errors"
	"io/fs"
	"os"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// file is the checkpoint file: notes are appended and nothing is ever taken out.
type file struct {
	path string
	size int64 // of the largest checkpoint that is in it
	torn bool  // it ends within a note
}

// read returns the notes of the file; none when there is no file.
func (f *file) read() (audit.Journal, error) {
	if f.path == "" {
		return audit.Journal{}, nil
	}
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return audit.Journal{}, nil
	}
	if err != nil {
		return audit.Journal{}, fault.Because(err, fault.Unavailable, "The checkpoint file %s cannot be read. Make it readable, or name another in AUDIT_CHECKPOINT_FILE.", f.path)
	}
	return audit.ParseJournal(text), nil
}

// newest remembers how far the file goes.
func (f *file) newest(keys audit.Keys, installation string, journal audit.Journal) {
	f.torn = journal.Torn
	for _, text := range journal.Notes {
		if checkpoint, err := keys.OpenCheckpoint(installation, text); err == nil {
			f.size = max(f.size, checkpoint.Size)
		}
	}
}

// append adds the note in one write and waits until it is on the disk.
func (f *file) append(checkpoint audit.Checkpoint) error {
	opened, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	text := audit.FormatJournal(checkpoint.Note)
	if f.torn {
		text = "\n" + text
	}
	_, writeErr := opened.WriteString(text)
	if err := errors.Join(writeErr, opened.Sync(), opened.Close()); err != nil {
		f.torn = true
		return err
	}
	f.torn, f.size = false, checkpoint.Size
	return nil
}
