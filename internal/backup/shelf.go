package backup

import (
	"context"
	"io"
	"strings"
	"time"
)

// Shelf is where backups are kept: a folder or a bucket.
type Shelf interface {
	// Put keeps what write writes under the name: whole, or nothing at all when it fails.
	Put(ctx context.Context, name string, write func(io.Writer) error) error
	// Get opens the backup of the name; a fault of kind NotFound when there is none.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// List returns all backups in no order. What has another name than a backup is left out.
	List(ctx context.Context) ([]Kept, error)
	Delete(ctx context.Context, name string) error
	// Shown names the shelf for people.
	Shown() string
}

// Kept is a backup on a shelf, as its name tells.
type Kept struct {
	Name         string
	Installation string // the beginning of its id
	At           time.Time
	Size         int64
}

const (
	namePrefix = "alpaca-trader-"
	nameEnding = ".backup"
	nameTime   = "20060102T150405Z"
	idPart     = 8 // characters of the installation's id in a name
)

// nameOf is the name of a backup: installation, time, and the beginning of its own id.
func nameOf(head Head) string {
	return namePrefix + head.Installation[:min(idPart, len(head.Installation))] + "-" + head.At.UTC().Format(nameTime) + "-" + head.ID[:min(idPart, len(head.ID))] + nameEnding
}

// parseName reads a name that nameOf made; false for any other.
func parseName(name string) (Kept, bool) {
	middle, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return Kept{}, false
	}
	if middle, ok = strings.CutSuffix(middle, nameEnding); !ok {
		return Kept{}, false
	}
	parts := strings.Split(middle, "-")
	if len(parts) != 3 {
		return Kept{}, false
	}
	at, err := time.Parse(nameTime, parts[1])
	return Kept{Name: name, Installation: parts[0], At: at}, err == nil
}
