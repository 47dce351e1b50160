package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/vmihailenco/msgpack/v5"
)

// stream is what a server says on one connection.
type stream struct {
	checker   *checker
	operation string
	msgpack   bool
	pending   []byte // what has come of the next line or frame
	message   []byte // what has come of the next message
}

func newStream(c *checker, r *http.Request) *stream {
	return &stream{checker: c, operation: "STREAM " + r.URL.Path, msgpack: r.Header.Get("Content-Type") == "application/msgpack"}
}

// check takes one message, which nobody changes afterwards.
func (s *stream) check(content []byte) {
	s.checker.do(func() { s.checkOne(content) })
}

func (s *stream) checkOne(content []byte) {
	switch {
	case s.operation == "STREAM /stream":
		s.checkTrading(content)
	case s.operation == "STREAM /v2/events/trades":
		s.against("event", content)
	case s.operation == "STREAM /v2beta1/events/activities":
		s.against("activity", content)
	default:
		s.checkData(content)
	}
}

func (s *stream) against(kind string, content []byte) {
	operation := s.operation + " " + kind
	s.checker.fail(operation, s.checker.documents.against(operation, "streams.json#/$defs/"+kind, content)...)
}

// checkTrading takes {"stream": name, "data": ...}.
func (s *stream) checkTrading(content []byte) {
	if s.msgpack {
		var value any
		if err := msgpack.Unmarshal(content, &value); err != nil {
			s.checker.fail(s.operation, "not msgpack: "+err.Error())
			return
		}
		content, _ = json.Marshal(value)
	}
	var said struct {
		Stream string `json:"stream"`
	}
	if err := json.Unmarshal(content, &said); err != nil {
		s.checker.fail(s.operation, "not JSON: "+err.Error())
		return
	}
	s.against("trading_"+said.Stream, content)
}

// checkData takes an array of messages, which holds exactly one where it is not about prices: the Go
// SDK refuses others (RULES section 8.1).
func (s *stream) checkData(content []byte) {
	var messages []json.RawMessage
	var err error
	if s.msgpack {
		messages, err = fromMsgpack(content)
	} else {
		err = json.Unmarshal(content, &messages)
	}
	if err != nil {
		s.checker.fail(s.operation, err.Error())
		return
	}
	for _, one := range messages {
		var fields map[string]any // a struct would take "t" for "T"
		if err := json.Unmarshal(one, &fields); err != nil {
			s.checker.fail(s.operation, err.Error())
			continue
		}
		kind, _ := fields["T"].(string)
		if len(kind) > 1 && len(messages) != 1 {
			s.checker.fail(s.operation, kind+" is not alone in its array")
		}
		s.against("data_"+kind, one)
	}
}

// fromMsgpack reads an array of maps, each of which begins with the key T. Its times must be
// timestamps of msgpack, which become JSON's; texts in their place become no time at all.
func fromMsgpack(content []byte) (messages []json.RawMessage, err error) {
	decoder := msgpack.NewDecoder(bytes.NewReader(content))
	count, err := decoder.DecodeArrayLen()
	for range max(0, count) {
		var one json.RawMessage
		if one, err = messageFrom(decoder); err != nil {
			break
		}
		messages = append(messages, one)
	}
	return messages, err
}

func messageFrom(decoder *msgpack.Decoder) (json.RawMessage, error) {
	size, err := decoder.DecodeMapLen()
	if err != nil {
		return nil, err
	}
	fields := map[string]any{}
	for i := range size {
		name, err := decoder.DecodeString()
		if err != nil {
			return nil, err
		}
		if i == 0 && name != "T" {
			return nil, fmt.Errorf("the first key is %s, not T", name)
		}
		if fields[name], err = decoder.DecodeInterface(); err != nil {
			return nil, err
		}
		if _, isTime := fields[name].(time.Time); name == "t" && !isTime {
			return nil, fmt.Errorf("t is %T, not a timestamp", fields[name])
		}
	}
	return json.Marshal(fields)
}
