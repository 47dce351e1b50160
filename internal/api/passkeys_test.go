package api_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/auth/authtest"
)

// named is setup for browsers that open the server by its name.
func named(t *testing.T, options ...option) *bench {
	t.Helper()
	b := setup(t, options...)
	b.url = strings.Replace(b.url, "127.0.0.1", "localhost", 1)
	return b
}

// options sends the request and returns what the browser is asked for.
func (v *visitor) options(path string, body any) json.RawMessage {
	v.t.Helper()
	var asked struct{ Options json.RawMessage }
	v.call("POST", path, body).want(200).decode(&asked)
	return asked.Options
}

// register has a new authenticator make a passkey of the signed-in user, and returns its id.
func (v *visitor) register(name string) (authenticator *authtest.Authenticator, id string) {
	v.t.Helper()
	authenticator = authtest.New(v.url)
	var made struct{ ID string }
	v.finishRegistration(name, authenticator.Create(v.t, v.options("/api/passkeys/register/begin", nil))).want(201).decode(&made)
	return authenticator, made.ID
}

func (v *visitor) finishRegistration(name string, credential json.RawMessage) answer {
	v.t.Helper()
	return v.call("POST", "/api/passkeys/register/finish", map[string]any{"name": name, "credential": credential})
}

// show has the authenticator answer a question for the purpose.
func (v *visitor) show(purpose string, authenticator *authtest.Authenticator) answer {
	v.t.Helper()
	options := v.options("/api/auth/passkey/begin", map[string]any{"purpose": purpose})
	return v.finish(authenticator.Get(v.t, options))
}

func (v *visitor) finish(credential json.RawMessage) answer {
	v.t.Helper()
	return v.call("POST", "/api/auth/passkey/finish", map[string]any{"credential": credential})
}

func (v *visitor) signedIn() bool {
	v.t.Helper()
	return v.call("GET", "/api/accounts", nil).status == 200
}

// password gives the password and returns the methods of the second step.
func (v *visitor) password(name string) string {
	v.t.Helper()
	return v.call("POST", "/api/auth/login", map[string]any{"username": name, "password": password}).want(200).text
}

func TestAPasskeySignsIn(t *testing.T) {
	t.Parallel()
	b := named(t)
	ann := b.user("ann")
	other := b.visitor()
	other.signIn("ann")
	before := ann.cookie().Value
	authenticator, id := ann.register(" My phone ")
	if ann.cookie().Value == before || !ann.signedIn() {
		t.Error("the session did not go on under another token")
	}
	if other.signedIn() {
		t.Error("another session outlived the new factor")
	}
	v := b.visitor()
	if v.show("sign_in", authenticator).want(200).json(`{"success":true}`); !v.signedIn() {
		t.Fatal("nobody is signed in")
	}
	cookie := v.cookie().Value
	v.show("sign_in", authenticator).want(200)
	if v.cookie().Value == cookie {
		t.Error("signing in again kept the token")
	}
	var known struct {
		Passkeys []struct {
			ID, Name   string
			CreatedAt  string `json:"created_at"`
			LastUsedAt string `json:"last_used_at"`
		}
	}
	v.call("GET", "/api/security", nil).want(200).decode(&known)
	if len(known.Passkeys) != 1 || known.Passkeys[0].ID != id || known.Passkeys[0].Name != "My phone" || known.Passkeys[0].CreatedAt == "" || known.Passkeys[0].LastUsedAt == "" {
		t.Errorf("known: %+v", known)
	}
	v.call("POST", "/api/tokens", map[string]any{"name": "x", "scopes": []string{"read"}}).want(201) // the sign-in is fresh
}

func TestAPasskeyIsASecondFactor(t *testing.T) {
	t.Parallel()
	b := named(t)
	ann := b.user("ann")
	authenticator, _ := ann.register("Phone")
	v := b.visitor()
	if said := v.password("ann"); !strings.Contains(said, `"requires_2fa":true`) || !strings.Contains(said, `"passkey"`) {
		t.Fatalf("the password alone gave %s", said)
	}
	if v.signedIn() {
		t.Fatal("the password alone signed in")
	}
	options := v.options("/api/auth/passkey/begin", map[string]any{"purpose": "second_factor"})
	if !authenticator.Has(t, options) {
		t.Errorf("her passkey is not asked for: %s", options)
	}
	v.finish(authenticator.Get(t, options)).want(200)
	if !v.signedIn() {
		t.Fatal("nobody is signed in")
	}
	if said := b.visitor().call("POST", "/api/auth/passkey/begin", map[string]any{"purpose": "second_factor"}).problem(400); said != "Sign in with your password first." {
		t.Errorf("without a password: %q", said)
	}
	late := b.visitor()
	late.password("ann")
	b.clock.Advance(auth.PendingFor + time.Second)
	late.call("POST", "/api/auth/passkey/begin", map[string]any{"purpose": "second_factor"}).problem(400)
}

