package auth_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

var cheap = auth.PasswordCost{MemoryKiB: 64, Iterations: 1, Lanes: 1}

func TestPasswordsMatchTheirHashOnly(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(cheap)
	hash, err := passwords.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	again, err := passwords.Hash(t.Context(), "correct horse")
	if err != nil || again == hash {
		t.Fatalf("two hashes of one password are equal (%v)", err)
	}
	for password, want := range map[string]bool{"correct horse": true, "Correct horse": false, "correct horse ": false, "": false} {
		if got, err := passwords.Verify(t.Context(), password, hash); err != nil || got != want {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	if _, err := passwords.Verify(t.Context(), "x", "not a hash"); err == nil {
		t.Error("a damaged hash is no error")
	}
}

func TestTheStandardCost(t *testing.T) {
	t.Parallel()
	hash, err := auth.NewPasswords(auth.PasswordCost{}).Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=1$") {
		t.Fatalf("hash %s", hash)
	}
	if auth.NewPasswords(auth.StandardCost).NeedsRehash(hash) || !auth.NewPasswords(cheap).NeedsRehash(hash) {
		t.Fatal("a hash must be renewed exactly when its cost is not the current one")
	}
}

// TestNobodyTakesAsLongAsSomebody compares the work, not the clock: both are one argon2 run at the
// current cost, so an unknown name cannot be told from a wrong password by the time it takes. It
// is not parallel, because it counts the memory of the whole process.
func TestNobodyTakesAsLongAsSomebody(t *testing.T) {
	passwords := auth.NewPasswords(auth.PasswordCost{MemoryKiB: 16 * 1024, Iterations: 2, Lanes: 1})
	hash, err := passwords.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	megabytes := func(hash string) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if ok, err := passwords.Verify(t.Context(), "wrong password", hash); ok || err != nil {
			t.Fatal(ok, err)
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) >> 20
	}
	if nobody, somebody := megabytes(""), megabytes(hash); nobody != somebody || nobody != 16 {
		t.Fatalf("nobody costs %d MiB, somebody %d MiB, want 16", nobody, somebody)
	}
}

func TestAFloodIsTurnedAway(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(auth.PasswordCost{MemoryKiB: 8 * 1024, Iterations: 2, Lanes: 1})
	var flood sync.WaitGroup
	results := make(chan error, 200)
	for range 200 {
		flood.Go(func() {
			_, err := passwords.Hash(t.Context(), "correct horse")
			results <- err
		})
	}
	flood.Wait()
	close(results)
	hashed, refused := 0, 0
	for err := range results {
		switch {
		case err == nil:
			hashed++
		case fault.Is(err, fault.Unavailable):
			refused++
		default:
			t.Errorf("unexpected: %v", err)
		}
	}
	if hashed == 0 || refused == 0 {
		t.Fatalf("%d hashed, %d refused; a flood must leave some of both", hashed, refused)
	}
	if _, err := passwords.Hash(t.Context(), "correct horse"); err != nil {
		t.Fatalf("after the flood: %v", err)
	}
}

func TestWhoGivesUpWaitingGivesItsPlaceBack(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(cheap)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if _, err := passwords.Hash(gone, "correct horse"); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if _, err := passwords.Hash(t.Context(), "correct horse"); err != nil {
		t.Fatal(err)
	}
}

func TestUserNamesAndAddresses(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"ann": true, "Ann.Smith-2_x": true, "Żółć": true, "用户名": true, strings.Repeat("n", 80): true,
		"an": false, strings.Repeat("n", 81): false, "ann smith": false, "ann\n": false, "ann@x": false, "<b>": false, "": false, "a\u202eb": false,
	} {
		if err := auth.ValidateUsername(name); (err == nil) != ok {
			t.Errorf("user name %q: %v", name, err)
		}
	}
	for email, ok := range map[string]bool{
		"ann@example.com": true, "a+b.c@sub.example.co.uk": true,
		"": false, "ann": false, "ann@": false, "@example.com": false, "ann@example.com\n": false, "Ann <ann@example.com>": false,
		" ann@example.com": false, "a@b@c": false, strings.Repeat("a", 110) + "@example.com": false, "ann@example.com, bob@example.com": false,
	} {
		if err := auth.ValidateEmail(email); (err == nil) != ok {
			t.Errorf("address %q: %v", email, err)
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	all := []auth.Permission{auth.Public, auth.Read, auth.Write, auth.Trade, auth.Administer}
	for role, may := range map[auth.Role]int{auth.Admin: 5, auth.Trader: 4, auth.Viewer: 2, "made up": 1} {
		p := auth.Principal{UserID: "u", Role: role}
		for i, permission := range all {
			if p.Can(permission) != (i < may) {
				t.Errorf("%s may %s: %v", role, permission, p.Can(permission))
			}
		}
	}
	if err := auth.Nobody.Require(auth.Read); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("nobody: %v", err)
	}
	if err := (auth.Principal{Role: auth.Admin}).Require(auth.Read); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a role without a user: %v", err)
	}
	if err := (auth.Principal{UserID: "u", Role: auth.Viewer}).Require(auth.Write); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a viewer: %v", err)
	}
}

func BenchmarkStandardHash(b *testing.B) {
	passwords := auth.NewPasswords(auth.StandardCost)
	for b.Loop() {
		if _, err := passwords.Hash(b.Context(), "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(time.Millisecond)/float64(b.N), "ms/hash")
}
