package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Credentials are what somebody types to sign in.
type Credentials struct {
	Login    string // user name or e-mail address
	Password secret.Text
	Remember bool // stay signed in on this device
}

// Browser is what a sign-in needs of the browser that it happens in.
type Browser struct {
	Device secret.Text // token of its known-device cookie; empty: it has none
	// Open makes its session the user's, under a new token, and gives it the new known-device
	// token; it returns the session's id for the audit. It is called when every factor that is
	// needed was shown, and what it opened must be undone when the sign-in fails after that.
	Open func(user auth.User, remember bool, device secret.Text) (session string, err error)
}

// SecondStep is what a sign-in with the right password still needs. The zero value: nothing, the
// browser is signed in.
type SecondStep struct {
	Pending string // the pending sign-in's id, for the browser's session to keep
	Methods []auth.Method
}

// errWrongCredentials is the same for an unknown name, a wrong password and a disabled user.
var errWrongCredentials = fault.New(fault.Unauthenticated, "The user name or the password is wrong.")

// usualSignInFloor is the least time that a refused sign-in takes: above one password hash.
const usualSignInFloor = 300 * time.Millisecond

// SignIn verifies the password. When it suffices the browser's session is opened, otherwise the
// second step is returned: CompleteSignIn follows it. An unknown name, a wrong password and a
// disabled user give the same fault (Unauthenticated) by the same path, after the same least time.
// Too many failures are RateLimited; without the store nobody signs in.
func (a *App) SignIn(ctx context.Context, p auth.Principal, given Credentials, browser Browser) (SecondStep, error) {
	if err := p.Require(auth.Public); err != nil {
		return SecondStep{}, err
	}
	floor := time.NewTimer(a.SignInFloor)
	defer floor.Stop()
	user, err := a.verify(ctx, p, given, browser.Device)
	if err != nil {
		select {
		case <-floor.C:
		case <-ctx.Done():
		}
		return SecondStep{}, err
	}
	a.renewHash(ctx, user, given.Password)
	factors, err := a.Store.SecondFactors(ctx, user.ID)
	if err != nil {
		return SecondStep{}, err
	}
	if factors.Required() {
		return a.beginSecondStep(ctx, user, factors, given.Remember)
	}
	return SecondStep{}, a.open(ctx, p, user, opening{method: auth.ByPassword, remember: given.Remember}, browser)
}

// verify finds the user and checks the password. The zero user of an unknown name has no hash,
// which takes as long as any. The failure is counted before the password is looked at, so that
// many attempts at once have no more tries than one after the other.
func (a *App) verify(ctx context.Context, p auth.Principal, given Credentials, device secret.Text) (auth.User, error) {
	user, err := a.Store.UserByLogin(ctx, strings.TrimSpace(given.Login))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return auth.User{}, err
	}
	attempt, err := a.attempt(ctx, p, user.ID, given.Login, device)
	if err != nil {
		return auth.User{}, err
	}
	matches, err := a.matches(ctx, attempt, user, given.Password)
	if err != nil {
		return auth.User{}, err
	}
	if !matches || user.Disabled {
		return auth.User{}, a.recordFailure(ctx, p, user, matches)
	}
	return user, a.Store.ForgiveAttempt(ctx, attempt)
}

// matches counts the attempt and checks the password. When it cannot be checked, nothing counts.
func (a *App) matches(ctx context.Context, attempt auth.Attempt, user auth.User, password secret.Text) (bool, error) {
	if err := a.Store.BeginAttempt(ctx, attempt); err != nil {
		return false, err
	}
	matches, err := a.Passwords.Verify(ctx, password.Reveal(), user.PasswordHash)
	if err != nil {
		return false, firstError(a.Store.ForgiveAttempt(context.WithoutCancel(ctx), attempt), err)
	}
	return matches, nil
}

// attempt says how the throttle counts a try from the principal's address or known device.
func (a *App) attempt(ctx context.Context, p auth.Principal, userID, login string, device secret.Text) (auth.Attempt, error) {
	attempt := auth.Attempt{Account: a.throttleAccount(login), Source: "address:" + auth.AddressBlock(p.Address)}
	known, err := a.Store.KnownDevice(ctx, userID, auth.DeviceHash(device))
	if known {
		attempt.Source, attempt.Known = "device:"+auth.DeviceHash(device), true
	}
	return attempt, err
}