func TestAPasskeyStepsUp(t *testing.T) {
	t.Parallel()
	b := named(t)
	v := b.user("ann")
	authenticator, id := v.register("Phone")
	b.clock.Advance(auth.FreshFor + time.Second)
	wish := map[string]any{"name": "x", "scopes": []string{"read"}}
	if said := v.call("POST", "/api/tokens", wish); !strings.Contains(said.text, "step_up_required") {
		t.Fatalf("not fresh: %s", said.text)
	}
	v.call("DELETE", "/api/passkeys/"+id, nil).problem(403)
	v.call("POST", "/api/passkeys/register/begin", nil).problem(403)
	before := v.cookie().Value
	if said := v.show("step_up", authenticator).want(200).text; !strings.Contains(said, "fresh_until") {
		t.Errorf("stepped up: %s", said)
	}
	if v.cookie().Value == before {
		t.Error("the token stayed")
	}
	v.call("POST", "/api/tokens", wish).want(201)
	b.visitor().call("POST", "/api/auth/passkey/begin", map[string]any{"purpose": "step_up"}).problem(401)
	b.user("bob").call("POST", "/api/auth/passkey/begin", map[string]any{"purpose": "step_up"}).problem(400) // no passkey
}

func TestPasskeysAreNamedAndDeleted(t *testing.T) {
	t.Parallel()
	b := named(t)
	ann, bob := b.user("ann"), b.user("bob")
	_, first := ann.register("Phone")
	authenticator, second := ann.register("Key")
	for _, name := range []string{"", " ", strings.Repeat("x", 81), "a\u0007b"} {
		ann.call("PUT", "/api/passkeys/"+first, map[string]any{"name": name}).problem(400)
	}
	bob.call("PUT", "/api/passkeys/"+first, map[string]any{"name": "mine"}).problem(404)
	bob.call("DELETE", "/api/passkeys/"+first, nil).problem(404)
	ann.call("PUT", "/api/passkeys/"+first, map[string]any{"name": "Telephone"}).want(200)
	if said := ann.call("GET", "/api/security", nil).want(200).text; !strings.Contains(said, `"Telephone"`) || !strings.Contains(said, `"Key"`) {
		t.Errorf("known: %s", said)
	}
	elsewhere, before := b.visitor(), ann.cookie().Value
	elsewhere.show("sign_in", authenticator).want(200)
	ann.call("DELETE", "/api/passkeys/"+second, nil).want(200)
	if elsewhere.signedIn() || ann.cookie().Value == before {
		t.Error("deleting a passkey left another session alive, or its own token as it was")
	}
	b.visitor().show("sign_in", authenticator).problem(401)
	if !strings.Contains(b.visitor().password("ann"), "requires_2fa") {
		t.Error("the first passkey does not count as a second factor any more")
	}
	ann.call("DELETE", "/api/passkeys/"+first, nil).want(200)
	b.visitor().signIn("ann")
	if !ann.signedIn() {
		t.Error("deleting a passkey ended the session that did it")
	}
	var got []audit.Action
	entries, err := b.store.AuditLinks(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Target, "passkey:") {
			got = append(got, entry.Action)
		}
	}
	if want := []audit.Action{audit.PasskeyAdded, audit.PasskeyAdded, audit.PasskeyRenamed, audit.PasskeyDeleted, audit.PasskeyDeleted}; !slices.Equal(got, want) {
		t.Errorf("the audit has %v", got)
	}
}

// lies are what a browser or an authenticator may say that is not so.
var lies = map[string]func(*authtest.Authenticator){
	"another origin":       func(a *authtest.Authenticator) { a.Origin = "https://evil.example" },
	"another port":         func(a *authtest.Authenticator) { a.Origin = "http://localhost:1" },
	"another challenge":    func(a *authtest.Authenticator) { a.Challenge = strings.Repeat("A", 43) },
	"no user verification": func(a *authtest.Authenticator) { a.Unverified = true },
	"an older count":       func(a *authtest.Authenticator) { a.Count, a.Step = 1, 0 },
	"another user":         func(a *authtest.Authenticator) { a.UserHandle = "somebody-else" },
}

