package store

import (
	"context"
	"strings"
	"time"
)

// RootKeys returns the ENCRYPTION_KEYs that key services keep wrapped for this database, by the
// services' addresses.
func (s *Store) RootKeys(ctx context.Context) (map[string][]byte, error) {
	var rows []struct {
		Name    string
		Wrapped []byte
	}
	if err := s.read.NewRaw("SELECT name, wrapped FROM installation_keys WHERE name LIKE ?", rootKey+"%").Scan(ctx, &rows); err != nil {
		return nil, explain(err)
	}
	keys := make(map[string][]byte, len(rows))
	for _, row := range rows {
		keys[strings.TrimPrefix(row.Name, rootKey)] = row.Wrapped
	}
	return keys, nil
}

// totpStepLength is in seconds (RFC 6238).
const totpStepLength = 30

// Settle makes an older state safe to go on from. Nothing of it lets anybody in who was shown the
// door since: sessions and pending sign-ins are gone, links and invites are void, codes of
// authenticator apps count from now on. And nothing of it trades on what it remembers: leases and
// plans are gone, and no account counts as compared with the broker (trade.Reconciliation.Restored).
// Executions and orders since the last comparison are taken over before anything is decided.
// Simulated accounts, whose exchange need not be the one of the backup, begin with a first look.
func (f *Filling) Settle(ctx context.Context, now time.Time) error {
	moment := at(now)
	for _, part := range []struct {
		table     string
		statement string
		arguments []any
	}{
		{"sessions", "DELETE FROM sessions", nil},
		{"pending_sign_ins", "DELETE FROM pending_sign_ins", nil},
		{"known_devices", "DELETE FROM known_devices", nil},
		{"password_links", "DELETE FROM password_links", nil},
		{"invites", "UPDATE invites SET expires_at = ?0 WHERE used_at IS NULL AND expires_at > ?0", []any{moment}},
		{"users", "UPDATE users SET session_epoch = session_epoch + 1", nil},
		{"totp_secrets", "UPDATE totp_secrets SET last_step = ?0 WHERE last_step < ?0", []any{now.Unix() / totpStepLength}},
		{"leases", "DELETE FROM leases", nil},
		{"watchers", "DELETE FROM watchers", nil},
		{"watches", "DELETE FROM watches", nil},
		{"brokerage_accounts", "UPDATE brokerage_accounts SET next_run_at = NULL", nil},
		{"reconciliations", "DELETE FROM reconciliations WHERE fills_through IS NULL OR account_id IN (SELECT id FROM brokerage_accounts WHERE demo)", nil},
		{"reconciliations", "UPDATE reconciliations SET passed = FALSE, in_a_row = 0, drift = '[]'", nil},
	} {
		table, err := f.Table(ctx, part.table)
		if err != nil {
			return err
		}
		if len(table.Columns) == 0 { // the backup is of a version that did not have it
			continue
		}
		if _, err := f.tx.NewRaw(part.statement, part.arguments...).Exec(ctx); err != nil {
			return explain(err)
		}
	}
	return nil
}
