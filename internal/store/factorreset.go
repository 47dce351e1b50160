package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
)

// RemoveFactors removes every second factor of the user with its recovery codes, ends all of the
// user's sessions and sign-ins under way, and writes the entry that describe returns for what was
// removed. The password stays. A fault of kind NotFound when there is no such user.
func (s *Store) RemoveFactors(ctx context.Context, userID string, describe func(removed auth.Factors) audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, userID); err != nil {
			return err
		}
		removed, err := secondFactors(ctx, tx, userID)
		if err != nil {
			return err
		}
		for _, table := range []string{"totp_secrets", "recovery_codes", "passkeys", "code_tries"} {
			if _, err := tx.NewDelete().Table(table).Where("user_id = ?", userID).Exec(ctx); err != nil {
				return err
			}
		}
		if _, err := s.endSessions(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, describe(removed))
	})
}
