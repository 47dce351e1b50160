package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/auth/authtest"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// unlimited takes the limits by address away, so that what a test sees is the throttle alone.
func unlimited(c *app.Config, a *api.Config) {
	a.Limiter = limits(c.Clock, ratelimit.Limits{ratelimit.Auth: perMinute(1_000_000), ratelimit.Register: perMinute(1_000_000), ratelimit.Dashboard: perMinute(1_000_000)})
}

func proxied(_ *app.Config, c *api.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// TestAThousandGuessesWhileTheOwnerSignsIn: guesses are few however the guesser names its address,
// and never keep the owner out, whose browser is known.
func TestAThousandGuessesWhileTheOwnerSignsIn(t *testing.T) {
	t.Parallel()
	random := func(r *rand.Rand) string { return fmt.Sprintf("2001:db8:%x:%x::1", r.IntN(1<<16), r.IntN(1<<16)) }
	for name, attack := range map[string]struct {
		options []option
		address func(*rand.Rand) string
		most    int // guesses that were looked at, in a thousand seconds
	}{
		"spoofed, direct":              {nil, random, 16},
		"one IPv6 network, by a proxy": {[]option{proxied}, func(r *rand.Rand) string { return fmt.Sprintf("2001:db8:1:2::%x", r.IntN(1<<16)) }, 16},
		"spoofed behind the real one":  {[]option{proxied}, func(r *rand.Rand) string { return random(r) + ", 198.51.100.9" }, 16},
		"many networks, by a proxy":    {[]option{proxied}, random, 90}, // ten free after each of the owner's sign-ins
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			r := rand.New(rand.NewPCG(seed, 0))
			b := setup(t, append([]option{unlimited}, attack.options...)...)
			owner, guesser := b.user("ann"), b.visitor()
			looked := 0
			for i := range 1000 {
				guess := guesser.call("POST", "/api/auth/login", map[string]any{"username": "ANN", "password": fmt.Sprint("a guess ", i)}, "X-Forwarded-For", attack.address(r))
				switch guess.status {
				case http.StatusUnauthorized:
					looked++
				case http.StatusTooManyRequests:
					if guess.header.Get("Retry-After") == "" {
						t.Fatalf("guess %d: no Retry-After", i)
					}
				default:
					t.Fatalf("guess %d: %d %s", i, guess.status, guess.text)
				}
				b.clock.Advance(time.Second)
				if i%200 == 199 {
					owner.signIn("ann")
				}
			}
			if looked > attack.most || looked < 5 {
				t.Errorf("%d guesses were looked at, want at most %d", looked, attack.most)
			}
			stranger := b.visitor() // the owner in a browser that is not known has to wait, as the guesser has
			if status := stranger.call("POST", "/api/auth/login", credentials("ann"), "X-Forwarded-For", "198.51.100.9").status; status != 200 && status != 429 {
				t.Errorf("an unknown browser: %d", status)
			}
		})
	}
}

// TestAHundredFailuresStopStrangersAlone: no wait helps a browser that is not known, until the owner
// comes in one of the ways that guessing passwords does not stop.
func TestAHundredFailuresStopStrangersAlone(t *testing.T) {
	t.Parallel()
	for name, come := range map[string]func(b *bench, admin, owner *visitor, passkey *authtest.Authenticator) string{
		"a known browser": func(_ *bench, _, owner *visitor, passkey *authtest.Authenticator) string {
			owner.pending("bob")
			owner.show("second_factor", passkey).want(200)
			return password
		},
		"a passkey": func(b *bench, _, _ *visitor, passkey *authtest.Authenticator) string {
			b.visitor().show("sign_in", passkey).want(200)
			return password
		},
		"a new password": func(b *bench, admin, _ *visitor, _ *authtest.Authenticator) string {
			secret := admin.call("POST", "/api/admin/users/"+b.id("bob")+"/reset-password", nil).want(200).followed("/set-password")
			b.visitor().call("POST", "/api/auth/set-password", map[string]any{"token": secret, "new_password": "another good one"}).want(200)
			return "another good one"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := named(t, unlimited)
			admin, owner := b.user("ann"), b.user("bob")
			passkey, _ := owner.register("Phone")
			try := func(password string) answer {
				return b.visitor().call("POST", "/api/auth/login", map[string]any{"username": "bob", "password": password})
			}
			try("a guess").problem(401)
			if _, err := b.store.Writer().ExecContext(t.Context(), "UPDATE sign_in_failures SET failures = ? WHERE source = ''", auth.HardStop); err != nil {
				t.Fatal(err)
			}
			b.clock.Advance(time.Minute)
			if stopped := try(password); stopped.problem(429) == "" || stopped.header.Get("Retry-After") != "" {
				t.Errorf("a stranger may wait %q s", stopped.header.Get("Retry-After"))
			}
			try(come(b, admin, owner, passkey)).want(200)
		})
	}
}

