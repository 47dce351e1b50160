package sim

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// message is one message of the market data stream: its fields in the order in which they are
// sent. The kind "T" comes first, because Alpaca's Go SDK reads it there (RULES 8.1).
type message []field

type field struct {
	name  string
	value any // string, float64, int, uint64, []string or time.Time
}

// MarshalJSON writes an object with its fields in order.
func (m message) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	for i, f := range m {
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		opening := `,"`
		if i == 0 {
			opening = `{"`
		}
		out.WriteString(opening + f.name + `":`) // our own names need no escapes
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// EncodeMsgpack writes a map with its fields in order; times are the extension type -1.
func (m message) EncodeMsgpack(encoder *msgpack.Encoder) error {
	if err := encoder.EncodeMapLen(len(m)); err != nil {
		return err
	}
	for _, f := range m {
		if err := encoder.EncodeString(f.name); err != nil {
			return err
		}
		if err := encodeValue(encoder, f.value); err != nil {
			return err
		}
	}
	return nil
}

func encodeValue(encoder *msgpack.Encoder, value any) error {
	switch value := value.(type) {
	case float64:
		return encoder.EncodeFloat64(value)
	case uint64:
		return encoder.EncodeUint(value)
	case int:
		return encoder.EncodeInt(int64(value))
	case time.Time:
		return encoder.EncodeTime(value)
	default:
		return encoder.Encode(value)
	}
}

// codec is how a connection spells its messages, by the Content-Type of its handshake.
type codec struct{ msgpack bool }

func codecOf(contentType string) codec { return codec{msgpack: contentType == "application/msgpack"} }

// encode spells any value that both encoders know.
func (c codec) encode(value any) ([]byte, error) {
	if c.msgpack {
		return msgpack.Marshal(value)
	}
	return json.Marshal(value)
}

func (c codec) decode(content []byte, into any) error {
	if c.msgpack {
		return msgpack.Unmarshal(content, into)
	}
	return json.Unmarshal(content, into)
}

// inWords is a value of plain maps and slices with JSON's names, for msgpack of types that only
// know JSON.
func inWords(value any) (any, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var plain any
	err = json.Unmarshal(encoded, &plain)
	return plain, err
}
