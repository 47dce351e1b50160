package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// RunSignIns runs the suite of what slows guessing down and what is used up once.
func RunSignIns(t *testing.T, address Address) {
	for _, test := range []struct {
		name string
		run  func(t *testing.T, w world)
	}{
		{"FailuresFromOneAddressWait", failuresFromOneAddressWait},
		{"FailuresFromManyAddressesWait", failuresFromManyAddressesWait},
		{"AHundredFailuresEndIt", aHundredFailuresEndIt},
		{"AttemptsAtOnceShareNothing", attemptsAtOnceShareNothing},
		{"SuccessForgetsFailures", successForgetsFailures},
		{"KnownDevices", knownDevices},
		{"PendingSignIns", pendingSignIns},
		{"ManyCompleteOnePending", manyCompleteOnePending},
		{"CodesAreUsedOnce", codesAreUsedOnce},
		{"ManyUseOneCode", manyUseOneCode},
		{"TOTPSetUp", totpSetUp},
		{"RecoveryCodesAreUsedOnce", recoveryCodesAreUsedOnce},
		{"CodeTriesByTheHour", codeTriesByTheHour},
		{"ChangesEndEverySession", changesEndEverySession},
		{"SweptSignIns", sweptSignIns},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, newWorld(t, address))
		})
	}
}

func from(source string) auth.Attempt { return auth.Attempt{Account: "ann", Source: source} }

// refusedFor is how long the attempt must wait; zero when it was counted.
func (w world) refusedFor(t *testing.T, attempt auth.Attempt) time.Duration {
	t.Helper()
	err := w.BeginAttempt(t.Context(), attempt)
	if err == nil {
		return 0
	}
	want(t, err, fault.RateLimited)
	return fault.RetryOf(err)
}

func failuresFromOneAddressWait(t *testing.T, w world) {
	attempt := from("address:1")
	for range 5 {
		same(t, "a free failure", w.refusedFor(t, attempt), 0)
	}
	for n := range 15 {
		wait := min(15*time.Minute, time.Second<<n)
		same(t, fmt.Sprint("wait after failure ", n+5), w.refusedFor(t, attempt), wait)
		w.clock.Advance(wait)
		same(t, fmt.Sprint("after it, failure ", n+6), w.refusedFor(t, attempt), 0)
	}
	same(t, "another account", w.refusedFor(t, auth.Attempt{Account: "ben", Source: "address:1"}), 0)
}

func failuresFromManyAddressesWait(t *testing.T, w world) {
	for n := range 10 {
		same(t, "a free failure", w.refusedFor(t, from(fmt.Sprint("address:", n))), 0)
	}
	same(t, "the eleventh address", w.refusedFor(t, from("address:10")), time.Second)
	known := auth.Attempt{Account: "ann", Source: "device:d", Known: true}
	for range 5 {
		same(t, "the known device", w.refusedFor(t, known), 0)
	}
	same(t, "which waits for its own failures", w.refusedFor(t, known), time.Second)
	w.clock.Advance(time.Second)
	same(t, "after the wait", w.refusedFor(t, from("address:10")), 0)
	for n := range 20 {
		w.clock.Advance(5 * time.Minute)
		same(t, "never more than 5 minutes", w.refusedFor(t, from(fmt.Sprint("address:late", n))), 0)
	}
	again := w.again(t, func(*store.Options) {})
	want(t, again.BeginAttempt(t.Context(), from("address:12")), fault.RateLimited) // another process sees it
}

func aHundredFailuresEndIt(t *testing.T, w world) {
	for n := range auth.HardStop {
		same(t, "counted", w.refusedFor(t, from(fmt.Sprint("address:", n))), 0)
		w.clock.Advance(5 * time.Minute)
	}
	w.clock.Advance(24 * time.Hour)
	err := w.BeginAttempt(t.Context(), from("address:new"))
	want(t, err, fault.RateLimited)
	same(t, "no wait helps", fault.RetryOf(err), 0)
	must(t, w.BeginAttempt(t.Context(), auth.Attempt{Account: "ann", Source: "device:d", Known: true}))
	must(t, w.ForgetFailures(t.Context(), []string{"ann"}))
	must(t, w.BeginAttempt(t.Context(), from("address:new")))
}

