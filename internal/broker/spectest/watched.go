package spectest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"net/http"
)

// watched remembers an answer as it passes. What a stream says is checked message by message.
type watched struct {
	http.ResponseWriter
	checker *checker
	request *http.Request
	status  int
	kind    string // its Content-Type
	body    bytes.Buffer
	stream  *stream // nil: an answer with an end
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status, w.kind = status, w.Header().Get("Content-Type")
	}
	if w.Header().Get("Content-Type") == "text/event-stream" && status == http.StatusOK {
		w.stream = newStream(w.checker, w.request)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(content []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if w.stream != nil {
		w.stream.lines(content)
	} else {
		w.body.Write(content)
	}
	return w.ResponseWriter.Write(content)
}

// Unwrap lets http.NewResponseController reach the rest.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack gives the connection to a WebSocket, whose frames are read as they are sent.
func (w *watched) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.stream = newStream(w.checker, w.request)
	tapped := &tap{Conn: conn, stream: w.stream}
	return tapped, bufio.NewReadWriter(buffered.Reader, bufio.NewWriter(tapped)), nil
}

// tap is a connection on which a server's frames are read.
type tap struct {
	net.Conn
	stream *stream
}

func (t *tap) Write(content []byte) (int, error) {
	t.stream.frames(content)
	return t.Conn.Write(content)
}

// lines takes a piece of an event stream: "data: " and JSON in a line, or a comment.
func (s *stream) lines(content []byte) {
	s.pending = append(s.pending, content...)
	for {
		line, rest, whole := bytes.Cut(s.pending, []byte("\n"))
		if !whole {
			return
		}
		if event, isData := bytes.CutPrefix(line, []byte("data: ")); isData {
			s.check(event)
		} else if len(line) > 0 && line[0] != ':' {
			s.checker.fail(s.operation, "a line that is neither data nor a comment")
		}
		s.pending = bytes.Clone(rest)
	}
}

// frames takes a piece of a WebSocket from the server, whose frames are neither masked nor compressed (RFC 6455, 5.2).
func (s *stream) frames(content []byte) {
	s.pending = append(s.pending, content...)
	for {
		header, length := frameHeader(s.pending)
		if header == 0 || len(s.pending) < header+length {
			return
		}
		first, payload := s.pending[0], s.pending[header:header+length]
		if control := first & 0x08; control == 0 {
			s.message = append(s.message, payload...)
			if final := first & 0x80; final != 0 {
				s.check(s.message)
				s.message = nil
			}
		}
		s.pending = bytes.Clone(s.pending[header+length:])
	}
}

// frameHeader is how long the header and the payload of the first frame are; no header: too little has come.
func frameHeader(content []byte) (header, length int) {
	if len(content) < 2 {
		return 0, 0
	}
	switch length = int(content[1] & 0x7f); {
	case length < 126:
		return 2, length
	case length == 126 && len(content) >= 4:
		return 4, int(binary.BigEndian.Uint16(content[2:]))
	case length == 127 && len(content) >= 10:
		return 10, int(binary.BigEndian.Uint64(content[2:]))
	default:
		return 0, 0
	}
}
