package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
)

// InstallationSettings returns what administrators have decided.
func (s *Store) InstallationSettings(ctx context.Context) (auth.InstallationSettings, error) {
	return readInstallationSettings(ctx, s.read, "")
}

func readInstallationSettings(ctx context.Context, db bun.IDB, lock string) (auth.InstallationSettings, error) {
	var settings auth.InstallationSettings
	var limits string
	err := db.NewRaw("SELECT registration, rate_limits FROM installation_settings WHERE id = 1"+lock).
		Scan(ctx, &settings.Registration, &limits)
	if err != nil {
		return auth.InstallationSettings{}, explain(err)
	}
	if err := json.Unmarshal([]byte(limits), &settings.RateLimits); err != nil {
		return auth.InstallationSettings{}, fmt.Errorf("read rate limits: %w", err)
	}
	return settings, nil
}

// ChangeInstallationSettings applies change to what is stored, and writes the entries that describe
// returns. One change waits for another, so that none is lost.
func (s *Store) ChangeInstallationSettings(ctx context.Context, change func(*auth.InstallationSettings), describe func(before, after auth.InstallationSettings) []audit.Entry) (auth.InstallationSettings, error) {
	var after auth.InstallationSettings
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		before, err := readInstallationSettings(ctx, tx, s.dialect.forUpdate)
		if err != nil {
			return err
		}
		after = before.Clone()
		change(&after)
		limits, err := json.Marshal(after.RateLimits)
		if err != nil {
			return fmt.Errorf("write rate limits: %w", err)
		}
		_, err = tx.NewRaw("UPDATE installation_settings SET registration = ?, rate_limits = ? WHERE id = 1",
			after.Registration, string(limits)).Exec(ctx)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, describe(before, after)...)
	})
	return after, err
}
