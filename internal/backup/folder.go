package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Folder is a shelf in the file system. Its files are for their owner alone.
type Folder struct{ Path string }

// Shown is the folder's path.
func (f Folder) Shown() string { return f.Path }

// partial is the ending of a file that is being written.
const partial = ".partial"

// Put writes beside the final name, waits for the disk, and then gives the file its name.
func (f Folder) Put(_ context.Context, name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(f.Path, 0o700); err != nil {
		return f.explain(err)
	}
	path := filepath.Join(f.Path, name)
	file, err := os.OpenFile(path+partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return f.explain(err)
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(path+partial, path)
	}
	if err != nil {
		return errors.Join(f.explain(err), os.Remove(path+partial))
	}
	return f.syncFolder()
}

func (f Folder) syncFolder() error {
	folder, err := os.Open(f.Path)
	if err != nil {
		return f.explain(err)
	}
	return f.explain(errors.Join(folder.Sync(), folder.Close()))
}

// explain gives an error of the file system its meaning; faults pass through.
func (f Folder) explain(err error) error {
	var known *fault.Error
	var broken *fs.PathError
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.Because(err, fault.Unavailable, "The disk of the backup folder %s is full. There is no new backup; the older ones are as they were.", f.Path)
	case errors.Is(err, fs.ErrPermission):
		return fault.Because(err, fault.Unavailable, "The backup folder %s may not be written by this user. Give the right to it, or name another in BACKUP_TO.", f.Path)
	case errors.As(err, &broken):
		return fault.Because(err, fault.Unavailable, "The backup folder %s cannot be used. Name one that can be written in BACKUP_TO.", f.Path)
	}
	return err
}

// Get opens the file. A path that is not only a name is taken as it stands, so that a backup can
// be restored from anywhere.
func (f Folder) Get(_ context.Context, name string) (io.ReadCloser, error) {
	path := name
	if filepath.Base(name) == name {
		path = filepath.Join(f.Path, name)
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Because(err, fault.NotFound, "There is no backup %s. `alpaca-trader backup list` shows those that are there.", path)
	}
	if err != nil {
		return nil, fault.Because(err, fault.Unavailable, "The backup %s cannot be read.", path)
	}
	return file, nil
}

// List reads the folder; one that does not exist has no backups.
func (f Folder) List(context.Context) ([]Kept, error) {
	entries, err := os.ReadDir(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, f.explain(err)
	}
	var list []Kept
	for _, entry := range entries {
		kept, ok := parseName(entry.Name())
		if !ok {
			continue
		}
		if info, err := entry.Info(); err == nil { // gone meanwhile otherwise
			kept.Size = info.Size()
			list = append(list, kept)
		}
	}
	return list, nil
}

// Delete removes the file.
func (f Folder) Delete(_ context.Context, name string) error {
	if err := os.Remove(filepath.Join(f.Path, filepath.Base(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.explain(err)
	}
	return nil
}
