package legacy_test

import (
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/legacy/legacytest"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// The vector of verify.json in github.com/fernet/spec.
const (
	specSecret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="
	specToken  = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
)

func TestTheVectorOfTheSpecification(t *testing.T) {
	t.Parallel()
	key, err := legacy.ParseFernetKey(specSecret)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := key.OpenToken(specToken); err != nil || text.Reveal() != "hello" {
		t.Errorf("%q, %v", text.Reveal(), err)
	}
}

func TestEveryChangeOfATokenIsNoticed(t *testing.T) {
	t.Parallel()
	key, err := legacy.ParseFernetKey(specSecret)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.TrimRight(specToken, "=")
	for i := range body {
		other := byte('A')
		if body[i] == other {
			other = 'Q'
		}
		changed := body[:i] + string(other) + body[i+1:]
		if text, err := key.OpenToken(changed); err == nil && changed[:len(body)-1] != body[:len(body)-1] {
			t.Errorf("character %d changed and it opened: %q", i, text.Reveal())
		}
		if _, err := key.OpenToken(body[:i]); err == nil {
			t.Errorf("cut to %d characters and it opened", i)
		}
	}
}

func TestStoredKeysOpenUnderTheirKeyOnly(t *testing.T) {
	t.Parallel()
	old := secret.NewText("any text that somebody chose")
	stored := legacytest.Encrypt(t, old, "PKABCDEF")
	key, err := legacy.NewKey(old)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := key.Open(stored); err != nil || text.Reveal() != "PKABCDEF" {
		t.Errorf("%q, %v", text.Reveal(), err)
	}
	other, err := legacy.NewKey(secret.NewText("another"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(stored); err == nil {
		t.Error("opened under another key")
	}
}

func FuzzOpen(f *testing.F) {
	key, err := legacy.ParseFernetKey(specSecret)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(specToken)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if opened, err := key.OpenToken(text); err == nil && opened.Reveal() != "hello" {
			t.Errorf("%q opened as %q", text, opened.Reveal())
		}
		_, _ = key.Open(text)
	})
}
