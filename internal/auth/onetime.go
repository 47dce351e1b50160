package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// How long one-time links can be used.
const (
	PasswordLinkLife  = 24 * time.Hour
	InviteLife        = 7 * 24 * time.Hour // unless the invite says otherwise
	LongestInviteLife = 90 * 24 * time.Hour
)

// NewLinkSecret returns the 256 random bits of a one-time link as 43 characters that may stand in
// an address, and the hash under which they are kept.
func NewLinkSecret() (shown secret.Text, hash []byte) {
	bits := make([]byte, sha256.Size)
	_, _ = rand.Read(bits) // crypto/rand.Read never fails
	shown = secret.NewText(base64.RawURLEncoding.EncodeToString(bits))
	return shown, HashLinkSecret(shown)
}

// HashLinkSecret is how the secret of a one-time link is kept. The secret is random and long, so
// that one SHA-256 hides it.
func HashLinkSecret(shown secret.Text) []byte {
	sum := sha256.Sum256([]byte(strings.TrimSpace(shown.Reveal())))
	return sum[:]
}

// Invite lets one person register.
type Invite struct {
	ID        string // UUID
	Role      Role   // of who uses it: trader or viewer
	Note      string // what the administrator wants to remember
	CreatedBy string // user name; empty for the command line
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero: not used yet
	UsedBy    string    // user name
}

// Admission is what lets a new user in, checked in the transaction that makes the user.
type Admission struct {
	OnlyFirst  bool         // only while there is no user at all
	InviteHash []byte       // the invite that the user uses up, and whose role it gets; none when empty
	Link       PasswordLink // made together with the user; none when its hash is empty
}

// PasswordLink lets its user set a password once. It ends all of the user's sessions.
type PasswordLink struct {
	UserID    string
	Hash      []byte
	CreatedAt time.Time
	ExpiresAt time.Time
}

// What is said of a link that cannot be used: the same for one that never was, that was used, that
// has expired and that was revoked.
var (
	ErrInvite       = fault.New(fault.Forbidden, "This invite is not valid any more. Ask the administrator for another one.")
	ErrPasswordLink = fault.New(fault.Forbidden, "This link is not valid any more. Ask the administrator for another one.")
)
