package secret

import (
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// The labels under which keys are derived. One label, one purpose, for ever.
const (
	labelWrapping = "data-key wrapping/v1"
	labelKeyID    = "key id/v1"
	labelMarks    = "marks/v1"
	// AuditLabel derives the key of the audit chain from the ENCRYPTION_KEY (Keyring.Derive).
	AuditLabel = "audit chain/v1"
	// ThrottleLabel derives the key under which names are kept that somebody tried to sign in with
	// (Keyring.Derive).
	ThrottleLabel = "sign-in throttle/v1"
	// SessionLabel derives the key of session tokens from the SECRET_KEY (DeriveKey).
	SessionLabel = "session/v1"
)

// Keyring is made from the ENCRYPTION_KEY. It wraps one data key for each user and derives the
// keys of other purposes; it seals no value itself. It is safe for concurrent use.
type Keyring struct {
	root     []byte
	wrapping sealer
}

// NewKeyring reads the ENCRYPTION_KEY; see ParseKey for its forms and its error.
func NewKeyring(encryptionKey Text) (*Keyring, error) {
	root, err := ParseKey(encryptionKey)
	if err != nil {
		return nil, err
	}
	wrapping, err := newSealer(derive(root, labelWrapping))
	if err != nil {
		return nil, fmt.Errorf("make wrapping key: %w", err)
	}
	return &Keyring{root, wrapping}, nil
}

// String keeps the keys out of logs.
func (k *Keyring) String() string { return redacted }

// GoString keeps the keys out of logs.
func (k *Keyring) GoString() string { return redacted }

// Derive returns the 256-bit key for the purpose that label names.
func (k *Keyring) Derive(label string) []byte { return derive(k.root, label) }

// NewDataKey makes a random data key for the user and returns it wrapped: bound to the user, so
// that it opens for nobody else.
func (k *Keyring) NewDataKey(userID string) []byte {
	return k.wrapping.seal(randomKey(), dataKeyPlace(userID))
}

// Unwrap opens the user's wrapped data key. It fails for a key of another user, a damaged one and
// one wrapped under another ENCRYPTION_KEY.
func (k *Keyring) Unwrap(userID string, wrapped []byte) (*DataKey, error) {
	key, err := k.wrapping.open(wrapped, dataKeyPlace(userID))
	if err != nil {
		return nil, fault.Because(err, fault.Internal, "The stored keys of this user cannot be opened. Check that ENCRYPTION_KEY is the one they were stored under.")
	}
	values, err := newSealer(key)
	if err != nil {
		return nil, fmt.Errorf("make data key: %w", err)
	}
	return &DataKey{values, derive(key, labelMarks)}, nil
}

func dataKeyPlace(userID string) []byte { return associate("data key", userID) }

const canaryText = "alpaca-trader canary"

// NewCanary returns a value to keep in the database, by which a wrong ENCRYPTION_KEY is noticed.
func (k *Keyring) NewCanary() []byte {
	return k.wrapping.seal([]byte(canaryText), associate("canary"))
}

// CheckCanary returns nil when the canary was made under this ENCRYPTION_KEY, a fault otherwise.
func (k *Keyring) CheckCanary(canary []byte) error {
	if text, err := k.wrapping.open(canary, associate("canary")); err != nil || string(text) != canaryText {
		return fault.New(fault.Invalid, "The ENCRYPTION_KEY does not fit this database. Start with the key that it was made with, or with another DATABASE_URL. Nothing was changed.")
	}
	return nil
}
