package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Scope is what an API token may be used for, within what its user's role allows.
type Scope string

// ExpiredTokensKept is how long an API token is listed after it expired.
const ExpiredTokensKept = 30 * 24 * time.Hour

// The scopes. None of them includes another.
const (
	ScopeRead       Scope = "read"        // see the user's own rows
	ScopeTradePaper Scope = "trade:paper" // change what paper accounts do
	ScopeTradeLive  Scope = "trade:live"  // change what live accounts do
)

// AllScopes are all scopes, in the order in which they are shown.
var AllScopes = []Scope{ScopeRead, ScopeTradePaper, ScopeTradeLive}

// permits is the one table of what each scope lets a token do. Self, Accounts and Administer are in
// none.
var permits = map[Scope][]Permission{
	ScopeRead:       {Read},
	ScopeTradePaper: {Write, Trade},
	ScopeTradeLive:  {Write, Trade},
}

func scopesPermit(scopes []Scope, wanted Permission) bool {
	return slices.ContainsFunc(scopes, func(scope Scope) bool { return slices.Contains(permits[scope], wanted) })
}

// TradeScope is the scope that changes what an account of the mode does.
func TradeScope(paper bool) Scope {
	if paper {
		return ScopeTradePaper
	}
	return ScopeTradeLive
}

// ParseScopes returns the scopes once each, in the order of AllScopes; a fault of kind Invalid
// for an unknown one and for none at all.
func ParseScopes(names []string) ([]Scope, error) {
	var scopes []Scope
	for _, scope := range AllScopes {
		if slices.Contains(names, string(scope)) {
			scopes = append(scopes, scope)
		}
	}
	for _, name := range names {
		if !slices.Contains(AllScopes, Scope(name)) {
			return nil, errScopes
		}
	}
	if len(scopes) == 0 {
		return nil, errScopes
	}
	return scopes, nil
}

var errScopes = fault.New(fault.Invalid, "Choose what the token may do: read, trade:paper, trade:live, or several of them.")

// How long API tokens can be used.
const (
	UsualTokenLife   = 90 * 24 * time.Hour
	LongestTokenLife = 365 * 24 * time.Hour
)

// TokenUseExactTo is how exact the last use of a token is known, so that not every request writes.
const TokenUseExactTo = time.Minute

// TokensPerUser is how many API tokens a user can have at the same time.
const TokensPerUser = 50

// TokenCeiling bounds tokens that were given limits of their own: they are for programs that ask
// more often than usual, not for as many requests as the machine can answer.
var TokenCeiling = Rate{600, time.Minute}

// APIToken is what is kept of a token: nothing that opens anything.
type APIToken struct {
	ID         string // 16 characters, the public part of the token's text
	UserID     string
	Name       string
	Hash       []byte // SHA-256 of the whole text; the text has 256 random bits
	Scopes     []Scope
	Rates      Rates // empty: those of the installation
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedAt time.Time // zero: never; exact to TokenUseExactTo
}

// Prefix is the beginning of the token's text by which its owner recognizes it.
func (t APIToken) Prefix() string { return tokenMark + t.ID }

// Limits are the token's own limits under the ceiling; none: those of the installation hold.
func (t APIToken) Limits() Rates {
	if len(t.Rates) == 0 {
		return nil
	}
	return t.Rates.Within(TokenCeiling)
}

// Accepts reports whether the hash is the token's, in a time that does not depend on it, and the
// token has not expired.
func (t APIToken) Accepts(hash []byte, now time.Time) bool {
	return subtle.ConstantTimeCompare(t.Hash, hash) == 1 && now.Before(t.ExpiresAt)
}

// The form of a token: at_ID_SECRETCHECKSUM in base32 without case or padding. Prefix and checksum
// let scanners of leaked secrets tell a token from other text, and a mistyped one be refused
// without asking the database.
const (
	tokenMark      = "at_"
	tokenIDBytes   = 10 // 16 characters
	secretBytes    = 32 // 52 characters
	checksumBytes  = 4  // 7 characters
	tokenIDLength  = 16
	checksumLength = 7
	tokenLength    = len(tokenMark) + tokenIDLength + 1 + 52 + checksumLength
)

const tokenAlphabet = "abcdefghijklmnopqrstuvwxyz234567"

var tokenText = base32.NewEncoding(tokenAlphabet).WithPadding(base32.NoPadding)

// NewTokenText returns a new token's text, to be shown once, with its id and the hash to keep.
func NewTokenText() (id string, text secret.Text, hash []byte) {
	bits := make([]byte, tokenIDBytes+secretBytes)
	_, _ = rand.Read(bits) // crypto/rand.Read never fails
	id = tokenText.EncodeToString(bits[:tokenIDBytes])
	body := tokenMark + id + "_" + tokenText.EncodeToString(bits[tokenIDBytes:])
	text = secret.NewText(body + tokenChecksum(body))
	return id, text, hashToken(text.Reveal())
}

// ReadTokenText returns the id and the hash of a token's text; false when it cannot be a token.
func ReadTokenText(text string) (id string, hash []byte, ok bool) {
	if len(text) != tokenLength || !strings.HasPrefix(text, tokenMark) || text[len(tokenMark)+tokenIDLength] != '_' {
		return "", nil, false
	}
	body, checksum := text[:tokenLength-checksumLength], text[tokenLength-checksumLength:]
	id = text[len(tokenMark) : len(tokenMark)+tokenIDLength]
	if strings.Trim(id, tokenAlphabet) != "" || tokenChecksum(body) != checksum {
		return "", nil, false
	}
	return id, hashToken(text), true
}

func tokenChecksum(body string) string {
	sum := make([]byte, 0, checksumBytes)
	return tokenText.EncodeToString(binary.BigEndian.AppendUint32(sum, crc32.ChecksumIEEE([]byte(body))))
}

func hashToken(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}
