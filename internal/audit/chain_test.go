package audit_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/audit"
)

var key = bytes.Repeat([]byte{7}, 32)

func chain(t *testing.T, length int) []audit.Link {
	t.Helper()
	var links []audit.Link
	var previous []byte
	for i := range length {
		link, err := audit.Chain(key, previous, audit.Entry{
			Sequence: int64(i + 1), At: time.Unix(1700000000, int64(i)*1000), Action: audit.Login,
			Target: "user:1", Details: map[string]any{"try": i},
		})
		if err != nil {
			t.Fatal(err)
		}
		links, previous = append(links, link), link.Hash
	}
	return links
}

func TestUntouchedChainVerifies(t *testing.T) {
	t.Parallel()
	if broken, problem := audit.Verify(key, chain(t, 5)); broken != 0 {
		t.Errorf("entry %d: %s", broken, problem)
	}
}

func TestFirstBadEntryIsNamed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		harm func([]audit.Link) []audit.Link
		want int64
	}{
		"edit":       {func(l []audit.Link) []audit.Link { l[2].Target = "user:2"; return l }, 3},
		"details":    {func(l []audit.Link) []audit.Link { l[1].Details = nil; return l }, 2},
		"deletion":   {func(l []audit.Link) []audit.Link { return append(l[:1], l[2:]...) }, 2},
		"reordering": {func(l []audit.Link) []audit.Link { l[3], l[4] = l[4], l[3]; return l }, 4},
		"cut head":   {func(l []audit.Link) []audit.Link { return l[1:] }, 1},
		"renumbered": {func(l []audit.Link) []audit.Link {
			l = append(l[:1], l[2:]...)
			l[1].Sequence = 2
			return l
		}, 2},
	}
	for name, c := range cases {
		if broken, problem := audit.Verify(key, c.harm(chain(t, 5))); broken != c.want || problem == "" {
			t.Errorf("%s: entry %d (%s), want %d", name, broken, problem, c.want)
		}
	}
	if broken, _ := audit.Verify(bytes.Repeat([]byte{8}, 32), chain(t, 5)); broken != 1 {
		t.Error("a chain under another key verifies")
	}
}

func TestCanonicalFormIsFixed(t *testing.T) {
	t.Parallel()
	got, err := audit.Canonical(audit.Entry{
		Sequence: 1, At: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600)),
		Action: audit.AutoTradeBuy, Target: "account:1",
		Details: map[string]any{"b": 1.50, "a": map[string]any{"z": "<&>", "y": nil}},
	})
	want := `{"sequence":1,"at":"2026-01-02T02:04:05.000006Z","actor":"","actor_name":"","session":"",` +
		`"address":"","user_agent":"","action":"auto_trade_buy","target":"account:1",` +
		`"details":{"a":{"y":null,"z":"\u003c\u0026\u003e"},"b":1.5}}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}

func TestDetailsSurviveTheirStorage(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		details := rapid.MapOf(rapid.String(), rapid.OneOf(
			rapid.String().AsAny(), rapid.Float64().AsAny(), rapid.Int64().AsAny(), rapid.Bool().AsAny(),
		)).Draw(t, "details")
		stored, err := audit.CanonicalDetails(details)
		if err != nil {
			t.Fatal(err)
		}
		read, err := audit.ParseDetails(stored)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := audit.CanonicalDetails(read); !bytes.Equal(stored, again) {
			t.Fatalf("%s became %s", stored, again)
		}
	})
}

func TestNormalKeepsWhatAStoreCanKeep(t *testing.T) {
	t.Parallel()
	entry := audit.Normal(audit.Entry{UserAgent: strings.Repeat("é", 300), Target: "a\x00b\xff"})
	if len([]rune(entry.UserAgent)) != 200 || entry.Target != "a\uFFFDb\uFFFD" {
		t.Errorf("%q %q", entry.UserAgent, entry.Target)
	}
}
