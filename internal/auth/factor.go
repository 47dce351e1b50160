package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Method is a way to show who one is.
type Method string

// The methods.
const (
	ByPassword     Method = "password"
	ByTOTP         Method = "totp"
	ByRecoveryCode Method = "recovery_code"
	ByPasskey      Method = "passkey"
)

// Factors are the second factors that a user has.
type Factors struct {
	TOTP          bool // set up and enabled
	Passkeys      int
	RecoveryCodes int // that are left
}

// Required reports whether the password alone does not suffice. Recovery codes only stand in for
// another factor.
func (f Factors) Required() bool { return f.TOTP || f.Passkeys > 0 }

// SecondStep lists the methods that complete a sign-in after the password; none when the password
// suffices.
func (f Factors) SecondStep() []Method {
	var methods []Method
	if f.TOTP {
		methods = append(methods, ByTOTP)
	}
	if f.Required() && f.RecoveryCodes > 0 {
		methods = append(methods, ByRecoveryCode)
	}
	if f.Passkeys > 0 {
		methods = append(methods, ByPasskey)
	}
	return methods
}

// StepUp lists the methods that count as a fresh factor: who has a second factor must show that one.
func (f Factors) StepUp() []Method {
	if !f.Required() {
		return []Method{ByPassword}
	}
	var methods []Method
	for _, method := range f.SecondStep() {
		if method != ByRecoveryCode {
			methods = append(methods, method)
		}
	}
	return methods
}

// TOTPSecret is a user's TOTP secret as it is kept.
type TOTPSecret struct {
	ID      string // UUID, bound into the seal
	UserID  string
	Sealed  []byte
	Enabled bool // not yet while it is being set up
}

// A pending sign-in lasts PendingFor and takes at most PendingTries wrong codes.
const (
	PendingFor   = 5 * time.Minute
	PendingTries = 5
)

// PendingSignIn is a sign-in whose password was right and that waits for its second factor.
type PendingSignIn struct {
	ID           string // random; the browser's session keeps it
	UserID       string
	SessionEpoch int64 // of the user when the password was checked
	Remember     bool
	ExpiresAt    time.Time
}

// CompletedSignIn is what the store records when every factor that is needed was shown.
type CompletedSignIn struct {
	UserID       string
	SessionEpoch int64 // of the user when the factors were checked; a later one refuses the sign-in
	At           time.Time
	Pending      string // the pending sign-in that this completes; empty: none was needed
	DeviceHash   string // the browser is known from now on
	DeviceUntil  time.Time
	Attempts     []Attempt // their failures are forgotten
}

// KnownDeviceFor is how long a browser is known after a sign-in.
const KnownDeviceFor = 365 * 24 * time.Hour

// NewToken returns 256 random bits as text.
func NewToken() string {
	bits := make([]byte, sha256.Size)
	_, _ = rand.Read(bits) // crypto/rand.Read never fails
	return base64.RawURLEncoding.EncodeToString(bits)
}

// DeviceHash is the form of a known device's token at rest; empty for no token. The token is random
// and long, so that one SHA-256 hides it.
func DeviceHash(token secret.Text) string {
	if token.IsEmpty() {
		return ""
	}
	sum := sha256.Sum256([]byte(token.Reveal()))
	return hex.EncodeToString(sum[:])
}
