package audit

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"time"
)

// Link is an entry bound to the one before it.
type Link struct {
	Entry
	PreviousHash []byte // empty for the first entry
	Hash         []byte // 32 bytes
}

// Chain binds the entry to the hash before it: Hash is the HMAC-SHA256 under key of the previous
// hash and the entry's canonical form. Whoever lacks the key can neither change an entry nor write
// a new one unnoticed.
func Chain(key, previousHash []byte, entry Entry) (Link, error) {
	canonical, err := Canonical(entry)
	if err != nil {
		return Link{}, err
	}
	return Link{Entry: entry, PreviousHash: bytes.Clone(previousHash), Hash: newBinder(key).bind(nil, previousHash, canonical)}, nil
}

// binder computes the hashes of a chain under one key. It is not safe for concurrent use.
type binder struct{ mac hash.Hash }

func newBinder(key []byte) binder { return binder{hmac.New(sha256.New, key)} }

// bind appends the hash of the previous hash and the canonical entry, each after its length in
// eight bytes, to target.
func (b binder) bind(target, previousHash, canonical []byte) []byte {
	b.mac.Reset()
	var length [8]byte
	for _, part := range [][]byte{previousHash, canonical} {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		b.mac.Write(length[:])
		b.mac.Write(part)
	}
	return b.mac.Sum(target)
}

// Canonical returns the one JSON form of the entry: fields in a fixed order, times in UTC with
// microseconds, details as CanonicalDetails.
func Canonical(entry Entry) ([]byte, error) {
	details, err := CanonicalDetails(entry.Details)
	if err != nil {
		return nil, err
	}
	return appendCanonical(nil, &Record{Entry: entry, DetailsText: details}), nil
}

// CanonicalDetails returns the details as JSON with sorted keys and no spaces; {} for none.
// ParseDetails turns it back into details that give the same bytes again.
func CanonicalDetails(details map[string]any) (json.RawMessage, error) {
	if len(details) == 0 {
		return json.RawMessage("{}"), nil
	}
	text, err := json.Marshal(details)
	if err != nil {
		return nil, fmt.Errorf("encode audit details: %w", err)
	}
	plain, err := ParseDetails(text)
	if err != nil {
		return nil, err
	}
	return json.Marshal(plain)
}

// ParseDetails reads details from JSON; numbers keep their digits.
func ParseDetails(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var details map[string]any
	if err := decoder.Decode(&details); err != nil {
		return nil, fmt.Errorf("decode audit details: %w", err)
	}
	return details, nil
}

// Normal returns the entry as it comes back from a store: the time in UTC microseconds, the user
// agent at most 200 characters long, and text that is valid UTF-8 without NUL.
func Normal(entry Entry) Entry {
	entry.At = entry.At.UTC().Truncate(time.Microsecond)
	for _, text := range []*string{&entry.ActorName, &entry.Address, &entry.UserAgent, &entry.Target} {
		*text = printable(*text)
	}
	entry.UserAgent = firstCharacters(entry.UserAgent, longestUserAgent)
	return entry
}

const longestUserAgent = 200

func printable(text string) string {
	valid := bytes.ToValidUTF8([]byte(text), []byte("\uFFFD"))
	return string(bytes.ReplaceAll(valid, []byte{0}, []byte("\uFFFD")))
}

func firstCharacters(text string, limit int) string {
	characters := []rune(text)
	return string(characters[:min(limit, len(characters))])
}

// Verify returns the sequence number of the first link that does not fit the ones before it, and
// why; zero when all fit. The links are given oldest first, from the first entry on.
func Verify(key []byte, links []Link) (broken int64, problem string) {
	var previous []byte
	for i, link := range links {
		want := int64(i + 1)
		switch expected, err := Chain(key, previous, link.Entry); {
		case link.Sequence != want:
			return want, fmt.Sprintf("entry %d is missing; entry %d stands in its place", want, link.Sequence)
		case !bytes.Equal(link.PreviousHash, previous):
			return want, fmt.Sprintf("entry %d does not follow the entry before it", want)
		case err != nil || !hmac.Equal(expected.Hash, link.Hash):
			return want, fmt.Sprintf("entry %d was changed", want)
		}
		previous = link.Hash
	}
	return 0, ""
}
