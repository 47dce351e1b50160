package app

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Identity is how the principal signs in.
type Identity struct {
	User       auth.User
	Factors    auth.Factors
	Passkeys   []auth.Passkey // oldest first
	FreshUntil time.Time      // until then dangerous acts need no step-up; zero: they need one now
}

// Identity describes how the principal signs in, to itself.
func (a *App) Identity(ctx context.Context, p auth.Principal) (Identity, error) {
	user, factors, err := a.self(ctx, p)
	if err != nil {
		return Identity{}, err
	}
	identity := Identity{User: user, Factors: factors}
	if p.RequireFresh(a.Clock.Now()) == nil {
		identity.FreshUntil = p.FactorAt.Add(auth.FreshFor)
	}
	identity.Passkeys, err = a.Store.ListPasskeys(ctx, p.UserID)
	return identity, err
}

// self returns the principal's own user and factors.
func (a *App) self(ctx context.Context, p auth.Principal) (auth.User, auth.Factors, error) {
	if err := p.Require(auth.Self); err != nil {
		return auth.User{}, auth.Factors{}, err
	}
	user, err := a.Store.UserByID(ctx, p.UserID)
	if err != nil {
		return auth.User{}, auth.Factors{}, err
	}
	factors, err := a.Store.SecondFactors(ctx, p.UserID)
	return user, factors, err
}

// selfFresh is self for an act that needs a fresh factor.
func (a *App) selfFresh(ctx context.Context, p auth.Principal) (auth.User, auth.Factors, error) {
	user, factors, err := a.self(ctx, p)
	if err == nil {
		err = p.RequireFresh(a.Clock.Now())
	}
	return user, factors, err
}

// Proof is what somebody shows to confirm an act: the password, or a code where there is a second factor.
type Proof struct {
	Password secret.Text
	Token    secret.Text // TOTP or recovery code
}

// StepUp checks the proof and returns until when it counts. Who has a second factor must show that
// one: the password alone is refused (Forbidden). The caller then marks the session and changes its token.
func (a *App) StepUp(ctx context.Context, p auth.Principal, proof Proof) (until time.Time, err error) {
	user, factors, err := a.self(ctx, p)
	if err != nil {
		return time.Time{}, err
	}
	method := auth.ByPassword
	switch {
	case !proof.Token.IsEmpty() && factors.Required():
		method, err = a.checkCode(ctx, p, proof.Token)
	case factors.Required():
		err = fault.New(fault.Forbidden, "The password alone is not enough here. Give a code or use a passkey.")
	case proof.Password.IsEmpty():
		err = fault.New(fault.Invalid, "Give your password.")
	default:
		err = a.confirmPassword(ctx, p, user, proof.Password)
	}
	if err != nil {
		return time.Time{}, err
	}
	return a.SteppedUp(ctx, p, method)
}

// confirmPassword checks the password of who is signed in. Failures are counted for the session, so
// that nobody else's slow it down.
func (a *App) confirmPassword(ctx context.Context, p auth.Principal, user auth.User, password secret.Text) error {
	attempt := auth.Attempt{Account: a.throttleAccount(user.Username), Source: "session:" + p.SessionID, Known: true}
	matches, err := a.matches(ctx, attempt, user, password)
	if err != nil {
		return err
	}
	if !matches {
		return firstError(a.Store.Append(ctx, a.entry(p, audit.StepUpFailed, userTarget(p.UserID), nil)),
			fault.New(fault.Unauthenticated, "The password is wrong."))
	}
	return a.Store.ForgiveAttempt(ctx, attempt)
}

// ChangePassword replaces the password. All sessions and pending sign-ins end and known devices are
// forgotten; the caller carries the principal's own session on with the returned user's epoch.
func (a *App) ChangePassword(ctx context.Context, p auth.Principal, current, wanted secret.Text) (auth.User, error) {
	user, _, err := a.selfFresh(ctx, p)
	if err != nil {
		return auth.User{}, err
	}
	if err := a.confirmPassword(ctx, p, user, current); err != nil {
		return auth.User{}, err
	}
	if current.Reveal() == wanted.Reveal() {
		return auth.User{}, fault.New(fault.Invalid, "The new password is the current one.")
	}
	hash, err := a.hashNew(ctx, user, wanted)
	if err != nil {
		return auth.User{}, err
	}
	return a.Store.ChangePassword(ctx, user.ID, user.PasswordHash, hash, a.entry(p, audit.PasswordChange, userTarget(user.ID), nil))
}

// ChangeEmail replaces the address and ends all sessions, as ChangePassword does.
func (a *App) ChangeEmail(ctx context.Context, p auth.Principal, email string) (auth.User, error) {
	user, _, err := a.selfFresh(ctx, p)
	if err != nil {
		return auth.User{}, err
	}
	email = strings.TrimSpace(email)
	if err := auth.ValidateEmail(email); err != nil {
		return auth.User{}, err
	}
	return a.Store.ChangeEmail(ctx, user.ID, email, a.entry(p, audit.EmailChange, userTarget(user.ID), nil))
}

// SetUpTOTP makes a secret that EnableTOTP turns on. It is shown now and, as a picture, until then.
func (a *App) SetUpTOTP(ctx context.Context, p auth.Principal) (secret.Text, error) {
	if _, _, err := a.selfFresh(ctx, p); err != nil {
		return secret.Text{}, err
	}
	key, err := a.dataKey(ctx, p.UserID)
	if err != nil {
		return secret.Text{}, err
	}
	made := auth.NewTOTPSecret()
	stored := auth.TOTPSecret{ID: uuid.NewString(), UserID: p.UserID}
	stored.Sealed = key.Seal(totpPlace(stored), made)
	return made, a.Store.PutTOTPSecret(ctx, stored)
}