// TestAThrottleTellsNothing: names that do not exist are slowed down as others are.
func TestAThrottleTellsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, unlimited)
	b.user("ann")
	b.create(auth.User{Username: "former", Role: auth.Trader, Disabled: true})
	answers := map[string][]string{}
	for _, name := range []string{"ann", "former", "nobody-here"} {
		v := b.visitor()
		for range 7 {
			guess := v.call("POST", "/api/auth/login", map[string]any{"username": name, "password": "a guess"})
			answers[name] = append(answers[name], fmt.Sprintln(guess.status, guess.header.Get("Retry-After"), withoutID(guess), len(guess.cookies)))
		}
		b.clock.Advance(time.Hour)
	}
	if !slices.Equal(answers["ann"], answers["former"]) || !slices.Equal(answers["ann"], answers["nobody-here"]) {
		t.Errorf("answers differ: %v", answers)
	}
	if !strings.HasPrefix(answers["ann"][5], "429 1") {
		t.Errorf("the sixth guess: %s", answers["ann"][5])
	}
}

func withoutID(a answer) string {
	return strings.ReplaceAll(a.text, a.header.Get("X-Request-Id"), "")
}

// dear hashes take some ten milliseconds, so that one that is left out is seen.
func dear(c *app.Config, _ *api.Config) {
	c.Passwords = auth.NewPasswords(auth.PasswordCost{MemoryKiB: 12 * 1024, Iterations: 1, Lanes: 1})
}

// TestNobodyCanTellWhoExists: the same bytes, and medians of 300 sign-ins each within 5 ms, although
// nothing makes all of them wait as long as in production. What a busy machine does to the medians
// more sign-ins take away; what the program does they do not.
func TestNobodyCanTellWhoExists(t *testing.T) {
	b := setup(t, unlimited, dear)
	b.user("ann")
	b.create(auth.User{Username: "former", Role: auth.Trader, Disabled: true})
	tries := map[string]map[string]any{
		"unknown":                 {"username": "nobody-here", "password": password},
		"wrong password":          {"username": "ann", "password": "not the password"},
		"disabled":                {"username": "former", "password": password},
		"address of a user":       {"username": "ann@example.com", "password": "not the password"},
		"name that cannot be one": {"username": "<script>", "password": "not the password"},
	}
	took := map[string][]time.Duration{}
	said := map[string]bool{}
	v := b.visitor()
	apart := []string{"nothing was measured"}
	for round := 0; len(apart) > 0 && round < 8; round++ {
		for range 300 {
			for name, body := range tries {
				if _, err := b.store.Writer().ExecContext(t.Context(), "DELETE FROM sign_in_failures"); err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				answer := v.call("POST", "/api/auth/login", body)
				took[name] = append(took[name], time.Since(begin))
				said[fmt.Sprint(answer.status, withoutID(answer), answer.header.Values("Set-Cookie"), len(answer.header))] = true
			}
		}
		apart = mediansApart(took, "unknown", 5*time.Millisecond)
		t.Logf("after %d each: %v", len(took["unknown"]), apart)
	}
	if len(apart) > 0 {
		t.Errorf("who exists can be told by the time: %v", apart)
	}
	if len(said) != 1 {
		t.Errorf("answers differ: %v", said)
	}
}

// mediansApart names what takes longer or shorter than the other by more than that.
func mediansApart(took map[string][]time.Duration, other string, most time.Duration) []string {
	median := func(name string) time.Duration {
		sorted := slices.Sorted(slices.Values(took[name]))
		return sorted[len(sorted)/2]
	}
	var apart []string
	for name := range took {
		if one, two := median(name), median(other); (one - two).Abs() > most {
			apart = append(apart, fmt.Sprintf("%s takes %v, %s %v", name, one, other, two))
		}
	}
	return apart
}