func attemptsAtOnceShareNothing(t *testing.T, w world) {
	second := w.again(t, func(*store.Options) {})
	counted := together(t, 50, fault.RateLimited, func(ctx context.Context, i int) error {
		return []*store.Store{w.Store, second}[i%2].BeginAttempt(ctx, from("address:1"))
	})
	same(t, "tries of fifty at once", counted, 5)
}

func successForgetsFailures(t *testing.T, w world) {
	ann := w.user(t, "ann")
	here, there := from("address:here"), from("address:there")
	for range 5 {
		must(t, w.BeginAttempt(t.Context(), here))
		must(t, w.BeginAttempt(t.Context(), there))
	}
	want(t, w.BeginAttempt(t.Context(), here), fault.RateLimited)
	done := auth.CompletedSignIn{UserID: ann.ID, At: start, Attempts: []auth.Attempt{{Account: "ann"}, here}}
	must(t, w.RecordSignIn(t.Context(), done, audit.Entry{Action: audit.Login}))
	must(t, w.BeginAttempt(t.Context(), here))
	want(t, w.BeginAttempt(t.Context(), there), fault.RateLimited) // the guesser's own failures stay
	must(t, w.ForgiveAttempt(t.Context(), there))
	must(t, w.BeginAttempt(t.Context(), there))
}

func knownDevices(t *testing.T, w world) {
	ann, ben := w.user(t, "ann"), w.user(t, "ben")
	known := func(userID, hash string) bool {
		known, err := w.KnownDevice(t.Context(), userID, hash)
		must(t, err)
		return known
	}
	done := auth.CompletedSignIn{UserID: ann.ID, At: start, DeviceHash: "d1", DeviceUntil: start.Add(time.Hour)}
	must(t, w.RecordSignIn(t.Context(), done, audit.Entry{Action: audit.Login}))
	same(t, "hers", known(ann.ID, "d1"), true)
	same(t, "another user's", known(ben.ID, "d1"), false)
	same(t, "nobody's", known("", "d1"), false)
	same(t, "no device", known(ann.ID, ""), false)
	w.clock.Advance(time.Hour)
	same(t, "after its time", known(ann.ID, "d1"), false)
}

func (w world) pending(t *testing.T, userID, id string) auth.PendingSignIn {
	t.Helper()
	pending := auth.PendingSignIn{ID: id, UserID: userID, Remember: true, ExpiresAt: w.clock.Now().Add(auth.PendingFor)}
	must(t, w.CreatePending(t.Context(), pending))
	return pending
}

func pendingSignIns(t *testing.T, w world) {
	ctx, ann, ben := t.Context(), w.user(t, "ann"), w.user(t, "ben")
	made := w.pending(t, ann.ID, "p1")
	found, err := w.PendingSignIn(ctx, "p1")
	must(t, err)
	same(t, "found", found, made)
	for left := auth.PendingTries - 1; left >= 0; left-- {
		got, err := w.TryPending(ctx, "p1")
		must(t, err)
		same(t, "left", got, left)
	}
	_, err = w.TryPending(ctx, "p1")
	want(t, err, fault.NotFound)
	must(t, w.EndPending(ctx, "p1"))
	must(t, w.EndPending(ctx, "p1"))
	_, err = w.PendingSignIn(ctx, "p1")
	want(t, err, fault.NotFound)

	w.pending(t, ann.ID, "p2")
	want(t, w.RecordSignIn(ctx, auth.CompletedSignIn{UserID: ben.ID, At: start, Pending: "p2"}, audit.Entry{}), fault.Unauthenticated)
	w.clock.Advance(auth.PendingFor)
	_, err = w.PendingSignIn(ctx, "p2")
	want(t, err, fault.NotFound)
	_, err = w.TryPending(ctx, "p2")
	want(t, err, fault.NotFound)
	want(t, w.RecordSignIn(ctx, auth.CompletedSignIn{UserID: ann.ID, At: start, Pending: "p2"}, audit.Entry{}), fault.Unauthenticated)
	same(t, "entries", len(verifyAudit(t, w.Store)), 2)
}

func manyCompleteOnePending(t *testing.T, w world) {
	ann := w.user(t, "ann")
	w.pending(t, ann.ID, "p")
	completed := together(t, crowd, fault.Unauthenticated, func(ctx context.Context, _ int) error {
		return w.RecordSignIn(ctx, auth.CompletedSignIn{UserID: ann.ID, At: start, Pending: "p"}, audit.Entry{Action: audit.Login})
	})
	same(t, "completed", completed, 1)
}

