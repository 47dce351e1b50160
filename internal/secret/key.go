package secret

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// keySize is the length of every key here: 256 bits.
const keySize = 32

// GenerateKey returns a new random 256-bit key in hexadecimal, as ENCRYPTION_KEY and SECRET_KEY
// take it.
func GenerateKey() Text { return NewText(hex.EncodeToString(randomKey())) }

// randomKey returns 32 bytes of crypto/rand, which never fails (it ends the process instead).
func randomKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key)
	return key
}

// ParseKey reads 32 bytes from 64 hexadecimal digits or from base64 (standard or URL-safe, with or
// without padding). The error is a fault of kind Invalid and never repeats the key.
func ParseKey(text Text) ([]byte, error) {
	value := strings.TrimSpace(text.Reveal())
	key, ok := decodeKey(value)
	switch {
	case value == "":
		return nil, keyFault("is missing")
	case !ok:
		return nil, keyFault("is neither hexadecimal nor base64")
	case len(key) != keySize:
		return nil, fault.New(fault.Invalid, "The ENCRYPTION_KEY holds %d bytes. %s", len(key), keyAdvice)
	case bytes.Count(key, key[:1]) == keySize:
		return nil, keyFault("repeats one byte and protects nothing")
	}
	return key, nil
}

const keyAdvice = "It must hold 32 random bytes, as 64 hexadecimal digits or base64; `alpaca-trader keys generate` prints one."

func keyFault(problem string) error {
	return fault.New(fault.Invalid, "The ENCRYPTION_KEY %s. %s", problem, keyAdvice)
}

func decodeKey(value string) ([]byte, bool) {
	if len(value) == 2*keySize {
		if key, err := hex.DecodeString(value); err == nil {
			return key, true
		}
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(value, "="))
	key, err := base64.RawStdEncoding.DecodeString(standard)
	return key, err == nil
}

// DeriveKey returns the 256-bit key that HKDF-SHA256 (RFC 5869) gives for the purpose that label
// names. Different labels give independent keys; a label never changes its meaning.
func DeriveKey(root Text, label string) []byte { return derive([]byte(root.Reveal()), label) }

func derive(root []byte, label string) []byte {
	key, err := hkdf.Key(sha256.New, root, nil, "alpaca-trader/"+label, keySize)
	if err != nil {
		panic(err) // only for more than 255 hash lengths of output
	}
	return key
}
