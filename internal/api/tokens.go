package api

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
)

type tokenView struct {
	ID         string       `json:"id"`
	Name       string       `json:"name"`
	Prefix     string       `json:"prefix" doc:"How the token's text begins; the rest is kept nowhere"`
	Scopes     []auth.Scope `json:"scopes" enum:"read,trade:paper,trade:live"`
	CreatedAt  *string      `json:"created_at"`
	ExpiresAt  *string      `json:"expires_at"`
	LastUsedAt *string      `json:"last_used_at" doc:"Exact to a minute; null: never"`
	Expired    bool         `json:"expired,omitempty" doc:"It opens nothing any more; 30 days later it is gone from the list"`
	RateLimit  *string      `json:"rate_limit" doc:"Such as 200/day;50/hour; null: the installation's"`
}

func (s *server) viewToken(token auth.APIToken) tokenView {
	view := tokenView{
		ID: token.ID, Name: token.Name, Prefix: token.Prefix(), Scopes: each(token.Scopes, same[auth.Scope]),
		CreatedAt: timeText(token.CreatedAt), ExpiresAt: timeText(token.ExpiresAt), LastUsedAt: timeText(token.LastUsedAt),
		Expired: !s.Clock.Now().Before(token.ExpiresAt),
	}
	if len(token.Rates) > 0 {
		text := token.Rates.String()
		view.RateLimit = &text
	}
	return view
}

func (s *server) tokens(ctx context.Context, _ *nothing) ([]tokenView, error) {
	tokens, err := s.App.ListTokens(ctx, principalOf(ctx))
	return each(tokens, s.viewToken), err
}

type tokenAddInput struct {
	Body struct {
		Name        string   `json:"name" doc:"1 to 80 characters"`
		Scopes      []string `json:"scopes" enum:"read,trade:paper,trade:live" doc:"None includes another"`
		ExpiresDays *int     `json:"expires_days,omitempty" doc:"1 to 365; 90 when it is left out"`
		RateLimit   string   `json:"rate_limit,omitempty" doc:"Such as 200/day;50/hour, at most 600/minute in any case; the installation's when it is left out"`
	}
}

type tokenAdded struct {
	Success bool   `json:"success"`
	ID      string `json:"id"`
	Token   string `json:"token" doc:"The token's whole text; it is never shown again"`
}

func (s *server) tokenAdd(ctx context.Context, input *tokenAddInput) (tokenAdded, error) {
	token, text, err := s.App.CreateToken(ctx, principalOf(ctx), app.NewToken{
		Name: input.Body.Name, Scopes: input.Body.Scopes, Days: input.Body.ExpiresDays, Rates: input.Body.RateLimit,
	})
	return tokenAdded{true, token.ID, text.Reveal()}, err
}

type tokenRevokeInput struct {
	ID string `path:"id"`
}

func (s *server) tokenRevoke(ctx context.Context, input *tokenRevokeInput) (done, error) {
	return done{true}, s.App.RevokeToken(ctx, principalOf(ctx), input.ID)
}