// TOTPPicture is the PNG of the secret that is being set up. One that is on already is never shown again.
func (a *App) TOTPPicture(ctx context.Context, p auth.Principal) ([]byte, error) {
	user, _, err := a.selfFresh(ctx, p)
	if err != nil {
		return nil, err
	}
	stored, err := a.totpInSetUp(ctx, p)
	if err != nil {
		return nil, err
	}
	key, err := a.dataKey(ctx, p.UserID)
	if err != nil {
		return nil, err
	}
	opened, err := key.Open(totpPlace(stored), stored.Sealed)
	if err != nil {
		return nil, err
	}
	return auth.TOTPPicture(opened, user.Username)
}

func (a *App) totpInSetUp(ctx context.Context, p auth.Principal) (auth.TOTPSecret, error) {
	stored, err := a.Store.TOTPSecret(ctx, p.UserID)
	if fault.Is(err, fault.NotFound) || (err == nil && stored.Enabled) {
		return auth.TOTPSecret{}, fault.New(fault.NotFound, "Nothing is being set up. Begin with the set-up of two-factor authentication.")
	}
	return stored, err
}

// EnableTOTP turns the secret on that is being set up, after a first code of it, and returns the
// recovery codes, to be shown once. All sessions end, as with ChangePassword.
func (a *App) EnableTOTP(ctx context.Context, p auth.Principal, token secret.Text) (recovery []string, user auth.User, err error) {
	if err := p.Require(auth.Self); err != nil {
		return nil, auth.User{}, err
	}
	stored, err := a.totpInSetUp(ctx, p)
	if err != nil {
		return nil, auth.User{}, err
	}
	if err := a.Store.CountCodeTry(ctx, p.UserID); err != nil {
		return nil, auth.User{}, err
	}
	code, _ := auth.ReadCode(token)
	step, ok, err := a.matchTOTP(ctx, stored, code)
	if err != nil {
		return nil, auth.User{}, err
	}
	shown, marks, err := a.newRecoveryCodes(ctx, p.UserID)
	if err != nil {
		return nil, auth.User{}, err
	}
	if ok {
		user, ok, err = a.Store.EnableTOTP(ctx, stored, step, marks, a.entry(p, audit.TwoFactorEnabled, userTarget(p.UserID), nil))
	}
	if err != nil {
		return nil, auth.User{}, err
	}
	if !ok {
		return nil, auth.User{}, a.wrongCode(ctx, p, auth.ByTOTP)
	}
	return shown, user, a.Store.ForgiveCodeTry(ctx, p.UserID)
}

// DisableTOTP turns the second factor of codes off. All sessions end, as with ChangePassword.
func (a *App) DisableTOTP(ctx context.Context, p auth.Principal, password secret.Text) (auth.User, error) {
	user, _, err := a.selfFresh(ctx, p)
	if err != nil {
		return auth.User{}, err
	}
	if err := a.confirmPassword(ctx, p, user, password); err != nil {
		return auth.User{}, err
	}
	return a.Store.DisableTOTP(ctx, user.ID, a.entry(p, audit.TwoFactorDisabled, userTarget(user.ID), nil))
}

// RenewRecoveryCodes replaces all recovery codes by new ones, to be shown once. All sessions end,
// as with ChangePassword. Invalid for who has no second factor that they could stand in for.
func (a *App) RenewRecoveryCodes(ctx context.Context, p auth.Principal) (recovery []string, user auth.User, err error) {
	_, factors, err := a.selfFresh(ctx, p)
	if err != nil {
		return nil, auth.User{}, err
	}
	if !factors.Required() {
		return nil, auth.User{}, fault.New(fault.Invalid, "Turn on two-factor authentication or add a passkey first.")
	}
	shown, marks, err := a.newRecoveryCodes(ctx, p.UserID)
	if err != nil {
		return nil, auth.User{}, err
	}
	user, err = a.Store.ReplaceRecoveryCodes(ctx, p.UserID, marks, a.entry(p, audit.RecoveryCodesMade, userTarget(p.UserID), nil))
	return shown, user, err
}

func (a *App) newRecoveryCodes(ctx context.Context, userID string) (shown []string, marks [][]byte, err error) {
	key, err := a.dataKey(ctx, userID)
	if err != nil {
		return nil, nil, err
	}
	shown, codes := auth.NewRecoveryCodes()
	for _, code := range codes {
		marks = append(marks, key.Mark(recoveryPurpose, code))
	}
	return shown, marks, nil
}

// ListSessions returns the principal's sessions, latest seen first.
func (a *App) ListSessions(ctx context.Context, p auth.Principal) ([]auth.Session, error) {
	if err := p.Require(auth.Self); err != nil {
		return nil, err
	}
	return a.Store.ListSessions(ctx, p.UserID)
}

// EndSession ends one of the principal's sessions, which may be the one that asks.
func (a *App) EndSession(ctx context.Context, p auth.Principal, sessionID string) error {
	if err := p.Require(auth.Self); err != nil {
		return err
	}
	entry := a.entry(p, audit.SessionEnd, "session:"+sessionID, nil)
	return a.Store.EndSession(ctx, p.UserID, sessionID, entry)
}

// EndOtherSessions ends all of the principal's sessions but the one that asks.
func (a *App) EndOtherSessions(ctx context.Context, p auth.Principal) (ended int64, err error) {
	if err := p.Require(auth.Self); err != nil {
		return 0, err
	}
	return a.Store.EndOtherSessions(ctx, p.UserID, p.SessionID, func(ended int64) audit.Entry {
		return a.entry(p, audit.SessionEnd, userTarget(p.UserID), map[string]any{"ended": ended})
	})
}