func (w world) totp(t *testing.T, userID string) auth.TOTPSecret {
	t.Helper()
	secret := auth.TOTPSecret{ID: "totp " + userID, UserID: userID, Sealed: []byte{1, 2}}
	must(t, w.PutTOTPSecret(t.Context(), secret))
	_, enabled, err := w.EnableTOTP(t.Context(), secret, 100, [][]byte{{1}, {2}}, audit.Entry{Action: audit.TwoFactorEnabled})
	must(t, err)
	same(t, "enabled", enabled, true)
	secret.Enabled = true
	return secret
}

func codesAreUsedOnce(t *testing.T, w world) {
	secret := w.totp(t, w.user(t, "ann").ID)
	for _, use := range []struct {
		step int64
		want bool
	}{{100, false}, {101, true}, {102, true}, {101, false}, {102, false}, {99, false}, {103, true}} {
		used, err := w.UseTOTPStep(t.Context(), secret, use.step, audit.Entry{Action: audit.TwoFactorVerified})
		must(t, err)
		same(t, fmt.Sprint("step ", use.step), used, use.want)
	}
	foreign := secret
	foreign.UserID = w.user(t, "ben").ID
	used, err := w.UseTOTPStep(t.Context(), foreign, 200, audit.Entry{})
	must(t, err)
	same(t, "another user's", used, false)
}

func manyUseOneCode(t *testing.T, w world) {
	secret := w.totp(t, w.user(t, "ann").ID)
	second := w.again(t, func(*store.Options) {})
	used := together(t, 50, fault.Conflict, func(ctx context.Context, i int) error {
		used, err := []*store.Store{w.Store, second}[i%2].UseTOTPStep(ctx, secret, 101, audit.Entry{Action: audit.TwoFactorVerified})
		return orConflict(used, err)
	})
	same(t, "of fifty at once", used, 1)
	same(t, "entries", len(verifyAudit(t, w.Store)), 3)
}

// orConflict makes "it was used before" an error.
func orConflict(used bool, err error) error {
	if err == nil && !used {
		return fault.New(fault.Conflict, "used before")
	}
	return err
}

func totpSetUp(t *testing.T, w world) {
	ctx, ann := t.Context(), w.user(t, "ann")
	_, err := w.TOTPSecret(ctx, ann.ID)
	want(t, err, fault.NotFound)
	first := auth.TOTPSecret{ID: "first", UserID: ann.ID, Sealed: []byte{1}}
	must(t, w.PutTOTPSecret(ctx, first))
	second := auth.TOTPSecret{ID: "second", UserID: ann.ID, Sealed: []byte{2}}
	must(t, w.PutTOTPSecret(ctx, second))
	used, err := w.UseTOTPStep(ctx, second, 5, audit.Entry{})
	must(t, err)
	same(t, "a code before it is on", used, false)
	_, enabled, err := w.EnableTOTP(ctx, first, 5, nil, audit.Entry{})
	must(t, err)
	same(t, "the replaced one", enabled, false)
	user, enabled, err := w.EnableTOTP(ctx, second, 5, [][]byte{{1}, {2}, {3}}, audit.Entry{Action: audit.TwoFactorEnabled})
	must(t, err)
	same(t, "the last one", enabled, true)
	same(t, "sessions end", user.SessionEpoch, ann.SessionEpoch+1)
	factors, err := w.SecondFactors(ctx, ann.ID)
	must(t, err)
	same(t, "factors", factors, auth.Factors{TOTP: true, RecoveryCodes: 3})
	want(t, w.PutTOTPSecret(ctx, first), fault.Conflict)
	user, err = w.DisableTOTP(ctx, ann.ID, audit.Entry{Action: audit.TwoFactorDisabled})
	must(t, err)
	same(t, "sessions end again", user.SessionEpoch, ann.SessionEpoch+2)
	factors, err = w.SecondFactors(ctx, ann.ID)
	must(t, err)
	same(t, "factors after it is off", factors, auth.Factors{})
	_, err = w.DisableTOTP(ctx, ann.ID, audit.Entry{})
	want(t, err, fault.NotFound)
}

