package auth

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

const shortestUsername, longestUsername = 3, 80 // characters

// ValidateUsername returns a fault of kind Invalid unless the name has 3 to 80 letters, digits,
// dots, underscores or hyphens.
func ValidateUsername(username string) error {
	length := utf8.RuneCountInString(username)
	if length < shortestUsername || length > longestUsername || strings.ContainsFunc(username, foreignToUsernames) {
		return fault.New(fault.Invalid, "The user name needs 3 to 80 letters, digits, dots, underscores or hyphens.")
	}
	return nil
}

// foreignToUsernames reports a character that no user name has; so is a byte that is no character.
func foreignToUsernames(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
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
