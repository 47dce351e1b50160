package api

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

type recordView struct {
	ID        string    `json:"id"`
	Username  string    `json:"username"`
	Email     string    `json:"email"`
	Role      auth.Role `json:"role" enum:"admin,trader,viewer"`
	Disabled  bool      `json:"disabled"`
	TwoFactor bool      `json:"two_factor"`
	CreatedAt string    `json:"created_at"`
	LastLogin *string   `json:"last_login"`
	Sessions  int       `json:"sessions" doc:"How many have not expired"`
}

func viewRecord(r auth.UserRecord) recordView {
	return recordView{
		ID: r.ID, Username: r.Username, Email: r.Email, Role: r.Role, Disabled: r.Disabled, TwoFactor: r.TwoFactor,
		CreatedAt: *timeText(r.CreatedAt), LastLogin: timeText(r.LastLogin), Sessions: r.Sessions,
	}
}

type usersInput struct {
	Text  string `query:"q" maxLength:"120" doc:"Part of the user name or the e-mail address"`
	Limit int    `query:"limit" minimum:"0" maximum:"200" doc:"Users on a page; 0: 50"`
	After string `query:"after" maxLength:"400" doc:"next of the page before"`
}

type usersView struct {
	Users []recordView `json:"users"`
	Next  *string      `json:"next" doc:"For after; null on the last page"`
}

func (s *server) adminUsers(ctx context.Context, input *usersInput) (usersView, error) {
	page, err := s.App.ListUsers(ctx, principalOf(ctx), auth.UserQuery{Text: input.Text, After: input.After, Limit: input.Limit})
	view := usersView{Users: each(page.Users, viewRecord)}
	if page.Next != "" {
		view.Next = &page.Next
	}
	return view, err
}

// linkView shows a one-time link, this once.
type linkView struct {
	Success   bool   `json:"success"`
	ID        string `json:"id,omitempty"`
	Link      string `json:"link" doc:"Shown once; the secret is in the fragment"`
	ExpiresAt string `json:"expires_at"`
}

func viewLink(id string, link app.Link, err error) (linkView, error) {
	if err != nil {
		return linkView{}, err
	}
	return linkView{true, id, link.Address.Reveal(), *timeText(link.ExpiresAt)}, nil
}

type adminUserAddInput struct {
	Body struct {
		Username string    `json:"username" doc:"3 to 80 letters, digits, dots, underscores or hyphens"`
		Email    string    `json:"email"`
		Role     auth.Role `json:"role" enum:"admin,trader,viewer"`
	}
}

// adminUserAdd never takes a password: the new user sets it with the link.
func (s *server) adminUserAdd(ctx context.Context, input *adminUserAddInput) (linkView, error) {
	user, link, err := s.App.AddUser(ctx, principalOf(ctx), app.WantedUser{
		Username: input.Body.Username, Email: input.Body.Email, Role: input.Body.Role,
	})
	return viewLink(user.ID, link, err)
}

// userPath names a user in an administrator's route.
type userPath struct {
	ID string `path:"id" format:"uuid"`
}

type adminUserChangeInput struct {
	ID   string `path:"id" format:"uuid"`
	Body struct {
		Role     *auth.Role `json:"role,omitempty" enum:"admin,trader,viewer"`
		Disabled *bool      `json:"disabled,omitempty"`
	}
}

func (s *server) adminUserChange(ctx context.Context, input *adminUserChangeInput) (done, error) {
	if input.Body.Role == nil && input.Body.Disabled == nil {
		return done{}, fault.New(fault.Invalid, "Say what to change: role, disabled or both.")
	}
	_, err := s.App.ChangeUser(ctx, principalOf(ctx), input.ID, auth.UserChange(input.Body))
	return done{true}, err
}

func (s *server) adminPasswordReset(ctx context.Context, input *userPath) (linkView, error) {
	link, err := s.App.ResetPassword(ctx, principalOf(ctx), input.ID)
	return viewLink("", link, err)
}

func (s *server) adminFactorReset(ctx context.Context, input *userPath) (done, error) {
	return done{true}, s.App.ResetSecondFactor(ctx, principalOf(ctx), input.ID)
}

type endedView struct {
	Success bool  `json:"success"`
	Ended   int64 `json:"ended" doc:"How many sessions there were"`
}

func (s *server) adminSessionsEnd(ctx context.Context, input *userPath) (endedView, error) {
	ended, err := s.App.EndUserSessions(ctx, principalOf(ctx), input.ID)
	return endedView{true, ended}, err
}
