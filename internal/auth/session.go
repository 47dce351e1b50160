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
	SessionID        = "id"    // names the session, opens nothing, and stays when the token changes
	SessionEpoch     = "epoch" // int64: User.SessionEpoch at the sign-in
	SessionBegan     = "began" // int64: Unix time of the sign-in
)

// Session is what a user may see of a session.
type Session struct {
	ID        string
	Address   string
	UserAgent string
	CreatedAt time.Time // of the sign-in
	SeenAt    time.Time
	ExpiresAt time.Time
}

// SessionFacts are what the store may know of a session's content.
type SessionFacts struct {
	UserID, Address, UserAgent, ID string
	Began                          time.Time // zero: not known
}

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
	facts := SessionFacts{UserID: text(SessionUser), Address: text(SessionAddress), UserAgent: text(SessionUserAgent), ID: text(SessionID)}
	if began, ok := session.Values[SessionBegan].(int64); ok {
		facts.Began = time.Unix(began, 0).UTC()
	}
	return facts
}
