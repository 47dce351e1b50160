package audit

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Record is an entry with its place in the chain as a store keeps it: the details stay text.
type Record struct {
	Entry        // without Details
	DetailsText  []byte
	PreviousHash []byte // empty for the first entry
	Hash         []byte // 32 bytes
}

// timeForm is how times are written: UTC with microseconds.
const timeForm = "2006-01-02T15:04:05.000000Z"

// appendCanonical appends what encoding/json would write for the entry, many times faster: a log
// of a million entries is checked in seconds.
func appendCanonical(text []byte, r *Record) []byte {
	text = append(text, `{"sequence":`...)
	text = strconv.AppendInt(text, r.Sequence, 10)
	text = append(text, `,"at":"`...)
	text = r.At.UTC().AppendFormat(text, timeForm)
	text = append(text, '"')
	for _, field := range [...]struct{ name, value string }{
		{`,"actor":`, r.Actor}, {`,"actor_name":`, r.ActorName}, {`,"session":`, r.Session}, {`,"address":`, r.Address},
		{`,"user_agent":`, r.UserAgent}, {`,"action":`, string(r.Action)}, {`,"target":`, r.Target},
	} {
		text = appendString(append(text, field.name...), field.value)
	}
	text = append(text, `,"details":`...)
	text = append(text, r.DetailsText...)
	return append(text, '}')
}

// appendString appends the value as encoding/json writes it.
func appendString(text []byte, value string) []byte {
	for i := range len(value) {
		if !plainCharacter[value[i]] {
			quoted, err := json.Marshal(value)
			if err != nil {
				panic(err) // a string is always written
			}
			return append(text, quoted...)
		}
	}
	text = append(text, '"')
	text = append(text, value...)
	return append(text, '"')
}

// plainCharacter are those that encoding/json writes as they are.
var plainCharacter = func() (plain [256]bool) {
	for c := ' '; c <= '~'; c++ {
		plain[c] = !strings.ContainsRune(`"\<>&`, c)
	}
	return plain
}()

// MarshalJSON writes the entry's canonical form with the two hashes in base64.
func (r Record) MarshalJSON() ([]byte, error) {
	text := appendCanonical(nil, &r)
	text = append(text[:len(text)-1], `,"previous_hash":"`...)
	text = base64.StdEncoding.AppendEncode(text, r.PreviousHash)
	text = append(text, `","hash":"`...)
	text = base64.StdEncoding.AppendEncode(text, r.Hash)
	return append(text, `"}`...), nil
}

// UnmarshalJSON reads what MarshalJSON wrote; it keeps the details as they stand.
func (r *Record) UnmarshalJSON(text []byte) error {
	var read struct {
		Sequence     int64           `json:"sequence"`
		At           time.Time       `json:"at"`
		Actor        string          `json:"actor"`
		ActorName    string          `json:"actor_name"`
		Session      string          `json:"session"`
		Address      string          `json:"address"`
		UserAgent    string          `json:"user_agent"`
		Action       Action          `json:"action"`
		Target       string          `json:"target"`
		Details      json.RawMessage `json:"details"`
		PreviousHash []byte          `json:"previous_hash"`
		Hash         []byte          `json:"hash"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return fmt.Errorf("read audit entry: %w", err)
	}
	*r = Record{
		Entry: Entry{
			Sequence: read.Sequence, At: read.At, Actor: read.Actor, ActorName: read.ActorName, Session: read.Session,
			Address: read.Address, UserAgent: read.UserAgent, Action: read.Action, Target: read.Target,
		},
		DetailsText: read.Details, PreviousHash: read.PreviousHash, Hash: read.Hash,
	}
	return nil
}

// Filter chooses entries; empty fields choose all.
type Filter struct {
	Action   Action
	Actor    string    // id or name
	From, To time.Time // From is in, To is not
	Text     string    // in actor's name, target, address or details, without regard to case
	Before   int64     // entries of lower sequence only
	Limit    int       // at most that many
}
