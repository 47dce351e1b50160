package secret

import (
	"context"
	"strings"
)

// KeyService keeps an ENCRYPTION_KEY wrapped under a key that never leaves it (a KMS). It is asked
// at start and by a rotation only.
type KeyService interface {
	// Address names the service and its key, without secrets; it never changes its form.
	Address() string
	// Wrap encrypts the key under the newest version of the service's key.
	Wrap(ctx context.Context, key Text) ([]byte, error)
	// Unwrap opens what Wrap made, also under an older version.
	Unwrap(ctx context.Context, wrapped []byte) (Text, error)
}

// InService reports whether an ENCRYPTION_KEY is not the key itself but the address of a service
// that keeps it.
func InService(encryptionKey Text) bool { return strings.Contains(encryptionKey.Reveal(), "://") }
