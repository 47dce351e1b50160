package secret

import (
	"bytes"
	"fmt"
	"sync/atomic"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// The labels under which keys are derived. One label, one purpose, for ever.
const (
	labelWrapping = "data-key wrapping/v1"
	labelKeyID    = "key id/v1"
	labelMarks    = "marks/v1"
	// AuditLabel derives the key of the audit chain (Keyring.Derive).
	AuditLabel = "audit chain/v1"
	// ThrottleLabel derives the key under which names are kept that somebody tried to sign in with
	// (Keyring.Derive).
	ThrottleLabel = "sign-in throttle/v1"
	// SessionLabel derives the key of session tokens from the SECRET_KEY (DeriveKey).
	SessionLabel = "session/v1"
)

// Keyring is made from the ENCRYPTION_KEY. It wraps one data key for each user and one key for the
// installation, from which the keys of other purposes are derived; it seals no value itself. Of
// several ENCRYPTION_KEYs one writes and all open what was written under them. It is safe for
// concurrent use.
type Keyring struct {
	writing      wrapper
	reading      []wrapper              // writing first
	installation atomic.Pointer[[]byte] // nil until UseInstallationKey
}

// wrapper is one ENCRYPTION_KEY.
type wrapper struct {
	sealer
	root []byte
}

// NewKeyring reads the ENCRYPTION_KEY, which writes, and earlier ones, which still open; see
// ParseKey for their forms and the error.
func NewKeyring(encryptionKey Text, earlier ...Text) (*Keyring, error) {
	k := &Keyring{}
	for _, text := range append([]Text{encryptionKey}, earlier...) {
		root, err := ParseKey(text)
		if err != nil {
			return nil, err
		}
		if err := k.add(root); err != nil {
			return nil, err
		}
	}
	k.writing = k.reading[0]
	return k, nil
}

func (k *Keyring) add(root []byte) error {
	wrapping, err := newSealer(derive(root, labelWrapping))
	if err != nil {
		return fmt.Errorf("make wrapping key: %w", err)
	}
	if known := k.reader(wrapping.head); known != nil {
		if !bytes.Equal(known.root, root) { // one chance in 2^32
			return fault.New(fault.Invalid, "Two ENCRYPTION_KEYs have the same id by chance. Make another with `alpaca-trader keys generate`.")
		}
		return nil
	}
	k.reading = append(k.reading, wrapper{wrapping, root})
	return nil
}

// reader returns the key that sealed the bytes, nil when it is not on the ring.
func (k *Keyring) reader(sealed []byte) *wrapper {
	for i := range k.reading {
		if bytes.HasPrefix(sealed, k.reading[i].head) {
			return &k.reading[i]
		}
	}
	return nil
}

func (k *Keyring) open(sealed, place []byte) ([]byte, error) {
	if len(sealed) < headSize || sealed[0] != sealFormat {
		return nil, errFormat
	}
	key := k.reader(sealed)
	if key == nil {
		return nil, errOtherKey
	}
	return key.open(sealed, place)
}

// String keeps the keys out of logs.
func (k *Keyring) String() string { return redacted }

// GoString keeps the keys out of logs.
func (k *Keyring) GoString() string { return redacted }

// Stamp is how everything begins that the writing key has sealed; it is no secret.
func (k *Keyring) Stamp() []byte { return bytes.Clone(k.writing.head) }

// Stamps are the beginnings of everything that this keyring can open, the writing key's first.
func (k *Keyring) Stamps() [][]byte {
	stamps := make([][]byte, len(k.reading))
	for i, key := range k.reading {
		stamps[i] = bytes.Clone(key.head)
	}
	return stamps
}

// StampOf is how the sealed bytes begin.
func StampOf(sealed []byte) []byte { return sealed[:min(len(sealed), headSize)] }

// StampSize is the length of a stamp.
const StampSize = headSize

// NewDataKey makes a random data key for the user and returns it wrapped: bound to the user, so
// that it opens for nobody else.
func (k *Keyring) NewDataKey(userID string) []byte {
	return k.writing.seal(randomKey(), dataKeyPlace(userID))
}

// Unwrap opens the user's wrapped data key. It fails for a key of another user, a damaged one and
// one wrapped under an ENCRYPTION_KEY that is not on the ring.
func (k *Keyring) Unwrap(userID string, wrapped []byte) (*DataKey, error) {
	key, err := k.openDataKey(userID, wrapped)
	if err != nil {
		return nil, err
	}
	values, err := newSealer(key)
	if err != nil {
		return nil, fmt.Errorf("make data key: %w", err)
	}
	return &DataKey{values, derive(key, labelMarks)}, nil
}

// WrappedKey is a user's data key as it is stored.
type WrappedKey struct {
	UserID  string
	Wrapped []byte
}

// Rewrap returns the user's data key, the same as before, wrapped under the writing key.
func (k *Keyring) Rewrap(userID string, wrapped []byte) ([]byte, error) {
	key, err := k.openDataKey(userID, wrapped)
	if err != nil {
		return nil, err
	}
	return k.writing.seal(key, dataKeyPlace(userID)), nil
}

func (k *Keyring) openDataKey(userID string, wrapped []byte) ([]byte, error) {
	key, err := k.open(wrapped, dataKeyPlace(userID))
	if err != nil {
		return nil, fault.Because(err, fault.Internal, "The stored keys of this user cannot be opened. Check that ENCRYPTION_KEY is the one they were stored under.")
	}
	return key, nil
}

func dataKeyPlace(userID string) []byte { return associate("data key", userID) }
