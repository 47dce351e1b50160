package auth

import (
	"crypto/subtle"
	"encoding/base32"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// A setup code has 150 bits: thirty characters that somebody copies out of a log.
const (
	setupCodeLength = 30
	setupCodeGroup  = 5
)

// NewSetupCode writes the code of the very first registration from at least 19 random bytes: groups
// of five letters and digits. The same bytes give the same code, so that all replicas take it, also
// after a restart.
func NewSetupCode(random []byte) secret.Text {
	return secret.NewText(inGroups(base32.StdEncoding.EncodeToString(random)[:setupCodeLength], setupCodeGroup))
}

// SameSetupCode compares in a time that does not depend on where they differ; case, spaces and
// hyphens do not count.
func SameSetupCode(given, want secret.Text) bool {
	return subtle.ConstantTimeCompare([]byte(plainCode(given)), []byte(plainCode(want))) == 1
}

func plainCode(code secret.Text) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code.Reveal()))
}
