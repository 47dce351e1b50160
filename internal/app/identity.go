package app

import (
	"context"
	"strings"
	"time"

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

// selfProved is self for an act on how the principal signs in: see auth.Principal.RequireProved.
func (a *App) selfProved(ctx context.Context, p auth.Principal) (auth.User, auth.Factors, error) {
	user, factors, err := a.self(ctx, p)
	if err == nil {
		err = p.RequireProved(a.Clock.Now())
	}
	return user, factors, err
}

// selfFresh is self for an act that needs a fresh factor, and takes the password besides.
func (a *App) selfFresh(ctx context.Context, p auth.Principal) (auth.User, auth.Factors, error) {
	user, factors, err := a.self(ctx, p)
	if err == nil {
		err = p.RequireFresh(a.Clock.Now())
	}
	return user, factors, err
}

// Proof is what somebody shows to confirm an act: the password, or a code where there is a second
// factor; both of them for an act on how one signs in.
type Proof struct {
	Password secret.Text
	Token    secret.Text // TOTP or recovery code
}

// StepUp checks the proof and returns until when it counts, and whether it is all that a sign-in asks
// for. Who has a second factor must show that one: the password alone is refused (Forbidden). The
// caller then marks the session and changes its token.
func (a *App) StepUp(ctx context.Context, p auth.Principal, proof Proof) (until time.Time, full bool, err error) {
	user, factors, err := a.self(ctx, p)
	if err != nil {
		return time.Time{}, false, err
	}
	full = !proof.Password.IsEmpty()
	method := auth.ByPassword
	switch {
	case !proof.Token.IsEmpty() && factors.Required():
		if full { // before the code, which is used up
			err = a.confirmPassword(ctx, p, user, proof.Password)
		}
		if err == nil {
			method, err = a.checkCode(ctx, p, proof.Token)
		}
	case factors.Required():
		err = fault.New(fault.Forbidden, "The password alone is not enough here. Give a code or use a passkey.")
	case proof.Password.IsEmpty():
		err = fault.New(fault.Invalid, "Give your password.")
	default:
		err = a.confirmPassword(ctx, p, user, proof.Password)
	}
	if err != nil {
		return time.Time{}, false, err
	}
	until, err = a.SteppedUp(ctx, p, method)
	return until, full, err
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

// ChangeEmail replaces the address and ends all sessions, as ChangePassword does. That another user has
// the address (Conflict) is said, and recorded.
func (a *App) ChangeEmail(ctx context.Context, p auth.Principal, email string) (auth.User, error) {
	user, _, err := a.selfProved(ctx, p)
	if err != nil {
		return auth.User{}, err
	}
	email = strings.TrimSpace(email)
	if err := auth.ValidateEmail(email); err != nil {
		return auth.User{}, err
	}
	if email == user.Email {
		return auth.User{}, fault.New(fault.Invalid, "This is your address already.")
	}
	changed, err := a.Store.ChangeEmail(ctx, user.ID, email, a.entry(p, audit.EmailChange, userTarget(user.ID), nil))
	if fault.Is(err, fault.Conflict) {
		err = firstError(a.Store.Append(ctx, a.entry(p, audit.EmailChangeFailed, userTarget(user.ID), nil)), err)
	}
	return changed, err
}
