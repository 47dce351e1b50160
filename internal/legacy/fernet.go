package legacy

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Key opens what the earlier program encrypted.
type Key struct{ signing, encryption []byte }

// The earlier program's derivation of its Fernet key from ENCRYPTION_KEY: one salt for everybody.
const (
	derivationSalt   = "alpaca_trader_salt"
	derivationRounds = 100_000
)

// NewKey derives the key from the old ENCRYPTION_KEY, which is any text.
func NewKey(encryptionKey secret.Text) (Key, error) {
	derived, err := pbkdf2.Key(sha256.New, encryptionKey.Reveal(), []byte(derivationSalt), derivationRounds, 32)
	return fernetKey(derived), err
}

// ParseFernetKey reads a key of the Fernet specification: 32 bytes in URL-safe base64.
func ParseFernetKey(text string) (Key, error) {
	key, err := base64.URLEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return Key{}, errNotOpened
	}
	return fernetKey(key), nil
}

func fernetKey(key []byte) Key { return Key{signing: key[:16], encryption: key[16:]} }

var errNotOpened = errors.New("not encrypted under this key")

// Open decrypts a stored value: URL-safe base64 of a Fernet token.
func (k Key) Open(stored string) (secret.Text, error) {
	token, err := decodeBase64(stored)
	if err != nil {
		return secret.Text{}, err
	}
	return k.OpenToken(string(token))
}

// OpenToken decrypts a Fernet token (github.com/fernet/spec): version 0x80, time in eight bytes,
// initialization vector of 16, AES-128-CBC with PKCS #7 padding, HMAC-SHA256 of all before it. How
// old it is does not matter here.
func (k Key) OpenToken(text string) (secret.Text, error) {
	token, err := decodeBase64(text)
	if err != nil || len(token) < 1+8+aes.BlockSize+aes.BlockSize+sha256.Size || token[0] != 0x80 {
		return secret.Text{}, errNotOpened
	}
	signed, sum := token[:len(token)-sha256.Size], token[len(token)-sha256.Size:]
	mac := hmac.New(sha256.New, k.signing)
	mac.Write(signed)
	vector, sealed := signed[9:9+aes.BlockSize], bytes.Clone(signed[9+aes.BlockSize:])
	if !hmac.Equal(mac.Sum(nil), sum) || len(sealed)%aes.BlockSize != 0 {
		return secret.Text{}, errNotOpened
	}
	block, err := aes.NewCipher(k.encryption)
	if err != nil {
		return secret.Text{}, err
	}
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(sealed, sealed)
	padding := int(sealed[len(sealed)-1])
	if padding < 1 || padding > aes.BlockSize || !bytes.Equal(sealed[len(sealed)-padding:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return secret.Text{}, errNotOpened
	}
	return secret.NewText(string(sealed[:len(sealed)-padding])), nil
}

// decodeBase64 reads URL-safe base64 with or without its padding.
func decodeBase64(text string) ([]byte, error) {
	decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(text), "="))
	if err != nil {
		return nil, errNotOpened
	}
	return decoded, nil
}

// String keeps the key out of logs.
func (Key) String() string { return "[redacted]" }

// GoString keeps the key out of logs.
func (Key) GoString() string { return "[redacted]" }
