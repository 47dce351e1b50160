package auth

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// The lengths of a password, in characters.
const (
	ShortestPassword = 8
	LongestPassword  = 128
)

// ContextWords are what somebody would try first who attacks this program: its name, what it is
// about, its roles. docs/SIGNIN.md lists them.
var ContextWords = []string{
	"alpaca", "trader", "trading", "trade", "broker", "brokerage", "market", "stock", "stocks", "portfolio",
	"dashboard", "paper", "live", "wallstreet", "nasdaq", "invest", "investor", "admin", "administrator",
	"viewer", "user", "password", "passwort", "secret", "login", "welcome", "changeme",
}

// ValidatePassword returns a fault of kind Invalid when a new password is too short, too long,
// found among those of breaches, made of the user's own or this program's words, or easy to guess.
func ValidatePassword(password, username, email string) error {
	own := ownWords(username, email)
	lower := strings.ToLower(password)
	mailbox, _, _ := strings.Cut(strings.ToLower(email), "@")
	switch length := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return fault.New(fault.Invalid, "The password is not valid text.")
	case length < ShortestPassword:
		return fault.New(fault.Invalid, "The password needs at least %d characters.", ShortestPassword)
	case length > LongestPassword:
		return fault.New(fault.Invalid, "The password may have at most %d characters.", LongestPassword)
	case lower == strings.ToLower(username), lower == strings.ToLower(email), lower == mailbox:
		return fault.New(fault.Invalid, "The password must differ from the user name and the e-mail address.")
	case isCommon(lower):
		return fault.New(fault.Invalid, "This password is among the most common ones. Choose another.")
	case madeOf(lower, own):
		return fault.New(fault.Invalid, "This password is made of your own name or address, or of words of this program. Choose other words.")
	case weak(password, own):
		return fault.New(fault.Invalid, "This password is easy to guess. Take a longer one: three or four words that have nothing to do with each other.")
	}
	return nil
}

// ownWords are the parts of the user's name and address, and the context's words, in lower case,
// longer ones first.
func ownWords(username, email string) []string {
	words := slices.Clone(ContextWords)
	for _, text := range []string{username, email} {
		text = strings.ToLower(text)
		parts := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		words = append(words, append(parts, text)...)
	}
	words = slices.DeleteFunc(words, func(word string) bool { return utf8.RuneCountInString(word) < shortestWord })
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}

// shortestWord is the length from which a part of a name counts as a word of its own.
const shortestWord = 3

// madeOf reports whether little is left of a password without the words.
func madeOf(password string, words []string) bool {
	for _, spelling := range spellings(password) {
		rest := spelling
		for _, word := range words {
			rest = strings.ReplaceAll(rest, word, " ")
		}
		left := strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, rest)
		if rest != spelling && utf8.RuneCountInString(left) < enoughBesides {
			return true
		}
	}
	return false
}

// enoughBesides is how many letters and digits a password needs besides such words: more than a year.
const enoughBesides = 5
