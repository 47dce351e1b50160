package auth

import (
	"bytes"
	"encoding/gob"
	"time"
)

// The names under which a session holds whose it is, as strings. The store reads them so that a
// user's sessions can be listed and ended.
const (
	SessionUser      = "user" // user id
	SessionAddress   = "address"
	SessionUserAgent = "user_agent"
)

// SessionFacts are what the store may know of a session's content.
type SessionFacts struct{ UserID, Address, UserAgent string }

// SessionFactsOf reads the facts from a session's data as scs writes it (its GobCodec: a struct of
// a deadline and values). What is not there, or cannot be read, stays empty.
func SessionFactsOf(data []byte) SessionFacts {
	var session struct {
		Deadline time.Time
		Values   map[string]any
	}
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&session); err != nil {
		return SessionFacts{}
	}
	text := func(name string) string {
		value, _ := session.Values[name].(string)
		return value
	}
	return SessionFacts{text(SessionUser), text(SessionAddress), text(SessionUserAgent)}
}
