package api

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

type identityView struct {
	TwoFactor         bool          `json:"two_factor" doc:"Whether an authenticator app is set up"`
	RecoveryCodesLeft int           `json:"recovery_codes_left"`
	Passkeys          []passkeyView `json:"passkeys"`
	PasswordChangedAt *string       `json:"password_changed_at"`
	PasswordReminder  bool          `json:"password_reminder" doc:"The password is older than 90 days"`
	FreshUntil        *string       `json:"fresh_until" doc:"Until then dangerous acts need no step-up; null: they need one now"`
	StepUpMethods     []auth.Method `json:"step_up_methods" enum:"password,totp,passkey" doc:"Any of which counts"`
}

type passkeyView struct {
	ID         string  `json:"id"`
	Name       string  `json:"name"`
	CreatedAt  *string `json:"created_at"`
	LastUsedAt *string `json:"last_used_at"`
}

func viewPasskey(passkey auth.Passkey) passkeyView {
	return passkeyView{passkey.ID, passkey.Name, timeText(passkey.CreatedAt), timeText(passkey.LastUsedAt)}
}

// identity shows how the user signs in.
func (s *server) identity(ctx context.Context, _ *nothing) (identityView, error) {
	known, err := s.App.Identity(ctx, principalOf(ctx))
	if err != nil {
		return identityView{}, err
	}
	since := known.User.PasswordSince()
	return identityView{
		TwoFactor: known.Factors.TOTP, RecoveryCodesLeft: known.Factors.RecoveryCodes, Passkeys: each(known.Passkeys, viewPasskey),
		PasswordChangedAt: timeText(since), PasswordReminder: s.Clock.Now().Sub(since) > auth.PasswordReminderAfter,
		FreshUntil: timeText(known.FreshUntil), StepUpMethods: known.Factors.StepUp(),
	}, nil
}

type stepUpInput struct {
	Body struct {
		Password string `json:"password,omitempty" doc:"Of a user without a second factor; of everybody before an act on how the user signs in"`
		Token    string `json:"token,omitempty" doc:"Six digits of the authenticator, or a recovery code"`
	}
}

type steppedUp struct {
	Success    bool    `json:"success"`
	FreshUntil *string `json:"fresh_until" doc:"Until then dangerous acts need no other step-up"`
}

func (s *server) stepUp(ctx context.Context, input *stepUpInput) (steppedUp, error) {
	proof := app.Proof{Password: secret.NewText(input.Body.Password), Token: secret.NewText(input.Body.Token)}
	until, full, err := s.App.StepUp(ctx, principalOf(ctx), proof)
	if err != nil {
		return steppedUp{}, err
	}
	return steppedUp{true, timeText(until.Truncate(time.Second))}, s.steppedUp(ctx, full)
}

type passwordInput struct {
	Body struct {
		Current string `json:"current_password"`
		New     string `json:"new_password" doc:"8 to 128 characters"`
	}
}

func (s *server) passwordChange(ctx context.Context, input *passwordInput) (done, error) {
	user, err := s.App.ChangePassword(ctx, principalOf(ctx), secret.NewText(input.Body.Current), secret.NewText(input.Body.New))
	return s.changed(ctx, user, err)
}

type emailInput struct {
	Body struct {
		Email string `json:"email"`
	}
}

func (s *server) emailChange(ctx context.Context, input *emailInput) (done, error) {
	user, err := s.App.ChangeEmail(ctx, principalOf(ctx), input.Body.Email)
	return s.changed(ctx, user, err)
}

// changed answers an act that ended all sessions of the user: this one goes on.
func (s *server) changed(ctx context.Context, user auth.User, err error) (done, error) {
	if err != nil {
		return done{}, err
	}
	return done{true}, s.carryOn(ctx, user)
}

type totpSetUp struct {
	Success bool   `json:"success"`
	Secret  string `json:"secret" doc:"Base32, to be typed into an authenticator app"`
	QRURL   string `json:"qr_url" doc:"The same as a picture"`
}

func (s *server) totpSetUp(ctx context.Context, _ *nothing) (totpSetUp, error) {
	made, err := s.App.SetUpTOTP(ctx, principalOf(ctx))
	return totpSetUp{true, made.Reveal(), "/api/2fa/qrcode"}, err
}

type picture struct {
	ContentType string `header:"Content-Type"`
	Body        []byte `contentType:"image/png"`
}

func (s *server) totpPicture(ctx context.Context, _ *nothing) (*picture, error) {
	drawn, err := s.App.TOTPPicture(ctx, principalOf(ctx))
	return &picture{"image/png", drawn}, err
}

type recoveryCodes struct {
	Success bool     `json:"success"`
	Codes   []string `json:"recovery_codes" doc:"Shown this once; each can be used once in place of a code"`
}

func (s *server) totpEnable(ctx context.Context, input *tokenInput) (recoveryCodes, error) {
	codes, user, err := s.App.EnableTOTP(ctx, principalOf(ctx), secret.NewText(input.Body.Token))
	return s.withCodes(ctx, codes, user, err)
}

func (s *server) recoveryCodesRenew(ctx context.Context, _ *nothing) (recoveryCodes, error) {
	codes, user, err := s.App.RenewRecoveryCodes(ctx, principalOf(ctx))
	return s.withCodes(ctx, codes, user, err)
}

func (s *server) withCodes(ctx context.Context, codes []string, user auth.User, err error) (recoveryCodes, error) {
	ended, err := s.changed(ctx, user, err)
	if err != nil {
		return recoveryCodes{}, err
	}
	return recoveryCodes{ended.Success, codes}, nil
}

type totpDisableInput struct {
	Body struct {
		Password string `json:"password"`
	}
}

func (s *server) totpDisable(ctx context.Context, input *totpDisableInput) (done, error) {
	user, err := s.App.DisableTOTP(ctx, principalOf(ctx), secret.NewText(input.Body.Password))
	return s.changed(ctx, user, err)
}

type openSessionView struct {
	ID        string  `json:"id"`
	Current   bool    `json:"current" doc:"The session that asks"`
	Address   string  `json:"address"`
	UserAgent string  `json:"user_agent"`
	CreatedAt *string `json:"created_at" doc:"When it signed in"`
	SeenAt    *string `json:"seen_at"`
	ExpiresAt *string `json:"expires_at"`
}

func (s *server) sessionList(ctx context.Context, _ *nothing) ([]openSessionView, error) {
	own := principalOf(ctx)
	open, err := s.App.ListSessions(ctx, own)
	return each(open, func(session auth.Session) openSessionView {
		return openSessionView{
			session.ID, session.ID == own.SessionID, session.Address, session.UserAgent,
			timeText(session.CreatedAt), timeText(session.SeenAt), timeText(session.ExpiresAt),
		}
	}), err
}

type sessionEndInput struct {
	ID string `path:"id"`
}

func (s *server) sessionEnd(ctx context.Context, input *sessionEndInput) (done, error) {
	return done{true}, s.App.EndSession(ctx, principalOf(ctx), input.ID)
}

type sessionsEnded struct {
	Success bool  `json:"success"`
	Ended   int64 `json:"ended" doc:"How many"`
}

func (s *server) sessionsEndOthers(ctx context.Context, _ *nothing) (sessionsEnded, error) {
	ended, err := s.App.EndOtherSessions(ctx, principalOf(ctx))
	return sessionsEnded{true, ended}, err
}