func TestLyingPasskeysAreRefusedForEveryPurpose(t *testing.T) {
	t.Parallel()
	for _, name := range slices.Sorted(maps.Keys(lies)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := named(t)
			ann := b.user("ann")
			authenticator, _ := ann.register("Phone")
			ann.show("step_up", authenticator).want(200)
			honest := *authenticator
			lies[name](authenticator)

			v := b.visitor()
			v.show("sign_in", authenticator).problem(401)
			v.password("ann")
			v.show("second_factor", authenticator).problem(401)
			if v.signedIn() {
				t.Error("a lie signed in")
			}
			b.clock.Advance(auth.FreshFor + time.Second)
			ann.show("step_up", authenticator).problem(401)
			ann.call("POST", "/api/passkeys/register/begin", nil).problem(403)
			if !ann.signedIn() {
				t.Error("a refused step-up ended the session")
			}
			ann.show("step_up", &honest).want(200)

			failures := map[audit.Action]int{}
			entries, err := b.store.AuditLinks(t.Context(), 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range entries {
				if entry.Details["method"] == "passkey" && entry.Details["reason"] != nil {
					failures[entry.Action]++
					if counted := entry.Details["reason"] == "counter went back"; counted != (name == "an older count") || entry.ActorName != "ann" {
						t.Errorf("recorded: %+v", entry.Entry)
					}
				}
			}
			if failures[audit.LoginFailed] != 1 || failures[audit.TwoFactorFailed] != 1 || failures[audit.StepUpFailed] != 1 {
				t.Errorf("recorded failures: %v", failures)
			}
		})
	}
}

func TestLyingPasskeysAreNotRegistered(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"another origin", "another port", "another challenge", "no user verification"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := named(t).user("ann")
			authenticator := authtest.New(v.url)
			lies[name](authenticator)
			v.finishRegistration("Phone", authenticator.Create(t, v.options("/api/passkeys/register/begin", nil))).problem(400)
			if !strings.Contains(v.call("GET", "/api/security", nil).want(200).text, `"passkeys":[]`) {
				t.Error("it was kept")
			}
		})
	}
}

func TestAnAnswerCountsOnce(t *testing.T) {
	t.Parallel()
	b := named(t)
	ann := b.user("ann")
	creation := authtest.New(b.url)
	creation.Count, creation.Step = 0, 0 // like a synchronized passkey: the counter cannot tell
	made := creation.Create(t, ann.options("/api/passkeys/register/begin", nil))
	ann.finishRegistration("Phone", made).want(201)
	ann.finishRegistration("Phone", made).problem(400)
	ann.options("/api/passkeys/register/begin", nil)
	ann.finishRegistration("Phone", made).problem(400) // to another question

	v := b.visitor()
	options := v.options("/api/auth/passkey/begin", map[string]any{"purpose": "sign_in"})
	shown := creation.Get(t, options)
	thief := b.visitor()
	thief.options("/api/auth/passkey/begin", map[string]any{"purpose": "sign_in"})
	thief.finish(shown).problem(401) // in another session
	v.finish(shown).want(200)
	v.finish(shown).problem(400)
	b.visitor().finish(shown).problem(400)

	options = v.options("/api/auth/passkey/begin", map[string]any{"purpose": "step_up"})
	shown = creation.Get(t, options)
	cookie := v.cookie()
	v.call("POST", "/api/auth/logout", nil).want(200)
	b.visitor().call("POST", "/api/auth/passkey/finish", map[string]any{"credential": shown}, "Cookie", cookie.String()).problem(400)
}

func TestManyAnswersAtOnceCountOnce(t *testing.T) {
	t.Parallel()
	b := named(t)
	ann := b.user("ann")
	uncounted := authtest.New(b.url)
	uncounted.Count, uncounted.Step = 0, 0
	ann.finishRegistration("Phone", uncounted.Create(t, ann.options("/api/passkeys/register/begin", nil))).want(201)
	v := b.visitor()
	shown := uncounted.Get(t, v.options("/api/auth/passkey/begin", map[string]any{"purpose": "sign_in"}))
	body, err := json.Marshal(map[string]any{"credential": shown})
	if err != nil {
		t.Fatal(err)
	}
	cookie := v.cookie().String()
	var group sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 16 {
		group.Go(func() {
			answer := b.visitor().call("POST", "/api/auth/passkey/finish", string(body), "Cookie", cookie)
			mu.Lock()
			defer mu.Unlock()
			statuses[answer.status]++
		})
	}
	group.Wait()
	if statuses[200] != 1 {
		t.Errorf("16 answers with one challenge gave %v", statuses)
	}
}

