package store

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// instant is a time at rest: microseconds since 1970 in UTC; the zero time is NULL.
type instant struct{ time.Time }

func at(t time.Time) instant {
	if t.IsZero() {
		return instant{}
	}
	return instant{t.UTC().Truncate(time.Microsecond)}
}

// Value writes the microseconds.
func (i instant) Value() (driver.Value, error) {
	if i.IsZero() {
		return nil, nil
	}
	return i.UnixMicro(), nil
}

// Scan reads the microseconds.
func (i *instant) Scan(stored any) error {
	switch value := stored.(type) {
	case nil:
		i.Time = time.Time{}
	case int64:
		i.Time = time.UnixMicro(value).UTC()
	default:
		return fmt.Errorf("a time is stored as %T", stored)
	}
	return nil
}

// idList is a list of ids at rest: JSON.
type idList []string

// Value writes the list.
func (l idList) Value() (driver.Value, error) {
	if len(l) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal([]string(l))
	return string(text), err
}

// Scan reads the list; an empty one is nil.
func (l *idList) Scan(stored any) error {
	var text []byte
	switch value := stored.(type) {
	case string:
		text = []byte(value)
	case []byte:
		text = value
	default:
		return fmt.Errorf("a list of ids is stored as %T", stored)
	}
	var ids []string
	if err := json.Unmarshal(text, &ids); err != nil {
		return fmt.Errorf("read a list of ids: %w", err)
	}
	if *l = nil; len(ids) > 0 {
		*l = ids
	}
	return nil
}

// fold gives names and addresses the form in which they compare: without regard to case and to the
// way in which a character is composed.
func fold(text string) string { return cases.Fold().String(norm.NFKC.String(text)) }

func isBrokenConnection(err error) bool {
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}
