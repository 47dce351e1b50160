package api_test

import (
	"bytes"
	"image/png"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// authenticator is an app on somebody's phone, of another maker than the server.
type authenticator struct {
	*bench
	secret   string
	recovery []string
}

// code is what the app shows now; steps away from now with an offset.
func (a authenticator) code(offset int) string {
	a.t.Helper()
	code, err := totp.GenerateCode(a.secret, a.clock.Now().Add(time.Duration(offset)*30*time.Second))
	if err != nil {
		a.t.Fatal(err)
	}
	return code
}

// next waits for a code that was not shown before.
func (a authenticator) next() string {
	a.t.Helper()
	a.clock.Advance(30 * time.Second)
	return a.code(0)
}

// authenticator turns two-factor authentication on.
func (v *visitor) authenticator() authenticator {
	v.t.Helper()
	var begun struct {
		Secret string
		QRURL  string `json:"qr_url"`
	}
	v.call("POST", "/api/2fa/setup", nil).want(200).decode(&begun)
	app := authenticator{bench: v.bench, secret: begun.Secret}
	var enabled struct {
		Codes []string `json:"recovery_codes"`
	}
	v.call("POST", "/api/2fa/enable", map[string]any{"token": app.code(0)}).want(200).decode(&enabled)
	app.recovery = enabled.Codes
	return app
}

func credentials(name string) map[string]any {
	return map[string]any{"username": name, "password": password}
}

func token(code string) map[string]any { return map[string]any{"token": code} }

// pending gives the right password of a user who has a second factor.
func (v *visitor) pending(name string) {
	v.t.Helper()
	v.call("POST", "/api/auth/login", credentials(name)).want(200)
}

func TestTwoFactorAuthenticationFromSetUpToSignIn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address)
		v := b.user("ann")
		v.call("POST", "/api/2fa/enable", token("123456")).problem(404)
		v.call("POST", "/api/2fa/recovery-codes", nil).problem(400)
		setUp := v.call("POST", "/api/2fa/setup", nil).want(200)
		if !strings.Contains(setUp.text, `"qr_url":"/api/2fa/qrcode"`) {
			t.Errorf("set-up says %s", setUp.text)
		}
		picture := v.call("GET", "/api/2fa/qrcode", nil).want(200)
		if _, err := png.Decode(bytes.NewReader([]byte(picture.text))); err != nil || picture.header.Get("Content-Type") != "image/png" || picture.header.Get("Cache-Control") != "no-store" {
			t.Errorf("picture: %v %v", err, picture.header)
		}
		v.call("POST", "/api/2fa/enable", token("000000")).problem(401)
		v.call("GET", "/api/security", nil).want(200).has(`"two_factor":false`)
		app := v.authenticator()
		v.call("GET", "/api/security", nil).want(200).has(`"two_factor":true`, `"recovery_codes_left":10`, `"step_up_methods":["totp"]`)
		v.call("POST", "/api/2fa/setup", nil).problem(409)
		v.call("GET", "/api/2fa/qrcode", nil).problem(404)

		second := b.visitor()
		second.call("POST", "/api/auth/verify-2fa", token(app.next())).problem(400)
		second.call("POST", "/api/auth/login", credentials("ann")).want(200).json(`{"requires_2fa":true,"methods":["totp","recovery_code"]}`)
		second.call("GET", "/api/accounts", nil).problem(401)
		second.call("POST", "/api/auth/verify-2fa", token("12 34-56")).problem(401)
		code := app.next()
		second.call("POST", "/api/auth/verify-2fa", token(code[:3]+" "+code[3:])).want(200).json(`{"success":true}`)
		second.call("GET", "/api/accounts", nil).want(200)
		second.call("POST", "/api/auth/verify-2fa", token(app.next())).problem(400)

		third := b.visitor()
		third.pending("ann")
		third.call("POST", "/api/auth/verify-2fa", token(strings.ToLower(strings.ReplaceAll(app.recovery[3], "-", " ")))).want(200)
		third.call("GET", "/api/security", nil).want(200).has(`"recovery_codes_left":9`)
		for _, what := range []string{app.secret, app.recovery[0]} {
			if strings.Contains(b.log.String(), what) {
				t.Error("a secret is in the log")
			}
		}
	})
}

func (a answer) has(parts ...string) answer {
	a.t.Helper()
	for _, part := range parts {
		if !strings.Contains(a.text, part) {
			a.t.Errorf("%s: no %s in %s", a.call, part, a.text)
		}
	}
	return a
}