func TestPasskeyQuestionsExpire(t *testing.T) {
	t.Parallel()
	b := named(t)
	ann := b.user("ann")
	authenticator, _ := ann.register("Phone")
	v := b.visitor()
	late := authenticator.Get(t, v.options("/api/auth/passkey/begin", map[string]any{"purpose": "sign_in"}))
	creation := authtest.New(b.url).Create(t, ann.options("/api/passkeys/register/begin", nil))
	b.clock.Advance(auth.PasskeyPatience)
	v.finish(late).problem(400)
	ann.finishRegistration("Key", creation).problem(400)
	if v.signedIn() {
		t.Error("a late answer signed in")
	}
}

func TestPasskeyQuestionsAreForOnePurpose(t *testing.T) {
	t.Parallel()
	b := named(t)
	ann := b.user("ann")
	authenticator, _ := ann.register("Phone")
	registration := ann.options("/api/passkeys/register/begin", nil)
	ann.finish(authenticator.Get(t, registration)).problem(400)
	asked := ann.options("/api/auth/passkey/begin", map[string]any{"purpose": "step_up"})
	ann.finishRegistration("Key", authtest.New(b.url).Create(t, registration)).problem(400)
	ann.finish(authenticator.Get(t, asked)).problem(400) // the question was taken with the wrong answer
	ann.call("POST", "/api/auth/passkey/begin", map[string]any{"purpose": "register"}).problem(400)
}

func TestPasskeysOfOthers(t *testing.T) {
	t.Parallel()
	b := named(t)
	ann, bob := b.user("ann"), b.user("bob")
	ann.register("Phone")
	bobs, _ := bob.register("Phone")
	v := b.visitor()
	v.password("ann")
	v.show("second_factor", bobs).problem(401)
	bobs.UserHandle = b.id("ann")
	v.show("second_factor", bobs).problem(401)
	b.visitor().show("sign_in", bobs).problem(401)
	b.clock.Advance(auth.FreshFor + time.Second)
	ann.show("step_up", bobs).problem(401)
	bobs.UserHandle = ""
	own := b.visitor()
	own.show("sign_in", bobs).want(200)
	if said := own.call("GET", "/api/session", nil).want(200).text; !strings.Contains(said, `"bob"`) {
		t.Errorf("bob's passkey signed in %s", said)
	}
}

func TestADisabledUsersPasskey(t *testing.T) {
	t.Parallel()
	staff := &firing{fired: map[string]bool{}}
	b := named(t, func(c *app.Config, _ *api.Config) { staff.Store = c.Store; c.Store = staff })
	authenticator, _ := b.user("ann").register("Phone")
	staff.set(func() { staff.fired["ann"] = true })
	v := b.visitor()
	v.show("sign_in", authenticator).problem(401)
	if v.signedIn() {
		t.Error("a disabled user signed in")
	}
}

func TestPasskeysNeedAName(t *testing.T) {
	t.Parallel()
	v := setup(t).user("ann")
	port := v.url[strings.LastIndexByte(v.url, ':'):]
	for _, path := range []string{"/api/auth/passkey/begin", "/api/passkeys/register/begin"} {
		var body any
		if strings.Contains(path, "auth") {
			body = map[string]any{"purpose": "sign_in"}
		}
		if said := v.call("POST", path, body).problem(400); !strings.Contains(said, "http://localhost"+port) {
			t.Errorf("by an address: %q", said)
		}
	}
	if said := v.call("POST", "/api/auth/passkey/begin", map[string]any{"purpose": "sign_in"}, "Host", "trader.example", "Origin", "http://trader.example").problem(400); !strings.Contains(said, "PUBLIC_URL") {
		t.Errorf("by a name that nobody set: %q", said)
	}
	public := setup(t, func(_ *app.Config, c *api.Config) { c.PublicURL = "https://trader.example.com" }).user("ann")
	options := string(public.options("/api/passkeys/register/begin", nil))
	if !strings.Contains(options, `"id":"trader.example.com"`) {
		t.Errorf("with a public address: %s", options)
	}
	authenticator := authtest.New("https://trader.example.com")
	public.finishRegistration("Phone", authenticator.Create(t, []byte(options))).want(201)
	public.show("step_up", authenticator).want(200)
}
