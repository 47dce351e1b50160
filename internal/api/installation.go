package api

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// adminSettingsView is the registration mode and the limits in force.
type adminSettingsView struct {
	Registration auth.RegistrationMode `json:"registration" enum:"open,invite,closed"`
	RateLimits   rateLimitsView        `json:"rate_limits"`
}

type rateLimitsView struct {
	Auth      string `json:"auth" doc:"Sign-in and second factor, by address"`
	Register  string `json:"register" doc:"By address"`
	API       string `json:"api" doc:"By API token"`
	Admin     string `json:"admin" doc:"Changes by administrators, by user"`
	Dashboard string `json:"dashboard" doc:"By user"`
}

func viewAdminSettings(settings auth.InstallationSettings) adminSettingsView {
	limits := settings.RateLimits
	return adminSettingsView{settings.Registration, rateLimitsView{
		limits["auth"], limits["register"], limits["api"], limits["admin"], limits["dashboard"],
	}}
}

func (s *server) adminSettings(ctx context.Context, _ *nothing) (adminSettingsView, error) {
	settings, err := s.App.AdminSettings(ctx, principalOf(ctx))
	return viewAdminSettings(settings), err
}

type adminSettingsInput struct {
	Body struct {
		Registration *auth.RegistrationMode `json:"registration,omitempty" enum:"open,invite,closed"`
		RateLimits   *rateLimitsChange      `json:"rate_limits,omitempty"`
	}
}

// rateLimitsChange sets limits such as 200/day;50/hour; an empty one stands for the configured limit.
type rateLimitsChange struct {
	Auth      *string `json:"auth,omitempty"`
	Register  *string `json:"register,omitempty"`
	API       *string `json:"api,omitempty"`
	Admin     *string `json:"admin,omitempty"`
	Dashboard *string `json:"dashboard,omitempty"`
}

func (c *rateLimitsChange) limits() auth.RateLimits {
	if c == nil {
		return nil
	}
	limits := auth.RateLimits{}
	for group, limit := range map[string]*string{
		"auth": c.Auth, "register": c.Register, "api": c.API, "admin": c.Admin, "dashboard": c.Dashboard,
	} {
		if limit != nil {
			limits[group] = *limit
		}
	}
	return limits
}

func (s *server) adminSettingsChange(ctx context.Context, input *adminSettingsInput) (adminSettingsView, error) {
	settings, err := s.App.ChangeInstallation(ctx, principalOf(ctx), app.InstallationChange{
		Registration: input.Body.Registration, RateLimits: input.Body.RateLimits.limits(),
	})
	return viewAdminSettings(settings), err
}

type doctorView struct {
	Findings []findingView `json:"findings" doc:"One a check, in the order of the checklist"`
}

type findingView struct {
	Check    string       `json:"check" doc:"Its name, such as tls"`
	Severity app.Severity `json:"severity" enum:"ok,note,warning,critical"`
	Says     string       `json:"says"`
	Do       string       `json:"do" doc:"What to do; empty when it is fine"`
}

func (s *server) adminDoctor(ctx context.Context, _ *nothing) (doctorView, error) {
	findings, err := s.App.Checkup(ctx, principalOf(ctx))
	return doctorView{each(findings, func(f app.Finding) findingView { return findingView(f) })}, err
}

type inviteView struct {
	ID        string    `json:"id"`
	Role      auth.Role `json:"role" enum:"trader,viewer"`
	Note      string    `json:"note"`
	CreatedBy string    `json:"created_by" doc:"User name"`
	CreatedAt string    `json:"created_at"`
	ExpiresAt string    `json:"expires_at"`
	UsedAt    *string   `json:"used_at" doc:"null: not used yet"`
	UsedBy    *string   `json:"used_by" doc:"User name; null: not used yet"`
}

type invitesView struct {
	Invites []inviteView `json:"invites" doc:"Newest first, used and expired ones too"`
}

func (s *server) adminInvites(ctx context.Context, _ *nothing) (invitesView, error) {
	invites, err := s.App.Invites(ctx, principalOf(ctx))
	return invitesView{each(invites, viewInvite)}, err
}

func viewInvite(i auth.Invite) inviteView {
	view := inviteView{
		ID: i.ID, Role: i.Role, Note: i.Note, CreatedBy: i.CreatedBy,
		CreatedAt: *timeText(i.CreatedAt), ExpiresAt: *timeText(i.ExpiresAt), UsedAt: timeText(i.UsedAt),
	}
	if !i.UsedAt.IsZero() {
		view.UsedBy = &i.UsedBy
	}
	return view
}

type adminInviteAddInput struct {
	Body struct {
		Role        auth.Role `json:"role,omitempty" enum:"trader,viewer" doc:"trader unless said otherwise"`
		ExpiresDays int       `json:"expires_days,omitempty" minimum:"1" maximum:"90" doc:"7 unless said otherwise"`
		Note        string    `json:"note,omitempty" maxLength:"200"`
	}
}

func (s *server) adminInviteAdd(ctx context.Context, input *adminInviteAddInput) (linkView, error) {
	invite, link, err := s.App.Invite(ctx, principalOf(ctx), app.WantedInvite{
		Role: input.Body.Role, Life: time.Duration(input.Body.ExpiresDays) * 24 * time.Hour, Note: input.Body.Note,
	})
	return viewLink(invite.ID, link, err)
}

type invitePath struct {
	ID string `path:"id" format:"uuid"`
}

func (s *server) adminInviteRevoke(ctx context.Context, input *invitePath) (done, error) {
	return done{true}, s.App.RevokeInvite(ctx, principalOf(ctx), input.ID)
}

type setPasswordInput struct {
	Body struct {
		Token       string `json:"token" doc:"The fragment of a one-time link"`
		NewPassword string `json:"new_password" doc:"8 to 128 characters"`
	}
}

func (s *server) setPassword(ctx context.Context, input *setPasswordInput) (done, error) {
	err := s.App.SetPassword(ctx, principalOf(ctx), secret.NewText(input.Body.Token), secret.NewText(input.Body.NewPassword))
	return done{true}, err
}
