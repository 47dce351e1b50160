package secret

import (
	"context"
	"fmt"
	"strings"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// KMSClient opens the keys of a key service (KMS) by their addresses. It has the methods of Tink's
// registry.KMSClient, so that any of Tink's clients is one; the package of that interface would bring
// 4 MB of protocol buffers into the program.
type KMSClient interface {
	// Supported reports whether the client knows the service of the address.
	Supported(keyURI string) bool
	// GetAEAD returns the key: it encrypts and decrypts in the service, which it never leaves.
	GetAEAD(keyURI string) (tink.AEAD, error)
}

// KeyService keeps an ENCRYPTION_KEY wrapped under one key of a key service. It is asked at start
// and by a rotation only.
type KeyService struct {
	address string
	key     tink.AEAD
}

// OpenService finds the client that knows the ENCRYPTION_KEY's address. The error is a fault of kind
// Invalid when none does.
func OpenService(encryptionKey Text, clients ...KMSClient) (*KeyService, error) {
	address := encryptionKey.Reveal()
	for _, client := range clients {
		if !client.Supported(address) {
			continue
		}
		key, err := client.GetAEAD(address)
		if err != nil {
			return nil, err
		}
		if named, ok := key.(interface{ Address() string }); ok {
			address = named.Address()
		}
		return &KeyService{address, key}, nil
	}
	return nil, fault.New(fault.Invalid, "ENCRYPTION_KEY is not an address such as vault-transit://vault.example:8200/alpaca-trader.")
}

// Address names the service and its key, without secrets; it never changes its form.
func (s *KeyService) Address() string { return s.address }

// Wrap encrypts the key under the newest version of the service's key.
func (s *KeyService) Wrap(ctx context.Context, key Text) ([]byte, error) {
	remote, ok := s.key.(tink.AEADWithContext)
	if !ok {
		return s.key.Encrypt([]byte(key.Reveal()), nil)
	}
	return remote.EncryptWithContext(ctx, []byte(key.Reveal()), nil)
}

// Unwrap opens what Wrap made, also under an older version.
func (s *KeyService) Unwrap(ctx context.Context, wrapped []byte) (key Text, err error) {
	var opened []byte
	if remote, ok := s.key.(tink.AEADWithContext); ok {
		opened, err = remote.DecryptWithContext(ctx, wrapped, nil)
	} else {
		opened, err = s.key.Decrypt(wrapped, nil)
	}
	if err != nil {
		return Text{}, fmt.Errorf("unwrap the ENCRYPTION_KEY: %w", err)
	}
	return NewText(string(opened)), nil
}

// InService reports whether an ENCRYPTION_KEY is not the key itself but the address of a service
// that keeps it.
func InService(encryptionKey Text) bool { return strings.Contains(encryptionKey.Reveal(), "://") }
