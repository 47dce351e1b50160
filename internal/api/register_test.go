package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// registration is what a stranger sends; names that exist are ann and ann@example.com.
func registration(username, email string) map[string]any {
	return map[string]any{"username": username, "email": email, "password": password}
}

// TestRegisteringDoesNotTellWhoExists: the answer is the same, to the byte, for a free name and
// address, for either or both in use, each in the other's place, and for a disabled user's; nothing
// is changed by the ones in use, and each is recorded.
func TestRegisteringDoesNotTellWhoExists(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address, unlimited)
		root := b.user("root")
		b.user("ann")
		root.call("PUT", "/api/admin/users/"+b.id("ann"), map[string]any{"disabled": true}).want(200)
		said := map[string]bool{}
		for _, wanted := range []map[string]any{
			registration("ann", "new@example.org"), registration("ANN", "new@example.org"), registration("newcomer", "ann@example.com"),
			registration("newcomer", "Ann@Example.com"), registration("ann", "ann@example.com"), registration("root", "ann@example.com"),
			registration("newcomer", "new@example.org"),
		} {
			wanted["password"] = "another calm desk, no casino"
			told := b.visitor().call("POST", "/api/auth/register", wanted).want(http.StatusCreated)
			said[withoutID(told)+fmt.Sprint(len(told.header), len(told.cookies))] = true
		}
		if len(said) != 1 {
			t.Errorf("answers differ: %v", said)
		}
		if users, err := b.store.CountUsers(t.Context()); users != 3 || err != nil {
			t.Errorf("%d users, want root, ann and newcomer: %v", users, err)
		}
		b.visitor().signIn("root")
		entries, err := b.store.AuditEntries(t.Context(), audit.Filter{Action: audit.RegisterFailed, Limit: 20})
		if err != nil || len(entries) != 6 {
			t.Fatalf("%d refusals in the audit log: %v", len(entries), err)
		}
		for _, entry := range entries {
			if entry.Address == "" || entry.Actor != "" || string(entry.DetailsText) != `{"reason":"taken"}` {
				t.Errorf("%+v %s", entry.Entry, entry.DetailsText)
			}
		}
	})
}

// TestWhoIsNotAdmittedLearnsNothing: where registration is by invite or closed, names that exist and
// names that do not are refused alike, and every refusal is recorded.
func TestWhoIsNotAdmittedLearnsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, unlimited)
	root := b.user("root")
	b.user("ann")
	used := root.call("POST", "/api/admin/invites", map[string]any{}).want(201).followed("/register")
	b.visitor().tryRegister("guest", "invite", used).want(201)
	refusals := 0
	for _, mode := range []string{"invite", "closed"} {
		root.call("PUT", "/api/admin/settings", map[string]any{"registration": mode}).want(200)
		for _, invite := range []string{"", "invented", used} {
			said := map[string]bool{}
			for _, name := range []string{"ann", "newcomer", "n", "<script>"} {
				said[withoutID(b.visitor().tryRegister(name, "invite", invite).want(http.StatusForbidden))] = true
				refusals++
			}
			if len(said) != 1 {
				t.Errorf("%s with invite %q: %v", mode, invite, said)
			}
		}
	}
	entries, err := b.store.AuditEntries(t.Context(), audit.Filter{Action: audit.RegisterFailed, Limit: 100})
	if err != nil || len(entries) != refusals {
		t.Errorf("%d of %d refusals are in the audit log: %v", len(entries), refusals, err)
	}
}

// TestATakenNameTakesAsLongAsAFreeOne: neither answer comes before the floor, which is above a hash.
func TestATakenNameTakesAsLongAsAFreeOne(t *testing.T) {
	t.Parallel()
	const floor = 150 * time.Millisecond
	b := setup(t, unlimited, func(c *app.Config, _ *api.Config) { c.SignInFloor = floor })
	b.user("root")
	for _, name := range []string{"root", "newcomer"} {
		begin := time.Now()
		b.visitor().tryRegister(name).want(http.StatusCreated)
		if took := time.Since(begin); took < floor {
			t.Errorf("%s was answered after %v", name, took)
		}
	}
}

// TestRegistrationsAreFewFromOneNetwork: five an hour, taken names among them, whatever address of an
// IPv6 network asks and whatever it forges.
func TestRegistrationsAreFewFromOneNetwork(t *testing.T) {
	t.Parallel()
	b := setup(t, proxied, func(c *app.Config, a *api.Config) { a.Limiter = limits(c.Clock, ratelimit.Defaults()) })
	b.user("ann")
	b.clock.Advance(2 * time.Hour)
	var statuses []int
	for i := range 8 {
		body := registration("ann", fmt.Sprintf("guess%d@example.org", i))
		from := fmt.Sprintf("203.0.113.%d, 2001:db8:1:2::%x", i, i+1)
		statuses = append(statuses, b.visitor().call("POST", "/api/auth/register", body, "X-Forwarded-For", from).status)
	}
	if want := []int{201, 201, 201, 201, 201, 429, 429, 429}; !slices.Equal(statuses, want) {
		t.Errorf("statuses %v, want %v", statuses, want)
	}
	b.visitor().call("POST", "/api/auth/register", registration("ann", "other@example.org"), "X-Forwarded-For", "2001:db8:9:9::1").want(201)
}

// TestOneNameIsGivenOnce: fifty strangers at once, half of whom want one name and half one address.
func TestOneNameIsGivenOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address, unlimited)
		b.user("root")
		visitors := make([]*visitor, 50)
		bodies := map[*visitor]map[string]any{}
		for i := range visitors {
			visitors[i] = b.visitor()
			bodies[visitors[i]] = registration(strings.ToUpper("ann")[:i%3]+"ann"[i%3:], fmt.Sprintf("ann%d@example.org", i))
			if i%2 == 0 {
				bodies[visitors[i]] = registration(fmt.Sprintf("ben%d", i), "ben@example.org")
			}
		}
		statuses := atOnce(visitors, func(v *visitor) int {
			for { // few passwords are hashed at a time: who is turned away comes again
				if status := v.call("POST", "/api/auth/register", bodies[v]).status; status != http.StatusServiceUnavailable {
					return status
				}
			}
		})
		if users, err := b.store.CountUsers(t.Context()); statuses[201] != 50 || users != 3 || err != nil {
			t.Errorf("statuses %v, %d users, %v", statuses, users, err)
		}
	})
}
