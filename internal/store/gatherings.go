package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// gatherings are the questions that cycles of many accounts ask at the same moment.
type gatherings struct {
	openOrders      *gathered[string, trade.Order]
	standings       *gathered[string, standingRow]
	holdings        *gathered[string, holdingRow]
	reconciliations *gathered[string, reconciliationRow]
	owned           *gathered[orderKey, ownerRow]
	knownFills      *gathered[orderKey, fillRow]

	automatedRows    *gathered[string, accountRow]
	strategies       *gathered[string, accountStrategyRow]
	userSettings     *gathered[string, settingsRow]
	watchlists       *gathered[string, watchedRow]
	dataKeys         *gathered[string, userKeyRow]
	sealings         *gathered[string, auditRow] // by target
	installationRisk *gathered[struct{}, trade.RiskLimits]
}

func (s *Store) newGatherings() gatherings {
	return gatherings{
		openOrders: &gathered[string, trade.Order]{read: s.readOpenOrders, keyOf: func(o trade.Order) string { return o.Intent.AccountID }},
		standings: &gathered[string, standingRow]{
			read: func(ctx context.Context, accounts []string) ([]standingRow, error) {
				return readStandings(ctx, s.read, accounts)
			},
			keyOf: func(r standingRow) string { return r.AccountID },
		},
		holdings:        gatheredBy(s, "account_id", func(r holdingRow) string { return r.AccountID }),
		reconciliations: gatheredBy(s, "account_id", func(r reconciliationRow) string { return r.AccountID }),
		owned: &gathered[orderKey, ownerRow]{
			read:  func(ctx context.Context, keys []orderKey) ([]ownerRow, error) { return s.readOwners(ctx, s.read, keys) },
			keyOf: ownerRow.key,
		},
		knownFills: &gathered[orderKey, fillRow]{read: s.readFills, keyOf: fillRow.key},

		automatedRows: &gathered[string, accountRow]{read: s.readAutomated, keyOf: func(r accountRow) string { return r.ID }},
		strategies:    gatheredBy(s, "account_id", func(r accountStrategyRow) string { return r.AccountID }),
		userSettings:  gatheredBy(s, "user_id", func(r settingsRow) string { return r.UserID }),
		watchlists:    &gathered[string, watchedRow]{read: s.readWatchlists, keyOf: func(r watchedRow) string { return r.UserID }},
		dataKeys:      gatheredBy(s, "user_id", func(r userKeyRow) string { return r.UserID }),
		sealings:      &gathered[string, auditRow]{read: s.readSealings, keyOf: func(r auditRow) string { return r.Target }},
		installationRisk: &gathered[struct{}, trade.RiskLimits]{
			read: func(ctx context.Context, _ []struct{}) ([]trade.RiskLimits, error) {
				limits, err := readInstallationRisk(ctx, s.read, "")
				return []trade.RiskLimits{limits}, err
			},
			keyOf: func(trade.RiskLimits) struct{} { return struct{}{} },
		},
	}
}

// gatheredBy reads whole rows of a table by one column.
func gatheredBy[R any](s *Store, column string, keyOf func(R) string) *gathered[string, R] {
	read := func(ctx context.Context, keys []string) (rows []R, err error) {
		err = s.read.NewSelect().Model(&rows).Where("? IN (?)", bun.Ident(column), bun.In(keys)).Scan(ctx)
		return rows, err
	}
	return &gathered[string, R]{read: read, keyOf: keyOf}
}
