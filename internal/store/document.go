package store

import (
	"bytes"
	"database/sql/driver"
	"encoding/json"
	"fmt"
)

// document is a value at rest as JSON text. Reading refuses keys that the value does not have: a
// setting written by a newer version must not be dropped in silence.
type document[T any] struct{ value T }

// Value writes the JSON.
func (d document[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(d.value)
	if err != nil {
		return nil, fmt.Errorf("write %T: %w", d.value, err)
	}
	return string(text), nil
}

// Scan reads the JSON; what it leaves out is zero.
func (d *document[T]) Scan(stored any) error {
	var text []byte
	switch stored := stored.(type) {
	case string:
		text = []byte(stored)
	case []byte:
		text = stored
	default:
		return fmt.Errorf("%T is stored as %T", d.value, stored)
	}
	read, err := readDocument[T](text)
	if err != nil {
		return err
	}
	d.value = read
	return nil
}

// readDocument reads the JSON of one value, whole and with known keys only.
func readDocument[T any](text []byte) (read T, err error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil {
		return read, fmt.Errorf("read %T: %w", read, err)
	}
	if decoder.More() {
		return read, fmt.Errorf("read %T: something follows it", read)
	}
	return read, nil
}
