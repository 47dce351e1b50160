package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// InstallationRisk returns the limits that hold for every account, besides its own.
func (s *Store) InstallationRisk(ctx context.Context) (trade.RiskLimits, error) {
	limits, err := s.installationRisk.of(ctx, struct{}{})
	if err != nil || len(limits) == 0 {
		return trade.RiskLimits{}, err
	}
	return limits[0], nil
}

func readInstallationRisk(ctx context.Context, db bun.IDB, lock string) (trade.RiskLimits, error) {
	var text string
	if err := db.NewRaw("SELECT risk FROM installation_settings WHERE id = 1"+lock).Scan(ctx, &text); err != nil {
		return trade.RiskLimits{}, explain(err)
	}
	limits, err := readDocument[trade.RiskLimits]([]byte(text))
	if err != nil {
		return trade.RiskLimits{}, fmt.Errorf("read the installation's risk limits: %w", err)
	}
	return limits, nil
}

// ChangeInstallationRisk applies change to the limits, which may refuse by an error. One change
// waits for another, so that none is lost.
func (s *Store) ChangeInstallationRisk(ctx context.Context, change func(*trade.RiskLimits) error, entry audit.Entry) (trade.RiskLimits, error) {
	var after trade.RiskLimits
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		var err error
		if after, err = readInstallationRisk(ctx, tx, s.dialect.forUpdate); err != nil {
			return err
		}
		if err := change(&after); err != nil {
			return err
		}
		text, err := json.Marshal(after)
		if err != nil {
			return fmt.Errorf("write the installation's risk limits: %w", err)
		}
		if _, err := tx.NewRaw("UPDATE installation_settings SET risk = ? WHERE id = 1", string(text)).Exec(ctx); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
	return after, err
}
