package auth_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// FuzzSessionFacts: data that no session wrote gives no facts, and no panic.
func FuzzSessionFacts(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x0d\x7f\x04\x01\x02\xff\x80\x00\x01\x0c\x01\x10\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if facts := auth.SessionFactsOf(data); len(facts.UserID)+len(facts.Address)+len(facts.UserAgent) > len(data) {
			t.Errorf("%d bytes gave %+v", len(data), facts)
		}
	})
}

// FuzzTyped: names, addresses and codes that somebody types are taken or refused, never worse.
func FuzzTyped(f *testing.F) {
	for _, seed := range []string{"ann", "ann@example.com", "123 456", "ABCD-EFGH", "Ann <ann@example.com>", "\xff", "a\u202eb", "@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if err := auth.ValidateUsername(typed); err == nil && (len(typed) < 3 || len(typed) > 80 || strings.ContainsAny(typed, " @<>\"'\x00\n")) {
			t.Errorf("the user name %q is taken", typed)
		}
		if err := auth.ValidateEmail(typed); err == nil && (!strings.Contains(typed, "@") || strings.ContainsAny(typed, "\r\n\x00") || !utf8.ValidString(typed)) {
			t.Errorf("the address %q is taken", typed)
		}
		if code, _ := auth.ReadCode(secret.NewText(typed)); strings.ContainsAny(code.Reveal(), " -\t") {
			t.Errorf("%q became %q", typed, code.Reveal())
		}
	})
}
