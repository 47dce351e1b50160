package auth

import (
	"net/mail"
	"regexp"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

var usernamePattern = regexp.MustCompile(`^[\p{L}\p{Nd}._-]{3,80}$`)

// ValidateUsername returns a fault of kind Invalid unless the name has 3 to 80 letters, digits,
// dots, underscores or hyphens.
func ValidateUsername(username string) error {
	if !usernamePattern.MatchString(username) {
		return fault.New(fault.Invalid, "The user name needs 3 to 80 letters, digits, dots, underscores or hyphens.")
	}
	return nil
}

const longestEmail = 120

// ValidateEmail returns a fault of kind Invalid unless the text is one plain e-mail address
// (RFC 5322 addr-spec) of at most 120 characters.
func ValidateEmail(email string) error {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > longestEmail {
		return fault.New(fault.Invalid, "The e-mail address is not valid.")
	}
	return nil
}
