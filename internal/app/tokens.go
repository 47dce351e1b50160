package app

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// NewToken is what a user asks of an API token.
type NewToken struct {
	Name   string
	Scopes []string
	Days   *int   // until it expires; nil: auth.UsualTokenLife
	Rates  string // such as "200/day;50/hour"; empty: the limits of the installation
}

// ListTokens returns the principal's API tokens, oldest first, also those that have expired.
func (a *App) ListTokens(ctx context.Context, p auth.Principal) ([]auth.APIToken, error) {
	if err := p.Require(auth.Self); err != nil {
		return nil, err
	}
	return a.Store.ListTokens(ctx, p.UserID)
}

// CreateToken makes an API token and returns its text, which is kept nowhere. Faults: Invalid (name,
// scopes, days or limit), Forbidden (a scope beyond the role), Conflict (too many tokens).
func (a *App) CreateToken(ctx context.Context, p auth.Principal, wanted NewToken) (auth.APIToken, secret.Text, error) {
	if err := firstError(p.Require(auth.Self), p.Require(auth.Read)); err != nil {
		return auth.APIToken{}, secret.Text{}, err
	}
	token, err := a.planToken(p, wanted)
	if err != nil {
		return auth.APIToken{}, secret.Text{}, err
	}
	var text secret.Text
	token.ID, text, token.Hash = auth.NewTokenText()
	details := map[string]any{"name": token.Name, "scopes": scopeNames(token.Scopes), "expires_at": token.ExpiresAt.UTC().Format(time.RFC3339)}
	return token, text, a.Store.CreateToken(ctx, token, a.entry(p, audit.TokenCreated, tokenTarget(token.ID), details))
}

// planToken checks what is asked for.
func (a *App) planToken(p auth.Principal, wanted NewToken) (auth.APIToken, error) {
	name, err := credentialName(wanted.Name)
	if err != nil {
		return auth.APIToken{}, err
	}
	scopes, err := auth.ParseScopes(wanted.Scopes)
	if err != nil {
		return auth.APIToken{}, err
	}
	if err := requireScopes(p, scopes); err != nil {
		return auth.APIToken{}, err
	}
	life, err := tokenLife(wanted.Days)
	if err != nil {
		return auth.APIToken{}, err
	}
	var rates auth.Rates
	if wanted.Rates != "" {
		if rates, err = auth.ParseRates(wanted.Rates); err != nil {
			return auth.APIToken{}, err
		}
	}
	now := a.Clock.Now()
	return auth.APIToken{UserID: p.UserID, Name: name, Scopes: scopes, Rates: rates, CreatedAt: now, ExpiresAt: now.Add(life)}, nil
}

// requireScopes refuses scopes that the principal's role would never let the token use.
func requireScopes(p auth.Principal, scopes []auth.Scope) error {
	for _, scope := range scopes {
		if scope != auth.ScopeRead && !p.Can(auth.Trade) {
			return fault.New(fault.Forbidden, "Your role (%s) does not allow the scope %s.", p.Role, scope)
		}
	}
	return nil
}

func tokenLife(days *int) (time.Duration, error) {
	const day = 24 * time.Hour
	longest := int(auth.LongestTokenLife / day)
	switch {
	case days == nil:
		return auth.UsualTokenLife, nil
	case *days < 1 || *days > longest:
		return 0, fault.New(fault.Invalid, "A token expires after 1 to %d days.", longest)
	}
	return time.Duration(*days) * day, nil
}

const longestCredentialName = 80

// credentialName is what a user calls a token or a passkey.
func credentialName(given string) (string, error) {
	name := strings.TrimSpace(given)
	if length := utf8.RuneCountInString(name); length < 1 || length > longestCredentialName || !printable(name) {
		return "", fault.New(fault.Invalid, "The name needs 1 to %d printable characters.", longestCredentialName)
	}
	return name, nil
}

func scopeNames(scopes []auth.Scope) []string {
	names := make([]string, len(scopes))
	for i, scope := range scopes {
		names[i] = string(scope)
	}
	return names
}

// RevokeToken deletes the principal's token; it opens nothing from then on. NotFound: there is none.
func (a *App) RevokeToken(ctx context.Context, p auth.Principal, id string) error {
	if err := p.Require(auth.Self); err != nil {
		return err
	}
	return a.Store.RevokeToken(ctx, p.UserID, id, a.entry(p, audit.TokenRevoked, tokenTarget(id), nil))
}

func tokenTarget(id string) string { return "token:" + id }

// errBearer is the same whatever is wrong with a token.
var errBearer = fault.New(fault.Unauthenticated, "The API token is not valid: it is mistyped, expired or revoked.")

// Bearer returns who comes with the token's text: its user, within the token's scopes. A fault of
// kind Unauthenticated, the same one, for a token that is malformed, unknown, expired or revoked,
// and for a user who is gone or disabled.
func (a *App) Bearer(ctx context.Context, p auth.Principal, text secret.Text) (auth.Principal, error) {
	id, hash, ok := auth.ReadTokenText(text.Reveal())
	if !ok {
		return auth.Principal{}, errBearer
	}
	token, err := a.Store.TokenByID(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return auth.Principal{}, err
	}
	now := a.Clock.Now()
	if err != nil || !token.Accepts(hash, now) {
		return auth.Principal{}, errBearer
	}
	user, err := a.Store.UserByID(ctx, token.UserID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return auth.Principal{}, err
	}
	if err != nil || user.Disabled {
		return auth.Principal{}, errBearer
	}
	if p.MustEnroll, err = a.MustEnroll(ctx, user); err != nil {
		return auth.Principal{}, err
	}
	a.touchToken(ctx, token, now)
	p.UserID, p.Username, p.Role, p.SessionID = user.ID, user.Username, user.Role, tokenTarget(token.ID)
	p.Token = &auth.TokenGrant{ID: token.ID, Scopes: token.Scopes, Rates: token.Limits()}
	return p, nil
}

// touchToken records the use, at most once a minute. The request goes on when that fails.
func (a *App) touchToken(ctx context.Context, token auth.APIToken, now time.Time) {
	if now.Sub(token.LastUsedAt) < auth.TokenUseExactTo {
		return
	}
	if err := a.Store.TouchToken(ctx, token.ID, now); err != nil {
		a.Logger.WarnContext(ctx, "record the use of an API token", "token", token.ID, "cause", err)
	}
}

// requireModes returns nil when the principal may change what all of its accounts do: strategy and
// watchlist are the same for all. Only an API token is bound to modes: it needs the scope of each
// mode in which an account is active or automated.
func (a *App) requireModes(ctx context.Context, p auth.Principal) error {
	if p.Token == nil {
		return nil
	}
	accounts, err := a.Store.ListAccounts(ctx, p.UserID)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		if !account.Active && !account.Automated {
			continue
		}
		if err := p.RequireMode(account.Paper); err != nil {
			return err
		}
	}
	return nil
}
