package app

import (
	"context"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// SetUpTOTP makes a secret that EnableTOTP turns on. It is shown now and, as a picture, until then.
func (a *App) SetUpTOTP(ctx context.Context, p auth.Principal) (secret.Text, error) {
	if _, _, err := a.selfProved(ctx, p); err != nil {
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
	user, _, err := a.selfProved(ctx, p)
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
	user, left, err := a.selfFresh(ctx, p)
	if err != nil {
		return auth.User{}, err
	}
	left.TOTP = false
	if err := a.keepOne(p, left); err != nil {
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
	_, factors, err := a.selfProved(ctx, p)
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
