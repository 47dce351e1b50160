package store

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

type tokenRow struct {
	bun.BaseModel `bun:"table:api_tokens"`

	ID         string
	UserID     string
	Name       string
	Hash       []byte
	Scopes     string
	Rates      string
	CreatedAt  instant
	ExpiresAt  instant
	LastUsedAt instant
}

func rowOfToken(t auth.APIToken) tokenRow {
	names := make([]string, len(t.Scopes))
	for i, scope := range t.Scopes {
		names[i] = string(scope)
	}
	return tokenRow{
		ID: t.ID, UserID: t.UserID, Name: t.Name, Hash: t.Hash, Scopes: strings.Join(names, " "), Rates: t.Rates.String(),
		CreatedAt: at(t.CreatedAt), ExpiresAt: at(t.ExpiresAt), LastUsedAt: at(t.LastUsedAt),
	}
}

func (r tokenRow) token() (auth.APIToken, error) {
	token := auth.APIToken{
		ID: r.ID, UserID: r.UserID, Name: r.Name, Hash: r.Hash,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time, LastUsedAt: r.LastUsedAt.Time,
	}
	var err error
	if token.Scopes, err = auth.ParseScopes(strings.Fields(r.Scopes)); err != nil {
		return token, err
	}
	if r.Rates != "" {
		token.Rates, err = auth.ParseRates(r.Rates)
	}
	return token, err
}

const noToken = "You have no such API token."

// ListTokens returns the user's API tokens, also those that have expired, oldest first.
func (s *Store) ListTokens(ctx context.Context, userID string) ([]auth.APIToken, error) {
	var rows []tokenRow
	err := s.read.NewSelect().Model(&rows).Where("user_id = ?", userID).Order("created_at", "id").Scan(ctx)
	if err != nil {
		return nil, explain(err)
	}
	tokens := make([]auth.APIToken, 0, len(rows))
	for _, row := range rows {
		token, err := row.token()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// TokenByID finds anybody's API token, whether it has expired or not.
func (s *Store) TokenByID(ctx context.Context, id string) (auth.APIToken, error) {
	var row tokenRow
	if err := s.read.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return auth.APIToken{}, missing(err, noToken)
	}
	return row.token()
}

// CreateToken inserts the token; a fault of kind Conflict when the user has auth.TokensPerUser.
func (s *Store) CreateToken(ctx context.Context, token auth.APIToken, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, token.UserID); err != nil {
			return err
		}
		count, err := tx.NewSelect().Table("api_tokens").Where("user_id = ?", token.UserID).Count(ctx)
		if err != nil {
			return err
		}
		if count >= auth.TokensPerUser {
			return fault.New(fault.Conflict, "You have %d API tokens, which is the most. Revoke one first.", count)
		}
		row := rowOfToken(token)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

// TouchToken records a use of the token; a use at most a minute after the recorded one is not new.
func (s *Store) TouchToken(ctx context.Context, id string, used time.Time) error {
	_, err := s.write.NewRaw("UPDATE api_tokens SET last_used_at = ? WHERE id = ? AND (last_used_at IS NULL OR last_used_at <= ?)",
		at(used), id, at(used.Add(-auth.TokenUseExactTo))).Exec(ctx)
	return explain(err)
}

// RevokeToken deletes the user's token; from then on it opens nothing. NotFound: it is not there.
func (s *Store) RevokeToken(ctx context.Context, userID, id string, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("DELETE FROM api_tokens WHERE id = ? AND user_id = ?", id, userID).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, noToken)); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}