// TestACodeIsAcceptedOnce: A, B, A; and A at the second factor counts at step-up too.
func TestACodeIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.user("ann").authenticator()
	first := app.next()
	b.completes("ann", first, 200)
	second := app.next()
	v := b.completes("ann", second, 200)
	b.completes("ann", first, 401)
	b.completes("ann", second, 401)
	v.call("POST", "/api/auth/step-up", token(second)).problem(401)
	v.call("POST", "/api/auth/step-up", token(app.next())).want(200)
	late := app.next()
	b.clock.Advance(30 * time.Second)
	b.completes("ann", late, 200) // the step before is still good
	b.clock.Advance(60 * time.Second)
	b.completes("ann", app.code(-2), 401)
}

// completes signs in with the code and wants the status.
func (b *bench) completes(name, code string, status int) *visitor {
	b.t.Helper()
	v := b.visitor()
	v.pending(name)
	v.call("POST", "/api/auth/verify-2fa", token(code)).want(status)
	return v
}

func TestFiftyUseOneCodeAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		b := setupOn(t, address)
		app := b.user("ann").authenticator()
		for name, code := range map[string]func() string{"TOTP": app.next, "recovery": func() string { return app.recovery[0] }} {
			given := code()
			visitors := make([]*visitor, 50)
			for i := range visitors {
				visitors[i] = b.visitor()
				visitors[i].pending("ann")
			}
			if got := atOnce(visitors, func(v *visitor) int { return v.call("POST", "/api/auth/verify-2fa", token(given)).status })[200]; got != 1 {
				t.Errorf("%s: %d of fifty got in", name, got)
			}
			b.clock.Advance(2 * time.Hour) // the hour's wrong codes are forgotten
		}
	})
}

// atOnce lets all visitors call at the same moment and counts the statuses.
func atOnce(visitors []*visitor, call func(*visitor) int) map[int]int {
	var group sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	begin := make(chan struct{})
	for _, v := range visitors {
		group.Go(func() {
			<-begin
			status := call(v)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	close(begin)
	group.Wait()
	return statuses
}

func TestFiveWrongCodesEndThePendingSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.user("ann").authenticator()
	v := b.visitor()
	v.pending("ann")
	for range 4 {
		v.call("POST", "/api/auth/verify-2fa", token("000000")).problem(401)
	}
	if said := v.call("POST", "/api/auth/verify-2fa", token("000000")).problem(401); !strings.Contains(said, "password again") {
		t.Errorf("the fifth says %q", said)
	}
	v.call("POST", "/api/auth/verify-2fa", token(app.next())).problem(400)

	crowd := make([]*visitor, 30) // one browser that asks thirty times at once has five tries too
	v.pending("ann")
	for i := range crowd {
		crowd[i] = v
	}
	statuses := atOnce(crowd, func(v *visitor) int { return v.call("POST", "/api/auth/verify-2fa", token("000000")).status })
	if statuses[401] != 5 || statuses[400] != 25 {
		t.Errorf("thirty at once: %v", statuses)
	}
	v.pending("ann")
	b.clock.Advance(5 * time.Minute)
	v.call("POST", "/api/auth/verify-2fa", token(app.next())).problem(400)
}

func TestTwentyWrongCodesEndTheHour(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.user("ann").authenticator()
	for range 4 {
		v := b.visitor()
		v.pending("ann")
		for range 5 {
			v.call("POST", "/api/auth/verify-2fa", token("000000")).problem(401)
		}
	}
	v := b.visitor()
	v.pending("ann")
	refused := v.call("POST", "/api/auth/verify-2fa", token(app.next()))
	refused.problem(429)
	if refused.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	v.call("POST", "/api/auth/verify-2fa", token(app.recovery[0])).want(200) // 140 bits need no counting
	b.clock.Advance(time.Hour)
	b.completes("ann", app.code(0), 200)
}

func TestTurningTwoFactorAuthenticationOff(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	app := v.authenticator()
	other := b.completes("ann", app.next(), 200)
	v.call("GET", "/api/accounts", nil).want(200)
	off := func(v *visitor, password string) answer {
		return v.call("POST", "/api/2fa/disable", map[string]any{"password": password})
	}
	b.clock.Advance(6 * time.Minute)
	off(v, password).stepUpRequired()
	v.call("POST", "/api/auth/step-up", map[string]any{"password": password}).problem(403) // the password alone
	v.call("POST", "/api/auth/step-up", token(app.code(0))).want(200)
	off(v, "not the password").problem(401)
	off(v, password).want(200)
	other.call("GET", "/api/accounts", nil).problem(401)
	v.call("GET", "/api/security", nil).want(200).has(`"two_factor":false`, `"recovery_codes_left":0`, `"step_up_methods":["password"]`)
	b.visitor().call("POST", "/api/auth/login", credentials("ann")).want(200).json(`{"success":true}`)
	off(v, password).problem(404)
}

func (a answer) stepUpRequired() {
	a.t.Helper()
	a.problem(http.StatusForbidden)
	a.has(`"code":"step_up_required"`)
}

func TestNewRecoveryCodesReplaceTheOldOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	app := v.authenticator()
	var renewed struct {
		Codes []string `json:"recovery_codes"`
	}
	v.call("POST", "/api/2fa/recovery-codes", nil).want(200).decode(&renewed)
	b.completes("ann", app.recovery[0], 401)
	b.completes("ann", renewed.Codes[9], 200)
	b.completes("ann", renewed.Codes[9], 401)
	b.user("bob").authenticator()
	b.completes("bob", renewed.Codes[0], 401)
}

func TestTheSecretOfAnotherRowOpensNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob := b.user("ann").authenticator(), b.user("bob").authenticator()
	_, err := b.store.Writer().ExecContext(t.Context(), `UPDATE totp_secrets SET
		sealed = (SELECT sealed FROM totp_secrets WHERE user_id = ?), id = 'moved' WHERE user_id = ?`, b.id("bob"), b.id("ann"))
	if err != nil {
		t.Fatal(err)
	}
	b.completes("ann", bob.next(), 500)
	b.completes("ann", ann.code(0), 500)
	b.completes("ann", ann.recovery[0], 200)
}

