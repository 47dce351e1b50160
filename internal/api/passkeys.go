package api

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// relyingParty is who passkeys are made for: the public address, or localhost with the port that
// the browser used. Browsers keep passkeys for names only.
func (s *server) relyingParty(ctx context.Context) (auth.RelyingParty, error) {
	if s.PublicURL != "" {
		return auth.RelyingParty{ID: publicName(s.PublicURL), Origin: s.PublicURL}, nil
	}
	host := strings.ToLower(requestOf(ctx).host)
	name := hostName(host)
	if name == "localhost" {
		return auth.RelyingParty{ID: name, Origin: "http://" + host}, nil
	}
	if address, err := netip.ParseAddr(name); err == nil && address.IsLoopback() {
		return auth.RelyingParty{}, fault.New(fault.Invalid, "Browsers keep passkeys for names, not for addresses. Open http://localhost%s instead.", host[len(host)-portLength(host):])
	}
	return auth.RelyingParty{}, fault.New(fault.Invalid, "Passkeys need the setting PUBLIC_URL, which says under which name browsers reach this server.")
}

// portLength is the length of the host's port with its colon.
func portLength(host string) int {
	colon := strings.LastIndexByte(host, ':')
	if colon < 0 || strings.HasSuffix(host, "]") {
		return 0
	}
	return len(host) - colon
}

type passkeyAsked struct {
	Options json.RawMessage `json:"options" doc:"For PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON"`
}

// asked keeps the question in the session until it is answered, and gives the options out. A
// session that this begins lasts as long as the question.
func (s *server) asked(ctx context.Context, options []byte, question auth.PasskeyQuestion, err error) (passkeyAsked, error) {
	if err != nil {
		return passkeyAsked{}, err
	}
	kept, err := json.Marshal(question)
	if err != nil {
		return passkeyAsked{}, err
	}
	if principalOf(ctx).UserID == "" && s.pendingSignIn(ctx) == "" {
		s.sessions.RememberMe(ctx, false)
		s.sessions.SetDeadline(ctx, question.ExpiresAt)
	}
	s.sessions.Put(ctx, passkeyValue, string(kept))
	return passkeyAsked{options}, nil
}

// answered takes the question out of the session: it is answered once, rightly or not. Of two
// answers at the same time the store accepts one.
func (s *server) answered(ctx context.Context) auth.PasskeyQuestion {
	var question auth.PasskeyQuestion
	if err := json.Unmarshal([]byte(s.sessions.PopString(ctx, passkeyValue)), &question); err != nil {
		return auth.PasskeyQuestion{} // there was none, which nothing can answer
	}
	return question
}

func (s *server) passkeyRegisterBegin(ctx context.Context, _ *nothing) (passkeyAsked, error) {
	party, err := s.relyingParty(ctx)
	if err != nil {
		return passkeyAsked{}, err
	}
	options, question, err := s.App.AskNewPasskey(ctx, principalOf(ctx), party)
	return s.asked(ctx, options, question, err)
}

type passkeyRegisterInput struct {
	Body struct {
		Name       string          `json:"name" doc:"1 to 80 characters"`
		Credential json.RawMessage `json:"credential" doc:"The browser's answer, as its toJSON gives it"`
	}
}

type passkeyAdded struct {
	Success bool   `json:"success"`
	ID      string `json:"id"`
}

func (s *server) passkeyRegisterFinish(ctx context.Context, input *passkeyRegisterInput) (passkeyAdded, error) {
	passkey, user, err := s.App.AddPasskey(ctx, principalOf(ctx), s.answered(ctx), input.Body.Name, input.Body.Credential)
	ended, err := s.changed(ctx, user, err)
	return passkeyAdded{ended.Success, passkey.ID}, err
}

type passkeyRenameInput struct {
	ID   string `path:"id"`
	Body struct {
		Name string `json:"name" doc:"1 to 80 characters"`
	}
}

func (s *server) passkeyRename(ctx context.Context, input *passkeyRenameInput) (done, error) {
	return done{true}, s.App.RenamePasskey(ctx, principalOf(ctx), input.ID, input.Body.Name)
}

type passkeyDeleteInput struct {
	ID string `path:"id"`
}

func (s *server) passkeyDelete(ctx context.Context, input *passkeyDeleteInput) (done, error) {
	user, err := s.App.DeletePasskey(ctx, principalOf(ctx), input.ID)
	return s.changed(ctx, user, err)
}

type passkeyBeginInput struct {
	Body struct {
		Purpose auth.PasskeyPurpose `json:"purpose" enum:"sign_in,second_factor,step_up" doc:"second_factor completes a sign-in whose password was right; step_up confirms who is signed in"`
	}
}

func (s *server) passkeyBegin(ctx context.Context, input *passkeyBeginInput) (passkeyAsked, error) {
	party, err := s.relyingParty(ctx)
	if err != nil {
		return passkeyAsked{}, err
	}
	options, question, err := s.App.AskPasskey(ctx, principalOf(ctx), party, input.Body.Purpose, s.pendingSignIn(ctx))
	return s.asked(ctx, options, question, err)
}

type passkeyFinishInput struct {
	Body struct {
		Credential json.RawMessage `json:"credential" doc:"The browser's answer, as its toJSON gives it"`
		Remember   bool            `json:"remember,omitempty" doc:"Stay signed in on this device for 30 days; of a sign-in with the passkey alone"`
	}
}

type passkeyShown struct {
	Success    bool    `json:"success"`
	FreshUntil *string `json:"fresh_until,omitempty" doc:"After a step-up: until then dangerous acts need no other"`
}

// passkeyFinish does what the question was asked for; the request cannot choose.
func (s *server) passkeyFinish(ctx context.Context, input *passkeyFinishInput) (passkeyShown, error) {
	question := s.answered(ctx)
	if question.Purpose == auth.ToStepUp {
		until, err := s.App.StepUpByPasskey(ctx, principalOf(ctx), question, input.Body.Credential)
		if err != nil {
			return passkeyShown{}, err
		}
		return passkeyShown{true, timeText(until.Truncate(time.Second))}, s.steppedUp(ctx, true)
	}
	return passkeyShown{Success: true}, s.signIn(ctx, func(browser app.Browser) error {
		return s.App.SignInByPasskey(ctx, principalOf(ctx), question, input.Body.Credential, s.pendingSignIn(ctx), input.Body.Remember, browser)
	})
}