func recoveryCodesAreUsedOnce(t *testing.T, w world) {
	ann, ben := w.user(t, "ann").ID, w.user(t, "ben").ID
	w.totp(t, ann)
	used, err := w.UseRecoveryCode(t.Context(), ben, []byte{1}, audit.Entry{})
	must(t, err)
	same(t, "another user's", used, false)
	count := together(t, 50, fault.Conflict, func(ctx context.Context, _ int) error {
		return orConflict(w.UseRecoveryCode(ctx, ann, []byte{1}, audit.Entry{Action: audit.RecoveryCodeUsed}))
	})
	same(t, "of fifty at once", count, 1)
	_, err = w.ReplaceRecoveryCodes(t.Context(), ann, [][]byte{{7}}, audit.Entry{Action: audit.RecoveryCodesMade})
	must(t, err)
	used, err = w.UseRecoveryCode(t.Context(), ann, []byte{2}, audit.Entry{})
	must(t, err)
	same(t, "an old one", used, false)
}

func codeTriesByTheHour(t *testing.T, w world) {
	ann := w.user(t, "ann").ID
	for range auth.CodeTriesPerHour {
		must(t, w.CountCodeTry(t.Context(), ann))
	}
	must(t, w.ForgiveCodeTry(t.Context(), ann))
	must(t, w.CountCodeTry(t.Context(), ann))
	w.clock.Advance(time.Hour - time.Second)
	err := w.CountCodeTry(t.Context(), ann)
	want(t, err, fault.RateLimited)
	same(t, "wait", fault.RetryOf(err), time.Second)
	must(t, w.CountCodeTry(t.Context(), w.user(t, "ben").ID))
	w.clock.Advance(time.Second)
	must(t, w.CountCodeTry(t.Context(), ann))
}

// changesEndEverySession: those that are stored, those that are about to be, and pending sign-ins.
func changesEndEverySession(t *testing.T, w world) {
	ctx, kept, ann := t.Context(), w.Sessions(SessionKey), w.user(t, "ann")
	for name, change := range map[string]func(auth.User) (auth.User, error){
		"password": func(user auth.User) (auth.User, error) {
			return w.ChangePassword(ctx, ann.ID, user.PasswordHash, user.PasswordHash+"x", audit.Entry{Action: audit.PasswordChange})
		},
		"address": func(auth.User) (auth.User, error) {
			return w.ChangeEmail(ctx, ann.ID, "other@example.org", audit.Entry{Action: audit.EmailChange})
		},
		"recovery codes": func(auth.User) (auth.User, error) {
			return w.ReplaceRecoveryCodes(ctx, ann.ID, nil, audit.Entry{Action: audit.RecoveryCodesMade})
		},
	} {
		before, err := w.UserByID(ctx, ann.ID)
		must(t, err)
		data, err := scs.GobCodec{}.Encode(start.Add(time.Hour), map[string]any{auth.SessionUser: ann.ID, auth.SessionID: name})
		must(t, err)
		must(t, kept.CommitCtx(ctx, name, data, start.Add(time.Hour)))
		w.pending(t, ann.ID, name)
		after, err := change(before)
		must(t, err)
		same(t, name+": epoch", after.SessionEpoch, before.SessionEpoch+1)
		must(t, kept.CommitCtx(ctx, name, data, start.Add(time.Hour)))
		_, found, err := kept.FindCtx(ctx, name)
		must(t, err)
		same(t, name+": session found", found, false)
		want(t, w.RecordSignIn(ctx, auth.CompletedSignIn{UserID: ann.ID, SessionEpoch: before.SessionEpoch, At: start}, audit.Entry{}), fault.Unauthenticated)
		_, err = w.PendingSignIn(ctx, name)
		want(t, err, fault.NotFound)
	}
	user, err := w.UserByID(ctx, ann.ID)
	must(t, err)
	same(t, "changed now", user.PasswordChangedAt, start)
	_, err = w.ChangePassword(ctx, ann.ID, "not the current one", "x", audit.Entry{})
	want(t, err, fault.Conflict)
	w.user(t, "ben")
	_, err = w.ChangeEmail(ctx, ann.ID, "BEN@example.org", audit.Entry{})
	want(t, err, fault.Conflict)
}

func sweptSignIns(t *testing.T, w world) {
	ann := w.user(t, "ann")
	w.pending(t, ann.ID, "p")
	must(t, w.BeginAttempt(t.Context(), from("address:1")))
	w.clock.Advance(auth.FailuresKeptFor)
	w.pending(t, ann.ID, "fresh")
	must(t, w.SweepSignIns(t.Context()))
	for table, left := range map[string]int{"pending_sign_ins": 1, "sign_in_failures": 0} {
		var count int
		must(t, w.Writer().QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&count))
		same(t, table, count, left)
	}
}