// TestAnOlderAuthenticatorThatWasPutBackOpensNothing: whoever may write to the database, but knows no
// key, puts the row of an app back that he has the codes of.
func TestAnOlderAuthenticatorThatWasPutBackOpensNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	execute := func(statement string, arguments ...any) {
		t.Helper()
		if _, err := b.store.Writer().ExecContext(t.Context(), statement, arguments...); err != nil {
			t.Fatal(err)
		}
	}
	older := v.authenticator()
	b.completes("ann", older.next(), 200)
	execute("CREATE TABLE stolen AS SELECT * FROM totp_secrets")
	v.call("POST", "/api/2fa/disable", map[string]any{"password": password}).want(200)
	execute("INSERT INTO totp_secrets SELECT * FROM stolen")
	b.completes("ann", older.next(), 500) // turned off since
	execute("DELETE FROM totp_secrets")
	newer := v.authenticator()
	b.completes("ann", newer.next(), 200)
	execute("DELETE FROM totp_secrets")
	execute("INSERT INTO totp_secrets SELECT * FROM stolen")
	b.completes("ann", older.next(), 500)
	b.completes("ann", newer.recovery[0], 200)
}

func TestSecondFactorsAreInTheAudit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	app := v.authenticator()
	b.completes("ann", "000000", 401)
	b.completes("ann", app.next(), 200)
	b.completes("ann", app.recovery[0], 200)
	v = b.completes("ann", app.next(), 200)
	v.call("POST", "/api/2fa/recovery-codes", nil).want(200)
	v.call("POST", "/api/auth/step-up", token(app.next())).want(200)
	v.call("POST", "/api/2fa/disable", map[string]any{"password": password}).want(200)
	v.call("POST", "/api/auth/step-up", map[string]any{"password": "not the password"}).problem(401)
	v.call("POST", "/api/auth/email", map[string]any{"email": "new@example.com"}).want(200)
	v.call("POST", "/api/auth/password", map[string]any{"current_password": password, "new_password": password + "!"}).want(200)
	v.call("DELETE", "/api/sessions", nil).want(200).json(`{"success":true,"ended":0}`)
	links, err := b.store.AuditLinks(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, link := range links {
		got = append(got, string(link.Action))
		if link.Actor != b.id("ann") {
			t.Errorf("%s by %q", link.Action, link.Actor)
		}
	}
	want := []audit.Action{
		audit.Register, audit.Login, audit.TwoFactorEnabled, audit.TwoFactorFailed, audit.TwoFactorVerified, audit.Login,
		audit.RecoveryCodeUsed, audit.Login, audit.TwoFactorVerified, audit.Login, audit.RecoveryCodesMade, audit.TwoFactorVerified,
		audit.StepUp, audit.TwoFactorDisabled, audit.StepUpFailed, audit.EmailChange, audit.PasswordChange, audit.SessionEnd,
	}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != string(want[i]) {
			t.Errorf("entry %d is %s, want %s", i+1, got[i], want[i])
		}
	}
}
