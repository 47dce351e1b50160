package auth_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestTokenText(t *testing.T) {
	t.Parallel()
	id, shown, hash := auth.NewTokenText()
	text := shown.Reveal()
	if !regexp.MustCompile(`^at_[a-z2-7]{16}_[a-z2-7]{59}$`).MatchString(text) || !strings.HasPrefix(text, "at_"+id+"_") {
		t.Fatalf("a token looks like %q", text)
	}
	if fmt.Sprintf("%v %#v", shown, shown) == text || strings.Contains(fmt.Sprintf("%v %+v %#v", shown, shown, shown), text) {
		t.Error("the token prints itself")
	}
	readID, readHash, ok := auth.ReadTokenText(text)
	if sum := sha256.Sum256([]byte(text)); !ok || readID != id || !bytes.Equal(readHash, hash) || !bytes.Equal(hash, sum[:]) {
		t.Errorf("read as %q, %x, %v", readID, readHash, ok)
	}
	token := auth.APIToken{ID: id, Hash: hash, ExpiresAt: time.Unix(100, 0)}
	if !token.Accepts(hash, time.Unix(99, 0)) || token.Accepts(hash, time.Unix(100, 0)) || token.Accepts(hash[:31], time.Unix(99, 0)) || token.Prefix() != "at_"+id {
		t.Error("a token accepts what it should not, or not what it should")
	}
}

// A mistyped character is found without a look at the database: CRC-32 finds every burst of up to
// 32 bits.
func TestEveryMistypedCharacterIsFound(t *testing.T) {
	t.Parallel()
	_, shown, _ := auth.NewTokenText()
	text := shown.Reveal()
	for i := range text {
		for _, other := range []byte("a7_ \x00\xff") {
			if text[i] == other {
				continue
			}
			if _, _, ok := auth.ReadTokenText(text[:i] + string([]byte{other}) + text[i+1:]); ok {
				t.Errorf("%q in place %d was taken", other, i)
			}
		}
	}
	for _, wrong := range []string{"", "at_", text[:len(text)-1], text + "a", strings.ToUpper(text), " " + text[1:]} {
		if _, _, ok := auth.ReadTokenText(wrong); ok {
			t.Errorf("%q was taken", wrong)
		}
	}
}

func FuzzReadTokenText(f *testing.F) {
	_, shown, _ := auth.NewTokenText()
	f.Add(shown.Reveal())
	f.Add("at_")
	f.Fuzz(func(t *testing.T, text string) {
		if id, hash, ok := auth.ReadTokenText(text); ok && (!strings.HasPrefix(text, "at_"+id+"_") || len(hash) != 32) {
			t.Errorf("%q gave %q", text, id)
		}
	})
}

func TestScopesNarrowTheRole(t *testing.T) {
	t.Parallel()
	all := []auth.Permission{auth.Public, auth.Self, auth.Read, auth.Write, auth.Accounts, auth.Trade, auth.Administer}
	for name, c := range map[string]struct {
		role   auth.Role
		scopes []auth.Scope
		can    string
	}{
		"admin who reads":        {auth.Admin, []auth.Scope{auth.ScopeRead}, "public read"},
		"admin with everything":  {auth.Admin, auth.AllScopes, "public read write trade"},
		"trader on paper":        {auth.Trader, []auth.Scope{auth.ScopeTradePaper}, "public write trade"},
		"trader live and read":   {auth.Trader, []auth.Scope{auth.ScopeRead, auth.ScopeTradeLive}, "public read write trade"},
		"viewer with everything": {auth.Viewer, auth.AllScopes, "public read"},
		"nothing":                {auth.Admin, nil, "public"},
	} {
		p := auth.Principal{UserID: "x", Role: c.role, Token: &auth.TokenGrant{Scopes: c.scopes}}
		var can []string
		for _, permission := range all {
			if p.Can(permission) {
				can = append(can, string(permission))
			}
			if (p.Require(permission) == nil) != p.Can(permission) {
				t.Errorf("%s: Require and Can differ about %s", name, permission)
			}
		}
		if strings.Join(can, " ") != c.can {
			t.Errorf("%s can %q, want %q", name, can, c.can)
		}
	}
	paper := auth.Principal{UserID: "x", Role: auth.Trader, Token: &auth.TokenGrant{Scopes: []auth.Scope{auth.ScopeTradePaper}}}
	if paper.RequireMode(true) != nil || !fault.Is(paper.RequireMode(false), fault.Forbidden) || !fault.Is(paper.RequireSession(), fault.Forbidden) {
		t.Error("a paper token is not bound to paper, or counts as a session")
	}
	session := auth.Principal{UserID: "x", Role: auth.Trader}
	if session.RequireMode(false) != nil || session.RequireSession() != nil {
		t.Error("a session is bound to a mode")
	}
	if !fault.Is(paper.RequireFresh(time.Unix(100, 0)), fault.Forbidden) {
		t.Error("a token counts as a factor")
	}
}

func TestParseScopes(t *testing.T) {
	t.Parallel()
	scopes, err := auth.ParseScopes([]string{"trade:live", "read", "read"})
	if err != nil || fmt.Sprint(scopes) != "[read trade:live]" {
		t.Errorf("%v, %v", scopes, err)
	}
	for _, wrong := range [][]string{nil, {"admin"}, {"read", ""}, {"READ"}, {"trade"}} {
		if scopes, err := auth.ParseScopes(wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q gave %v, %v", wrong, scopes, err)
		}
	}
}
