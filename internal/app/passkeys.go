package app

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// A passkey is asked for in one request and shown in the next: the question that the first one
// returns stays with the browser's session on the server, the options go to the browser.

// AskNewPasskey asks the principal's browser to make a passkey for the relying party.
func (a *App) AskNewPasskey(ctx context.Context, p auth.Principal, party auth.RelyingParty) (options []byte, question auth.PasskeyQuestion, err error) {
	user, _, err := a.selfProved(ctx, p)
	if err != nil {
		return nil, question, err
	}
	existing, err := a.Store.ListPasskeys(ctx, user.ID)
	if err != nil {
		return nil, question, err
	}
	options, state, err := party.BeginRegistration(user, existing)
	return options, a.question(auth.ToRegister, party, state), err
}

func (a *App) question(purpose auth.PasskeyPurpose, party auth.RelyingParty, state []byte) auth.PasskeyQuestion {
	return auth.PasskeyQuestion{Purpose: purpose, Party: party, State: state, ExpiresAt: a.Clock.Now().Add(auth.PasskeyPatience)}
}

// AddPasskey keeps the passkey that answers the question. All sessions end; the caller carries the
// principal's own session on with the returned user's epoch. Faults: Invalid (not asked for, expired,
// the name, or the answer is not what was asked for), Conflict (registered or answered already).
func (a *App) AddPasskey(ctx context.Context, p auth.Principal, question auth.PasskeyQuestion, name string, answer []byte) (auth.Passkey, auth.User, error) {
	user, _, err := a.self(ctx, p)
	if err != nil {
		return auth.Passkey{}, auth.User{}, err
	}
	now := a.Clock.Now()
	if err := question.Require(now, auth.ToRegister); err != nil {
		return auth.Passkey{}, auth.User{}, err
	}
	name, err = credentialName(name)
	if err != nil {
		return auth.Passkey{}, auth.User{}, err
	}
	passkey, err := question.Party.FinishRegistration(user, question.State, answer)
	if err != nil {
		return auth.Passkey{}, auth.User{}, err
	}
	passkey.ID, passkey.Name, passkey.CreatedAt = uuid.NewString(), name, now
	entry := a.entry(p, audit.PasskeyAdded, passkeyTarget(passkey.ID), map[string]any{"name": name})
	user, err = a.Store.CreatePasskey(ctx, passkey, question.Challenge(), entry)
	return passkey, user, err
}

func passkeyTarget(id string) string { return "passkey:" + id }

// RenamePasskey gives the principal's passkey another name.
func (a *App) RenamePasskey(ctx context.Context, p auth.Principal, id, name string) error {
	if err := p.Require(auth.Self); err != nil {
		return err
	}
	name, err := credentialName(name)
	if err != nil {
		return err
	}
	return a.Store.RenamePasskey(ctx, p.UserID, id, name, a.entry(p, audit.PasskeyRenamed, passkeyTarget(id), map[string]any{"name": name}))
}

// DeletePasskey removes the principal's passkey. All sessions end, as with AddPasskey.
func (a *App) DeletePasskey(ctx context.Context, p auth.Principal, id string) (auth.User, error) {
	_, left, err := a.selfProved(ctx, p)
	if err != nil {
		return auth.User{}, err
	}
	left.Passkeys--
	if err := a.keepOne(p, left); err != nil {
		return auth.User{}, err
	}
	return a.Store.DeletePasskey(ctx, p.UserID, id, a.entry(p, audit.PasskeyDeleted, passkeyTarget(id), nil))
}

// AskPasskey asks the browser to show a passkey for the purpose: one of the user of the pending
// sign-in (second factor), of the principal (step-up), or of anybody (sign-in). Invalid when there
// is no pending sign-in, or no passkey that could be shown.
func (a *App) AskPasskey(ctx context.Context, p auth.Principal, party auth.RelyingParty, purpose auth.PasskeyPurpose, pendingID string) (options []byte, question auth.PasskeyQuestion, err error) {
	var asked auth.User
	switch purpose {
	case auth.ToSignIn:
		options, state, err := party.BeginAssertion(auth.User{}, nil)
		return options, a.question(purpose, party, state), err
	case auth.ToSecondFactor:
		_, asked, err = a.PendingUser(ctx, pendingID)
	case auth.ToStepUp:
		asked, _, err = a.self(ctx, p)
	default:
		err = fault.New(fault.Invalid, "A passkey is asked for to sign_in, as second_factor or to step_up.")
	}
	if err != nil {
		return nil, question, err
	}
	existing, err := a.Store.ListPasskeys(ctx, asked.ID)
	if err == nil && len(existing) == 0 {
		err = fault.New(fault.Invalid, "There is no passkey to show. Use another way.")
	}
	if err != nil {
		return nil, question, err
	}
	options, state, err := party.BeginAssertion(asked, existing)
	return options, a.question(purpose, party, state), err
}

