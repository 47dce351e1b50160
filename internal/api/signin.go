package api

import (
	"context"
	"net/http"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// registerInput is what a new user gives.
type registerInput struct {
	Body struct {
		Username string `json:"username" doc:"3 to 80 letters, digits, dots, underscores or hyphens"`
		Email    string `json:"email"`
		Password string `json:"password" doc:"8 to 128 characters"`
	}
}

type registered struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

func (s *server) register(ctx context.Context, input *registerInput) (registered, error) {
	_, err := s.App.Register(ctx, principalOf(ctx), app.Registration{
		Username: input.Body.Username, Email: input.Body.Email, Password: secret.NewText(input.Body.Password),
	})
	return registered{true, "Registered. Sign in now."}, err
}

type loginInput struct {
	Body struct {
		Username string `json:"username" doc:"User name or e-mail address"`
		Password string `json:"password"`
		Remember bool   `json:"remember,omitempty" doc:"Stay signed in on this device for 30 days"`
	}
}

func (s *server) login(ctx context.Context, input *loginInput) (done, error) {
	given := app.Credentials{Login: input.Body.Username, Password: secret.NewText(input.Body.Password)}
	_, err := s.App.SignIn(ctx, principalOf(ctx), given, func(user auth.User) (string, error) {
		return s.beginSession(ctx, user, input.Body.Remember)
	})
	if err != nil {
		return done{}, s.abandon(ctx, err)
	}
	return done{true}, nil
}

// abandon makes sure that a sign-in which failed after its session began leaves none.
func (s *server) abandon(ctx context.Context, err error) error {
	if s.sessions.GetString(ctx, auth.SessionUser) == "" || principalOf(ctx).UserID != "" {
		return err
	}
	if destroyErr := s.sessions.Destroy(ctx); destroyErr != nil {
		return destroyErr
	}
	return err
}

func (s *server) logout(ctx context.Context, _ *nothing) (done, error) {
	return done{true}, s.endSession(ctx)
}

func (s *server) endSession(ctx context.Context) error {
	if err := s.sessions.Destroy(ctx); err != nil {
		return fault.Because(err, fault.Unavailable, "The session could not be ended just now. Try again shortly.")
	}
	return s.App.SignOut(ctx, principalOf(ctx))
}

type logoutPageInput struct {
	Site string `header:"Sec-Fetch-Site" hidden:"true"`
}

type redirect struct {
	Status   int
	Location string `header:"Location"`
}

// logoutPage ends the session by a link. A link on another site's page must not, so it asks the
// browser where the link was.
func (s *server) logoutPage(ctx context.Context, input *logoutPageInput) (*redirect, error) {
	switch input.Site {
	case "", "none", "same-origin":
		return &redirect{http.StatusSeeOther, "/login"}, s.endSession(ctx)
	default:
		return nil, fault.New(fault.Forbidden, "This request comes from another site and was refused.")
	}
}

type sessionView struct {
	SignedIn         bool      `json:"signed_in"`
	User             *userView `json:"user,omitempty"`
	RegistrationOpen bool      `json:"registration_open"`
	FirstUser        bool      `json:"first_user" doc:"Nobody has registered yet; the first user becomes admin"`
	Demo             bool      `json:"demo" doc:"The server runs the demonstration market"`
	Version          string    `json:"version"`
}

type userView struct {
	Username string    `json:"username"`
	Email    string    `json:"email"`
	Role     auth.Role `json:"role" enum:"admin,trader,viewer"`
}

func (s *server) session(ctx context.Context, _ *nothing) (sessionView, error) {
	info, err := s.App.Session(ctx, principalOf(ctx))
	if err != nil {
		return sessionView{}, err
	}
	view := sessionView{
		SignedIn: info.User != nil, RegistrationOpen: info.RegistrationOpen, FirstUser: info.FirstUser,
		Demo: info.Demo, Version: s.Version,
	}
	if info.User != nil {
		view.User = &userView{info.User.Username, info.User.Email, info.User.Role}
	}
	return view, nil
}

type healthView struct {
	Status    string `json:"status"`
	Timestamp string `json:"timestamp"`
}

func (s *server) health(context.Context, *nothing) (healthView, error) {
	return healthView{"healthy", *timeText(s.Clock.Now())}, nil
}
