package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// A sign-in in two steps: SignIn leaves a pending sign-in in the store, whose id the browser's
// session keeps; PendingUser says whose it is; CompleteSignIn, called by whoever has verified the
// second factor, uses it up and opens the session.

// errNoPending says that there is no pending sign-in, or not any more.
var errNoPending = fault.New(fault.Invalid, "Sign in with your password first.")

func (a *App) beginSecondStep(ctx context.Context, user auth.User, factors auth.Factors, remember bool) (SecondStep, error) {
	pending := auth.PendingSignIn{
		ID: auth.NewToken(), UserID: user.ID, SessionEpoch: user.SessionEpoch, Remember: remember,
		ExpiresAt: a.Clock.Now().Add(auth.PendingFor),
	}
	return SecondStep{Pending: pending.ID, Methods: factors.SecondStep()}, a.Store.CreatePending(ctx, pending)
}

// PendingUser returns the pending sign-in and the user whose it is. A fault of kind Invalid when
// there is none: the id is empty, it expired, was used up, or the user may not sign in any more.
func (a *App) PendingUser(ctx context.Context, pendingID string) (auth.PendingSignIn, auth.User, error) {
	if pendingID == "" {
		return auth.PendingSignIn{}, auth.User{}, errNoPending
	}
	pending, err := a.Store.PendingSignIn(ctx, pendingID)
	if fault.Is(err, fault.NotFound) {
		return auth.PendingSignIn{}, auth.User{}, errNoPending
	}
	if err != nil {
		return auth.PendingSignIn{}, auth.User{}, err
	}
	user, err := a.SignedIn(ctx, pending.UserID, pending.SessionEpoch)
	if fault.Is(err, fault.Unauthenticated) {
		return auth.PendingSignIn{}, auth.User{}, errNoPending
	}
	return pending, user, err
}

// CompleteSignIn completes the pending sign-in with a factor of the method, which the caller has
// verified to be its user's. Of two calls for one pending sign-in one succeeds.
func (a *App) CompleteSignIn(ctx context.Context, p auth.Principal, pendingID string, method auth.Method, browser Browser) error {
	pending, user, err := a.PendingUser(ctx, pendingID)
	if err != nil {
		return err
	}
	return a.open(ctx, p, user, opening{pending: pending.ID, method: method, remember: pending.Remember}, browser)
}

// SignInWithPasskey signs the user in without a password. The caller has verified a passkey of the
// user, which is possession and, since the authenticator verified its user, a second factor.
func (a *App) SignInWithPasskey(ctx context.Context, p auth.Principal, user auth.User, remember bool, browser Browser) error {
	if user.Disabled {
		return errWrongCredentials
	}
	return a.open(ctx, p, user, opening{method: auth.ByPasskey, remember: remember}, browser)
}

// SteppedUp records that the signed-in principal has shown a factor again, which the caller has
// verified, and returns how long it counts. The caller then marks the session and changes its token.
func (a *App) SteppedUp(ctx context.Context, p auth.Principal, method auth.Method) (until time.Time, err error) {
	if err := p.Require(auth.Self); err != nil {
		return time.Time{}, err
	}
	err = a.Store.Append(ctx, a.entry(p, audit.StepUp, userTarget(p.UserID), map[string]any{"method": string(method)}))
	return a.Clock.Now().Add(auth.FreshFor), err
}

// VerifySecondFactor completes the pending sign-in with a code: six digits of the authenticator or
// a recovery code. Unauthenticated when it is wrong; after auth.PendingTries wrong ones the pending
// sign-in is over.
func (a *App) VerifySecondFactor(ctx context.Context, p auth.Principal, pendingID string, token secret.Text, browser Browser) error {
	if err := p.Require(auth.Public); err != nil {
		return err
	}
	pending, user, err := a.PendingUser(ctx, pendingID)
	if err != nil {
		return err
	}
	left, err := a.Store.TryPending(ctx, pending.ID)
	if fault.Is(err, fault.NotFound) {
		return errNoPending
	}
	if err != nil {
		return err
	}
	p.UserID, p.Username = user.ID, user.Username
	method, err := a.checkCode(ctx, p, token)
	switch {
	case err == nil:
		return a.CompleteSignIn(ctx, p, pending.ID, method, browser)
	case fault.Is(err, fault.Unauthenticated) && left == 0:
		return firstError(a.Store.EndPending(ctx, pending.ID), errLastCode)
	default:
		return err
	}
}