// SignInByPasskey answers a question to sign in or for the second factor, and opens the browser's
// session. The passkey alone suffices to sign in: it is possession, and its authenticator has
// verified its user. Unauthenticated, and recorded, when the answer is not accepted.
func (a *App) SignInByPasskey(ctx context.Context, p auth.Principal, question auth.PasskeyQuestion, answer []byte, pendingID string, remember bool, browser Browser) error {
	if err := question.Require(a.Clock.Now(), auth.ToSignIn, auth.ToSecondFactor); err != nil {
		return err
	}
	if question.Purpose == auth.ToSecondFactor {
		_, user, err := a.PendingUser(ctx, pendingID)
		if err != nil {
			return err
		}
		if err := a.provePasskey(ctx, p, user, question, answer); err != nil {
			return err
		}
		return a.CompleteSignIn(ctx, p, pendingID, auth.ByPasskey, browser)
	}
	user, err := a.passkeyOwner(ctx, p, answer)
	if err != nil {
		return err
	}
	if err := a.provePasskey(ctx, p, user, question, answer); err != nil {
		return err
	}
	if user.Disabled {
		p.UserID, p.Username = user.ID, user.Username
		return a.passkeyRefused(ctx, p, question.Purpose, auth.ErrPasskey)
	}
	return a.SignInWithPasskey(ctx, p, user, remember, browser)
}

// StepUpByPasskey answers a question to step up, and returns until when it counts. The caller then
// marks the session and changes its token.
func (a *App) StepUpByPasskey(ctx context.Context, p auth.Principal, question auth.PasskeyQuestion, answer []byte) (until time.Time, err error) {
	if err := question.Require(a.Clock.Now(), auth.ToStepUp); err != nil {
		return time.Time{}, err
	}
	user, _, err := a.self(ctx, p)
	if err != nil {
		return time.Time{}, err
	}
	if err := a.provePasskey(ctx, p, user, question, answer); err != nil {
		return time.Time{}, err
	}
	return a.SteppedUp(ctx, p, auth.ByPasskey)
}

// passkeyOwner returns whose passkey the answer says it shows; nothing is proven yet.
func (a *App) passkeyOwner(ctx context.Context, p auth.Principal, answer []byte) (auth.User, error) {
	credentialID, _, err := auth.ClaimedPasskey(answer)
	if err != nil {
		return auth.User{}, a.passkeyRefused(ctx, p, auth.ToSignIn, err)
	}
	passkey, err := a.Store.PasskeyByCredential(ctx, credentialID)
	if fault.Is(err, fault.NotFound) {
		return auth.User{}, a.passkeyRefused(ctx, p, auth.ToSignIn, auth.ErrPasskey)
	}
	if err != nil {
		return auth.User{}, err
	}
	return a.Store.UserByID(ctx, passkey.UserID)
}

// provePasskey checks the answer against the user's passkeys and uses the question up.
func (a *App) provePasskey(ctx context.Context, p auth.Principal, user auth.User, question auth.PasskeyQuestion, answer []byte) error {
	p.UserID, p.Username = user.ID, user.Username
	existing, err := a.Store.ListPasskeys(ctx, user.ID)
	if err != nil {
		return err
	}
	passkey, err := question.Party.FinishAssertion(user, existing, question.State, answer)
	if err == nil {
		passkey.LastUsedAt = a.Clock.Now()
		err = a.Store.UsePasskey(ctx, passkey, question.Challenge())
	}
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Conflict) {
		return a.passkeyRefused(ctx, p, question.Purpose, err)
	}
	return err
}

// passkeyRefused records the refusal and returns it.
func (a *App) passkeyRefused(ctx context.Context, p auth.Principal, purpose auth.PasskeyPurpose, refusal error) error {
	action := map[auth.PasskeyPurpose]audit.Action{
		auth.ToSignIn: audit.LoginFailed, auth.ToSecondFactor: audit.TwoFactorFailed, auth.ToStepUp: audit.StepUpFailed,
	}[purpose]
	details := map[string]any{"method": string(auth.ByPasskey), "reason": "not accepted"}
	switch {
	case refusal == error(auth.ErrCloned):
		details["reason"] = "counter went back"
	case fault.Is(refusal, fault.Conflict):
		details["reason"] = "answered twice"
	}
	target := ""
	if p.UserID != "" {
		target = userTarget(p.UserID)
	}
	return firstError(a.Store.Append(ctx, a.entry(p, action, target, details)), refusal)
}