// TestARefusalTakesItsTime: no refused sign-in answers before the floor, whatever the reason.
func TestARefusalTakesItsTime(t *testing.T) {
	t.Parallel()
	const floor = 150 * time.Millisecond
	b := setup(t, func(c *app.Config, _ *api.Config) { c.SignInFloor = floor })
	b.user("ann")
	for _, name := range []string{"ann", "nobody-here", ""} {
		begin := time.Now()
		b.visitor().call("POST", "/api/auth/login", map[string]any{"username": name, "password": "not the password"}).problem(401)
		if took := time.Since(begin); took < floor {
			t.Errorf("%q was refused after %v", name, took)
		}
	}
}

// forgetfulStore cannot count.
type forgetfulStore struct{ app.Store }

func (forgetfulStore) BeginAttempt(context.Context, auth.Attempt) error {
	return fault.New(fault.Unavailable, "The database does not answer. Try again shortly.")
}

func TestWithoutTheThrottleNobodySignsIn(t *testing.T) {
	t.Parallel()
	b := setup(t, func(c *app.Config, _ *api.Config) { c.Store = forgetfulStore{c.Store} })
	v := b.visitor()
	v.call("POST", "/api/auth/register", map[string]any{"username": "ann", "email": "ann@example.com", "password": password}).want(201)
	v.call("POST", "/api/auth/login", credentials("ann")).problem(503)
	if v.cookie() != nil {
		t.Error("a session was made")
	}
}

// TestReplicasShareThrottlesAndSessions: two servers on one database.
func TestReplicasShareThrottlesAndSessions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		url, held := address(t), clock.NewHeld(clock.System().Now())
		keyring, err := secret.NewKeyring(secret.GenerateKey())
		if err != nil {
			t.Fatal(err)
		}
		shared := func(c *app.Config, _ *api.Config) { c.Keyring = keyring }
		replica := func() *bench {
			database := storetest.Open(t, url, store.Options{Clock: held})
			if err := database.Migrate(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
				t.Fatal(err)
			}
			b := setupReplica(t, database, held, func(*http.Server) {}, unlimited, shared)
			b.keyring = keyring
			return b
		}
		one, two := replica(), replica()
		here := one.user("ann")
		there := two.visitor()
		there.keep(here.cookie().Value)
		there.call("GET", "/api/accounts", nil).want(200)
		guess := map[string]any{"username": "ann", "password": "a guess"}
		for i := range 5 {
			[]*bench{one, two}[i%2].visitor().call("POST", "/api/auth/login", guess).problem(401)
		}
		one.visitor().call("POST", "/api/auth/login", guess).problem(429)
		two.visitor().call("POST", "/api/auth/login", guess).problem(429)
		held.Advance(time.Minute)
		app := here.authenticator()
		there.call("GET", "/api/accounts", nil).problem(401)
		code := app.next()
		two.completes("ann", code, 200)
		one.completes("ann", code, 401)
	})
}

func TestTheKnownDeviceCookie(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user("ann")
	v := b.visitor()
	first := v.call("POST", "/api/auth/login", credentials("ann")).want(200).cookie("device")
	if !first.HttpOnly || first.SameSite != http.SameSiteLaxMode || first.Path != "/" || first.MaxAge != 365*24*3600 || len(first.Value) != 43 {
		t.Errorf("cookie %s", first)
	}
	second := v.call("POST", "/api/auth/login", credentials("ann")).want(200).cookie("device")
	if second.Value == first.Value {
		t.Error("the next sign-in keeps the token")
	}
	rows, err := b.store.Writer().QueryContext(t.Context(), "SELECT token_hash FROM known_devices")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var hash string
		if err := rows.Scan(&hash); err != nil || hash == first.Value || hash == second.Value {
			t.Errorf("%v; the token itself is kept", err)
		}
	}
	if refused := b.visitor().call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": "a guess"}); refused.cookie("device") != nil {
		t.Error("a failed sign-in makes the browser known")
	}
	app := v.authenticator()
	fresh := b.visitor()
	if pending := fresh.call("POST", "/api/auth/login", credentials("ann")); pending.cookie("device") != nil {
		t.Error("the password alone makes the browser known")
	}
	if done := fresh.call("POST", "/api/auth/verify-2fa", token(app.next())); done.cookie("device") == nil {
		t.Error("both factors do not make the browser known")
	}
	tls := setup(t, secure)
	tls.visitor().call("POST", "/api/auth/register", map[string]any{"username": "ann", "email": "a@example.com", "password": password}).want(201)
	guarded := tls.visitor().call("POST", "/api/auth/login", credentials("ann")).want(200).cookie("__Host-device")
	if guarded == nil || !guarded.Secure || guarded.Domain != "" || guarded.Path != "/" {
		t.Errorf("cookie on TLS: %v", guarded)
	}
}