var (
	errWrongCode = fault.New(fault.Unauthenticated, "The code is wrong or was used already.")
	errLastCode  = fault.New(fault.Unauthenticated, "The code is wrong or was used already. Sign in with your password again.")
)

// checkCode uses up a code of the principal's user: a TOTP code of the authenticator or a recovery
// code. Unauthenticated, and recorded, when it is wrong.
func (a *App) checkCode(ctx context.Context, p auth.Principal, token secret.Text) (auth.Method, error) {
	code, isRecovery := auth.ReadCode(token)
	if isRecovery {
		return auth.ByRecoveryCode, a.useRecoveryCode(ctx, p, code)
	}
	return auth.ByTOTP, a.useTOTPCode(ctx, p, code)
}

// useRecoveryCode needs no count of tries: the codes have 140 random bits.
func (a *App) useRecoveryCode(ctx context.Context, p auth.Principal, code secret.Text) error {
	key, err := a.dataKey(ctx, p.UserID)
	if err != nil {
		return err
	}
	entry := a.entry(p, audit.RecoveryCodeUsed, userTarget(p.UserID), nil)
	used, err := a.Store.UseRecoveryCode(ctx, p.UserID, key.Mark(recoveryPurpose, code), entry)
	if err != nil || used {
		return err
	}
	return a.wrongCode(ctx, p, auth.ByRecoveryCode)
}

const recoveryPurpose = "recovery code"

func (a *App) useTOTPCode(ctx context.Context, p auth.Principal, code secret.Text) error {
	if err := a.Store.CountCodeTry(ctx, p.UserID); err != nil {
		return err
	}
	stored, err := a.Store.TOTPSecret(ctx, p.UserID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err != nil || !stored.Enabled {
		return a.wrongCode(ctx, p, auth.ByTOTP)
	}
	if err := a.Store.CheckTOTP(ctx, stored); err != nil {
		return err
	}
	step, ok, err := a.matchTOTP(ctx, stored, code)
	if err != nil {
		return err
	}
	if ok {
		ok, err = a.Store.UseTOTPStep(ctx, stored, step, a.entry(p, audit.TwoFactorVerified, userTarget(p.UserID), nil))
	}
	if err != nil {
		return err
	}
	if !ok {
		return a.wrongCode(ctx, p, auth.ByTOTP)
	}
	return a.Store.ForgiveCodeTry(ctx, p.UserID)
}

// matchTOTP returns the time step whose code this is.
func (a *App) matchTOTP(ctx context.Context, stored auth.TOTPSecret, code secret.Text) (step int64, ok bool, err error) {
	key, err := a.dataKey(ctx, stored.UserID)
	if err != nil {
		return 0, false, err
	}
	opened, err := key.Open(totpPlace(stored), stored.Sealed)
	if err != nil {
		return 0, false, err
	}
	return auth.MatchTOTP(opened, code, a.Clock.Now())
}

func (a *App) wrongCode(ctx context.Context, p auth.Principal, method auth.Method) error {
	entry := a.entry(p, audit.TwoFactorFailed, userTarget(p.UserID), map[string]any{"method": string(method)})
	if err := a.Store.Append(ctx, entry); err != nil {
		return err
	}
	return errWrongCode
}

func totpPlace(stored auth.TOTPSecret) secret.Place {
	return secret.Place{Table: "totp_secrets", Column: "sealed", UserID: stored.UserID, RowID: stored.ID, ValueVersion: 1}
}

func (a *App) dataKey(ctx context.Context, userID string) (*secret.DataKey, error) {
	return KeySafe{a.Keyring, a.Store}.dataKey(ctx, userID)
}
