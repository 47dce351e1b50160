package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Place is where a sealed value lives. All of it is bound into the seal, so that a value moved to
// another row, column, user or mode does not open.
type Place struct {
	Table        string
	Column       string
	UserID       string
	RowID        string
	Mode         string // paper, live or demo
	ValueVersion int    // rises when the meaning of the plain value changes; 1 today
}

func (p Place) associated() []byte {
	return associate("value", p.Table, p.Column, p.UserID, p.RowID, p.Mode, strconv.Itoa(p.ValueVersion))
}

// DataKey seals one user's values. It is safe for concurrent use.
type DataKey struct {
	values sealer
	marks  []byte
}

// Mark returns the HMAC-SHA256 of a value for the purpose, under a key derived from the user's data
// key: by it a value is recognized that must not be kept. It stays the same when ENCRYPTION_KEY is
// rotated.
func (d *DataKey) Mark(purpose string, value Text) []byte {
	sum := hmac.New(sha256.New, d.marks)
	sum.Write(associate("mark", purpose, value.Reveal()))
	return sum.Sum(nil)
}

// String keeps the key out of logs.
func (d *DataKey) String() string { return redacted }

// GoString keeps the key out of logs.
func (d *DataKey) GoString() string { return redacted }

// Seal encrypts value for the place. Sealing the same value twice gives different bytes.
func (d *DataKey) Seal(place Place, value Text) []byte {
	return d.values.seal([]byte(value.Reveal()), place.associated())
}

// Open decrypts what Seal made for the same place; anything else is a fault of kind Internal.
func (d *DataKey) Open(place Place, sealed []byte) (Text, error) {
	value, err := d.values.open(sealed, place.associated())
	if err != nil {
		cause := fmt.Errorf("open %s.%s of row %s: %w", place.Table, place.Column, place.RowID, err)
		return Text{}, fault.Because(cause, fault.Internal, "A stored secret cannot be opened: it is damaged or was moved. Enter it again.")
	}
	return NewText(string(value)), nil
}

// Sealed bytes are: format (1 byte), key id (4 bytes), nonce (12), ciphertext, tag (16). The key
// id says which key seals, so that several keys can be read while one writes.
const (
	sealFormat = 1
	keyIDSize  = 4
	headSize   = 1 + keyIDSize
)

var (
	errFormat   = errors.New("unknown format")
	errOtherKey = errors.New("sealed under another key")
	errDamaged  = errors.New("damaged, or bound to another place")
)

// sealer is AES-256-GCM with random nonces under one key.
type sealer struct {
	head []byte
	aead cipher.AEAD
}

func newSealer(key []byte) (sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return sealer{}, err
	}
	return sealer{append([]byte{sealFormat}, derive(key, labelKeyID)[:keyIDSize]...), aead}, nil
}

func (s sealer) seal(plain, associated []byte) []byte {
	return append(bytes.Clone(s.head), s.aead.Seal(nil, nil, plain, associated)...)
}

func (s sealer) open(sealed, associated []byte) ([]byte, error) {
	switch {
	case len(sealed) < headSize || sealed[0] != sealFormat:
		return nil, errFormat
	case !bytes.Equal(sealed[:headSize], s.head):
		return nil, errOtherKey
	}
	plain, err := s.aead.Open(nil, nil, sealed[headSize:], associated)
	if err != nil {
		return nil, errDamaged
	}
	return plain, nil
}

// associate joins the format and the parts, each after its length in eight bytes, so that no two
// lists of parts give the same bytes.
func associate(parts ...string) []byte {
	joined := []byte{sealFormat}
	for _, part := range parts {
		joined = binary.BigEndian.AppendUint64(joined, uint64(len(part)))
		joined = append(joined, part...)
	}
	return joined
}
