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

		Invite    string `json:"invite,omitempty" doc:"The fragment of an invite's link"`
		SetupCode string `json:"setup_code,omitempty" doc:"For the very first user in production: the code in the server's log"`
	}
}

type registered struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

func (s *server) register(ctx context.Context, input *registerInput) (registered, error) {
	_, err := s.App.Register(ctx, principalOf(ctx), app.Registration{
		Username: input.Body.Username, Email: input.Body.Email, Password: secret.NewText(input.Body.Password),
		Invite: secret.NewText(input.Body.Invite), SetupCode: secret.NewText(input.Body.SetupCode),
	})
	return registered{true, "You can sign in now, unless the user name or the e-mail address was in use already."}, err
}

type loginInput struct {
	Body struct {
		Username string `json:"username" doc:"User name or e-mail address"`
		Password string `json:"password"`
		Remember bool   `json:"remember,omitempty" doc:"Stay signed in on this device for 30 days"`
	}
}

type loggedIn struct {
	Success     bool          `json:"success,omitempty" doc:"Signed in"`
	Requires2FA bool          `json:"requires_2fa,omitempty" doc:"The password was right; a second factor must follow within five minutes"`
	Methods     []auth.Method `json:"methods,omitempty" enum:"totp,recovery_code,passkey" doc:"Any of which completes the sign-in"`
}

func (s *server) login(ctx context.Context, input *loginInput) (loggedIn, error) {
	given := app.Credentials{Login: input.Body.Username, Password: secret.NewText(input.Body.Password), Remember: input.Body.Remember}
	var step app.SecondStep
	err := s.signIn(ctx, func(browser app.Browser) (err error) {
		step, err = s.App.SignIn(ctx, principalOf(ctx), given, browser)
		return err
	})
	if err != nil || step.Pending == "" {
		return loggedIn{Success: err == nil}, err
	}
	return loggedIn{Requires2FA: true, Methods: step.Methods}, s.awaitSecondFactor(ctx, step.Pending)
}

type tokenInput struct {
	Body struct {
		Token string `json:"token" doc:"Six digits of the authenticator, or a recovery code; spaces and hyphens are ignored"`
	}
}

func (s *server) verifySecondFactor(ctx context.Context, input *tokenInput) (done, error) {
	return done{true}, s.signIn(ctx, func(browser app.Browser) error {
		return s.App.VerifySecondFactor(ctx, principalOf(ctx), s.pendingSignIn(ctx), secret.NewText(input.Body.Token), browser)
	})
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
// browser where the link was; one that does not say has to use the page's button.
func (s *server) logoutPage(ctx context.Context, input *logoutPageInput) (*redirect, error) {
	switch site := input.Site; {
	case site == "none", site == "same-origin", site == "" && principalOf(ctx).UserID == "":
		return &redirect{http.StatusSeeOther, "/login"}, s.endSession(ctx)
	case site == "":
		return nil, fault.New(fault.Forbidden, "The browser does not say whose link this was. Sign out with the button of the page.")
	default:
		return nil, fault.New(fault.Forbidden, "This request comes from another site and was refused.")
	}
}

type sessionView struct {
	SignedIn          bool                  `json:"signed_in"`
	User              *userView             `json:"user,omitempty"`
	Registration      auth.RegistrationMode `json:"registration" enum:"open,invite,closed"`
	RegistrationOpen  bool                  `json:"registration_open" doc:"Whether somebody without an invite may register now"`
	FirstUser         bool                  `json:"first_user" doc:"Nobody has registered yet; the first user becomes admin"`
	SetupCodeRequired bool                  `json:"setup_code_required" doc:"The first registration needs the code that the server wrote to its log"`
	Demo              bool                  `json:"demo" doc:"The server runs the demonstration market"`
	SingleUser        bool                  `json:"single_user,omitempty" doc:"The single-user dashboard: nobody signs in"`
	MustEnroll        bool                  `json:"must_enroll,omitempty" doc:"The installation demands a second factor and the user has none: until one is set up, everything else is refused"`
	Version           string                `json:"version"`
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
		SignedIn: info.User != nil, Registration: info.Registration, FirstUser: info.FirstUser,
		RegistrationOpen:  info.FirstUser || info.Registration == auth.OpenRegistration,
		SetupCodeRequired: info.SetupCodeRequired, Demo: info.Demo, SingleUser: info.SingleUser, Version: s.Version,
		MustEnroll: principalOf(ctx).MustEnroll,
	}
	if info.User != nil {
		view.User = &userView{info.User.Username, info.User.Email, info.User.Role}
	}
	return view, nil
}