// throttleAccount is a name as the throttle keeps it: names that compare as equal give the same.
func (a *App) throttleAccount(login string) string {
	sum := hmac.New(sha256.New, a.Keyring.Derive(secret.ThrottleLabel))
	sum.Write([]byte(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(login)))))
	return hex.EncodeToString(sum.Sum(nil))
}

// recordFailure writes the failed sign-in and returns the refusal. The name that was typed is not
// kept: it may be a password in the wrong field.
func (a *App) recordFailure(ctx context.Context, p auth.Principal, user auth.User, matches bool) error {
	p.UserID, p.Username = user.ID, user.Username
	target, reason := "", "wrong credentials"
	if user.ID != "" {
		target = userTarget(user.ID)
	}
	if matches {
		reason = "disabled"
	}
	if err := a.Store.Append(ctx, a.entry(p, audit.LoginFailed, target, map[string]any{"reason": reason})); err != nil {
		return err
	}
	return errWrongCredentials
}

func userTarget(userID string) string { return "user:" + userID }

// renewHash replaces a hash of another kind or cost. The sign-in goes on when that fails.
func (a *App) renewHash(ctx context.Context, user auth.User, password secret.Text) {
	if !a.Passwords.NeedsRehash(user.PasswordHash) {
		return
	}
	hash, err := a.Passwords.Hash(ctx, password.Reveal())
	if err == nil {
		err = a.Store.RenewPasswordHash(ctx, user.ID, user.PasswordHash, hash)
	}
	if err != nil {
		a.Logger.WarnContext(ctx, "renew the password hash", "user", user.ID, "cause", err)
	}
}

// opening is how a sign-in came about.
type opening struct {
	pending  string // the pending sign-in that it completes; empty: none
	method   auth.Method
	remember bool
}

// open opens the browser's session for the user, who has shown every factor, and records it.
func (a *App) open(ctx context.Context, p auth.Principal, user auth.User, how opening, browser Browser) error {
	device := secret.NewText(auth.NewToken())
	session, err := browser.Open(user, how.remember, device)
	if err != nil {
		return err
	}
	p.UserID, p.Username, p.SessionID = user.ID, user.Username, session
	attempts, err := a.attemptsOf(ctx, p, user, browser.Device)
	if err != nil {
		return err
	}
	now := a.Clock.Now()
	return a.Store.RecordSignIn(ctx, auth.CompletedSignIn{
		UserID: user.ID, SessionEpoch: user.SessionEpoch, At: now, Pending: how.pending,
		DeviceHash: auth.DeviceHash(device), DeviceUntil: now.Add(auth.KnownDeviceFor), Attempts: attempts,
	}, a.entry(p, audit.Login, userTarget(user.ID), map[string]any{"method": string(how.method)}))
}

// attemptsOf lists what a sign-in makes forgotten: the failures of its own source, and the sum over
// all addresses. What other addresses failed stays counted against them.
func (a *App) attemptsOf(ctx context.Context, p auth.Principal, user auth.User, device secret.Text) ([]auth.Attempt, error) {
	var attempts []auth.Attempt
	for _, login := range []string{user.Username, user.Email} {
		own, err := a.attempt(ctx, p, user.ID, login, device)
		if err != nil {
			return nil, err
		}
		attempts = append(attempts, own, auth.Attempt{Account: own.Account})
	}
	return attempts, nil
}

// SignOut records that the principal's session ends; ending it is the caller's.
func (a *App) SignOut(ctx context.Context, p auth.Principal) error {
	if p.UserID == "" {
		return nil
	}
	return a.Store.Append(ctx, a.entry(p, audit.Logout, userTarget(p.UserID), nil))
}

// SignedIn returns the user behind a session of the epoch. A fault of kind Unauthenticated when
// the user is gone or disabled, or all its sessions were ended: the session is worth nothing any more.
func (a *App) SignedIn(ctx context.Context, userID string, epoch int64) (auth.User, error) {
	user, err := a.Store.UserByID(ctx, userID)
	if fault.Is(err, fault.NotFound) || (err == nil && (user.Disabled || user.SessionEpoch != epoch)) {
		return auth.User{}, fault.New(fault.Unauthenticated, "Sign in first.")
	}
	return user, err
}
