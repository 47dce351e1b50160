package store

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// hasSecondFactor is SQL: whether the user u must show a second factor.
const hasSecondFactor = "EXISTS (SELECT 1 FROM totp_secrets WHERE totp_secrets.user_id = u.id AND totp_secrets.enabled)" +
	" OR EXISTS (SELECT 1 FROM passkeys WHERE passkeys.user_id = u.id)"

// SecondFactors returns what second factors the user has.
func (s *Store) SecondFactors(ctx context.Context, userID string) (auth.Factors, error) {
	return secondFactors(ctx, s.read, userID)
}

func secondFactors(ctx context.Context, from bun.IDB, userID string) (auth.Factors, error) {
	var factors auth.Factors
	err := from.NewRaw(`SELECT EXISTS (SELECT 1 FROM totp_secrets WHERE user_id = ?0 AND enabled),
		(SELECT COUNT(*) FROM recovery_codes WHERE user_id = ?0), (SELECT COUNT(*) FROM passkeys WHERE user_id = ?0)`, userID).
		Scan(ctx, &factors.TOTP, &factors.RecoveryCodes, &factors.Passkeys)
	return factors, explain(err)
}

// TOTPSecret returns the user's secret, sealed; a fault of kind NotFound when there is none.
func (s *Store) TOTPSecret(ctx context.Context, userID string) (auth.TOTPSecret, error) {
	secret := auth.TOTPSecret{UserID: userID}
	err := s.read.NewRaw("SELECT id, sealed, enabled FROM totp_secrets WHERE user_id = ?", userID).
		Scan(ctx, &secret.ID, &secret.Sealed, &secret.Enabled)
	return secret, missing(err, "Two-factor authentication is not set up.")
}

// PutTOTPSecret stores a secret to be enabled, in place of an older one that was not enabled; a
// fault of kind Conflict when one is enabled already.
func (s *Store) PutTOTPSecret(ctx context.Context, secret auth.TOTPSecret) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw(`INSERT INTO totp_secrets (user_id, id, sealed, enabled, last_step, created_at) VALUES (?, ?, ?, FALSE, 0, ?)
			ON CONFLICT (user_id) DO UPDATE SET id = excluded.id, sealed = excluded.sealed, last_step = 0, created_at = excluded.created_at
			WHERE NOT totp_secrets.enabled`,
			secret.UserID, secret.ID, secret.Sealed, at(s.clock.Now())).Exec(ctx)
		return mustChange(result, err, fault.New(fault.Conflict, "Two-factor authentication is on already. Turn it off first."))
	})
}

// UseTOTPStep accepts the code of the time step, and writes the entry; false, and nothing written,
// when that step or a later one was accepted before, or the secret is not the user's any more.
func (s *Store) UseTOTPStep(ctx context.Context, secret auth.TOTPSecret, step int64, entry audit.Entry) (used bool, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if used, err = takeStep(ctx, tx, secret, step, "enabled"); err != nil || !used {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return used && err == nil, err
}

// takeStep is the one place where a code is used up: one row changes, or the code is refused.
func takeStep(ctx context.Context, tx bun.Tx, secret auth.TOTPSecret, step int64, state string) (bool, error) {
	return changedOne(tx.NewRaw("UPDATE totp_secrets SET last_step = ?, enabled = TRUE WHERE user_id = ? AND id = ? AND last_step < ? AND "+state,
		step, secret.UserID, secret.ID, step).Exec(ctx))
}

// EnableTOTP turns the secret on with its first code, replaces the recovery codes and ends all
// sessions of the user; false when the code was used before or the secret is not waiting.
func (s *Store) EnableTOTP(ctx context.Context, secret auth.TOTPSecret, step int64, marks [][]byte, entry audit.Entry) (user auth.User, enabled bool, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if enabled, err = takeStep(ctx, tx, secret, step, "NOT enabled"); err != nil || !enabled {
			return err
		}
		if err := putRecoveryCodes(ctx, tx, secret.UserID, marks); err != nil {
			return err
		}
		if user, err = s.endAndRead(ctx, tx, secret.UserID); err != nil {
			return err
		}
		return s.audit(ctx, tx, naming(entry, sealedDigest(secret.Sealed)))
	})
	return user, enabled && err == nil, err
}

