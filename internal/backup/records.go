package backup

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// Records: a table is 'T', its name and its columns' names; each row 'R' and a value for each
// column; then 'E' and the number of rows. 'Z' and the number of tables end the backup. A value is
// a byte for its kind and what follows from it; lengths and counts are unsigned varints, numbers
// signed ones.
const (
	recordTable = 'T'
	recordRow   = 'R'
	recordEnd   = 'E'
	recordLast  = 'Z'

	valueNull  = 0
	valueInt   = 1
	valueFloat = 2
	valueText  = 3
	valueBytes = 4
	valueFalse = 5
	valueTrue  = 6

	longestValue = 1 << 30 // bytes
	mostColumns  = 1 << 10
)

// encoder writes records.
type encoder struct {
	to     io.Writer
	buffer []byte
}

func (e *encoder) flush() error {
	_, err := e.to.Write(e.buffer)
	e.buffer = e.buffer[:0]
	return err
}

func (e *encoder) text(text string) {
	e.buffer = binary.AppendUvarint(e.buffer, uint64(len(text)))
	e.buffer = append(e.buffer, text...)
}

func (e *encoder) table(name string, columns []string) error {
	e.buffer = append(e.buffer, recordTable)
	e.text(name)
	e.buffer = binary.AppendUvarint(e.buffer, uint64(len(columns)))
	for _, column := range columns {
		e.text(column)
	}
	return e.flush()
}

func (e *encoder) row(values []any) error {
	e.buffer = append(e.buffer, recordRow)
	for _, value := range values {
		switch v := value.(type) {
		case nil:
			e.buffer = append(e.buffer, valueNull)
		case int64:
			e.buffer = binary.AppendVarint(append(e.buffer, valueInt), v)
		case float64:
			e.buffer = binary.BigEndian.AppendUint64(append(e.buffer, valueFloat), math.Float64bits(v))
		case string:
			e.buffer = append(e.buffer, valueText)
			e.text(v)
		case []byte:
			e.buffer = append(e.buffer, valueBytes)
			e.text(string(v))
		case bool:
			kind := byte(valueFalse)
			if v {
				kind = valueTrue
			}
			e.buffer = append(e.buffer, kind)
		}
	}
	return e.flush()
}

func (e *encoder) end(record byte, count int64) error {
	e.buffer = binary.AppendUvarint(append(e.buffer, record), uint64(count))
	return e.flush()
}

var errRecord = errors.New("a record that does not belong there")

// decoder reads records.
type decoder struct{ from *bufio.Reader }

func (d decoder) count(most uint64) (int, error) {
	count, err := binary.ReadUvarint(d.from)
	if err == nil && count > most {
		err = errRecord
	}
	return int(count), err
}

func (d decoder) bytes() ([]byte, error) {
	length, err := d.count(longestValue)
	if err != nil {
		return nil, err
	}
	if length <= blockSize {
		text := make([]byte, length)
		_, err = io.ReadFull(d.from, text)
		return text, err
	}
	text, err := io.ReadAll(io.LimitReader(d.from, int64(length))) // grows with what is there, not with what is said
	if err == nil && len(text) < length {
		err = io.ErrUnexpectedEOF
	}
	return text, err
}

// table reads the next table's name and columns; no name after the last one.
func (d decoder) table() (name string, columns []string, count int, err error) {
	record, err := d.from.ReadByte()
	if err != nil {
		return "", nil, 0, err
	}
	if record == recordLast {
		count, err = d.count(math.MaxInt32)
		return "", nil, count, err
	}
	if record != recordTable {
		return "", nil, 0, errRecord
	}
	text, err := d.bytes()
	if err != nil {
		return "", nil, 0, err
	}
	width, err := d.count(mostColumns)
	if err != nil {
		return "", nil, 0, err
	}
	for range width {
		column, err := d.bytes()
		if err != nil {
			return "", nil, 0, err
		}
		columns = append(columns, string(column))
	}
	return string(text), columns, 0, nil
}

// row reads the next row into values; false at the table's end, which must have said count rows.
func (d decoder) row(values []any, count int64) (bool, error) {
	record, err := d.from.ReadByte()
	if err != nil {
		return false, err
	}
	if record == recordEnd {
		said, err := binary.ReadUvarint(d.from)
		if err == nil && said != uint64(count) {
			err = errRecord
		}
		return false, err
	}
	if record != recordRow {
		return false, errRecord
	}
	for i := range values {
		if values[i], err = d.value(); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (d decoder) value() (any, error) {
	kind, err := d.from.ReadByte()
	if err != nil {
		return nil, err
	}
	switch kind {
	case valueNull:
		return nil, nil
	case valueInt:
		return binary.ReadVarint(d.from)
	case valueFloat:
		var bits [8]byte
		_, err := io.ReadFull(d.from, bits[:])
		return math.Float64frombits(binary.BigEndian.Uint64(bits[:])), err
	case valueText:
		text, err := d.bytes()
		return string(text), err
	case valueBytes:
		return d.bytes()
	case valueFalse, valueTrue:
		return kind == valueTrue, nil
	}
	return nil, errRecord
}