// DisableTOTP removes the secret, and the recovery codes when no other factor is left for them to
// stand in for, and ends all sessions of the user.
func (s *Store) DisableTOTP(ctx context.Context, userID string, entry audit.Entry) (user auth.User, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("DELETE FROM totp_secrets WHERE user_id = ? AND enabled", userID).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, "Two-factor authentication is not on.")); err != nil {
			return err
		}
		if err := dropIdleCodes(ctx, tx, userID); err != nil {
			return err
		}
		if user, err = s.endAndRead(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return user, err
}

// dropIdleCodes removes the recovery codes of a user who has no factor left for them to stand in for.
func dropIdleCodes(ctx context.Context, tx bun.Tx, userID string) error {
	left, err := secondFactors(ctx, tx, userID)
	if err != nil || left.Required() {
		return err
	}
	return putRecoveryCodes(ctx, tx, userID, nil)
}

// ReplaceRecoveryCodes makes the marks the user's only recovery codes and ends all sessions.
func (s *Store) ReplaceRecoveryCodes(ctx context.Context, userID string, marks [][]byte, entry audit.Entry) (user auth.User, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := putRecoveryCodes(ctx, tx, userID, marks); err != nil {
			return err
		}
		if user, err = s.endAndRead(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return user, err
}

func putRecoveryCodes(ctx context.Context, tx bun.Tx, userID string, marks [][]byte) error {
	if _, err := tx.NewRaw("DELETE FROM recovery_codes WHERE user_id = ?", userID).Exec(ctx); err != nil {
		return err
	}
	for _, mark := range marks {
		if _, err := tx.NewRaw("INSERT INTO recovery_codes (user_id, mark) VALUES (?, ?)", userID, mark).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// changedOne reports whether a statement changed a row.
func changedOne(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	changed, err := result.RowsAffected()
	return changed > 0, err
}

// UseRecoveryCode uses the code up and writes the entry; false when the user has none with the mark.
func (s *Store) UseRecoveryCode(ctx context.Context, userID string, mark []byte, entry audit.Entry) (used bool, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		used, err = changedOne(tx.NewRaw("DELETE FROM recovery_codes WHERE user_id = ? AND mark = ?", userID, mark).Exec(ctx))
		if err != nil || !used {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return used && err == nil, err
}

// CountCodeTry counts a wrong code in advance; a fault of kind RateLimited when the hour has had
// too many.
func (s *Store) CountCodeTry(ctx context.Context, userID string) error {
	now := s.clock.Now()
	var tries int
	var since instant
	err := s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		return tx.NewRaw(`INSERT INTO code_tries (user_id, window_start, tries) VALUES (?0, ?1, 1)
			ON CONFLICT (user_id) DO UPDATE SET
			tries = CASE WHEN code_tries.window_start <= ?2 THEN 1 ELSE code_tries.tries + 1 END,
			window_start = CASE WHEN code_tries.window_start <= ?2 THEN excluded.window_start ELSE code_tries.window_start END
			RETURNING tries, window_start`, userID, at(now), at(now.Add(-auth.CodeTriesWindow))).Scan(ctx, &tries, &since)
	})
	if err != nil || tries <= auth.CodeTriesPerHour {
		return err
	}
	return fault.Later(since.Add(auth.CodeTriesWindow).Sub(now), "Too many wrong codes. Use a recovery code or a passkey, or try again in an hour.")
}

// ForgiveCodeTry takes back what CountCodeTry counted.
func (s *Store) ForgiveCodeTry(ctx context.Context, userID string) error {
	_, err := s.write.NewRaw("UPDATE code_tries SET tries = tries - 1 WHERE user_id = ? AND tries > 0", userID).Exec(ctx)
	return explain(err)
}
