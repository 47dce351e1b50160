package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type standingRow struct {
	bun.BaseModel `bun:"table:standings"`

	AccountID string
	State     trade.TradingState
	Cause     trade.HaltCause
	Reason    string
	Who       string
	Since     instant
}

// Standing returns the state in force for the account: the stricter of its own and the whole
// installation's.
func (s *Store) Standing(ctx context.Context, accountID string) (trade.Standing, error) {
	rows, err := s.standings.of(ctx, accountID, trade.WholeInstallation)
	return strictest(accountID, rows), explain(err)
}

func readStandings(ctx context.Context, db bun.IDB, accounts []string) (rows []standingRow, err error) {
	err = db.NewSelect().Model(&rows).Where("account_id IN (?)", bun.In(accounts)).Scan(ctx)
	return rows, err
}

// strictest is the state in force for the account by the rows, which may be others' too.
func strictest(accountID string, rows []standingRow) trade.Standing {
	standing := trade.Standing{AccountID: accountID, State: trade.Active}
	for _, row := range rows {
		if (row.AccountID == accountID || row.AccountID == trade.WholeInstallation) && standing.State.Stricter(row.State) != standing.State {
			standing = row.standing()
		}
	}
	return standing
}

// OwnStanding returns the state of one scope alone, whatever the other says; trade.WholeInstallation
// asks for that of the installation.
func (s *Store) OwnStanding(ctx context.Context, accountID string) (trade.Standing, error) {
	var rows []standingRow
	err := s.read.NewSelect().Model(&rows).Where("account_id = ?", accountID).Scan(ctx)
	if err != nil || len(rows) == 0 {
		return trade.Standing{AccountID: accountID, State: trade.Active}, explain(err)
	}
	return rows[0].standing(), nil
}

func (r standingRow) standing() trade.Standing {
	return trade.Standing{AccountID: r.AccountID, State: r.State, Cause: r.Cause, Reason: r.Reason, Who: r.Who, Since: r.Since.Time}
}

// Halt puts a state in force, with its audit entry by the program, unless the scope's own state is
// as strict already: the first reason stays.
func (s *Store) Halt(ctx context.Context, standing trade.Standing) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.awaitClaims(ctx, tx, standing.AccountID); err != nil {
			return err
		}
		own, err := ownStanding(ctx, tx, standing.AccountID)
		if err != nil || own.Stricter(standing.State) == own {
			return err
		}
		return s.putStanding(ctx, tx, standing, audit.Entry{
			At: standing.Since, ActorName: standing.Who, Action: audit.TradingHalted, Target: scopeOf(standing.AccountID),
			Details: map[string]any{"state": string(standing.State), "cause": string(standing.Cause), "reason": standing.Reason},
		})
	})
}

// SetStanding puts a state in force, stricter or not, because a person wants it.
func (s *Store) SetStanding(ctx context.Context, standing trade.Standing, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.awaitClaims(ctx, tx, standing.AccountID); err != nil {
			return err
		}
		return s.putStanding(ctx, tx, standing, entry)
	})
}

// awaitClaims lets claims that are being committed end, and keeps others waiting until the
// transaction has ended: a claim holds its account's lease, and its share of the installation,
// before it reads the standing (mayOrder).
func (s *Store) awaitClaims(ctx context.Context, tx bun.Tx, accountID string) error {
	if accountID == trade.WholeInstallation {
		return s.holdInstallation(ctx, tx, s.dialect.forUpdate)
	}
	_, err := tx.NewRaw("UPDATE leases SET epoch = epoch WHERE account_id = ?", accountID).Exec(ctx)
	return err
}

func (s *Store) holdInstallation(ctx context.Context, tx bun.Tx, lock string) error {
	var id int
	return tx.NewRaw("SELECT id FROM installation_settings WHERE id = 1"+lock).Scan(ctx, &id)
}

// mayOrder refuses claims with trade.ErrStopped and a sentence when the standing in force does not
// allow them, and returns what is left. The standings stay as they are until the transaction ends.
func (s *Store) mayOrder(ctx context.Context, tx bun.Tx, claims []*one[claim]) ([]*one[claim], error) {
	if err := s.holdInstallation(ctx, tx, s.dialect.forShare); err != nil {
		return nil, err
	}
	accounts := []string{trade.WholeInstallation}
	for _, c := range claims {
		accounts = append(accounts, c.of.lease.AccountID)
	}
	rows, err := readStandings(ctx, tx, accounts)
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		standing := strictest(c.of.lease.AccountID, rows)
		if !standing.State.Allows(c.of.order.Intent.Purpose) {
			c.refused = fault.Because(trade.ErrStopped, fault.Conflict, "%s", standing.Sentence())
		}
	}
	return accepted(claims), nil
}

// ownStanding is the state of one scope alone.
func ownStanding(ctx context.Context, tx bun.Tx, accountID string) (trade.TradingState, error) {
	var states []trade.TradingState
	err := tx.NewRaw("SELECT state FROM standings WHERE account_id = ?", accountID).Scan(ctx, &states)
	if len(states) == 0 {
		return trade.Active, err
	}
	return states[0], err
}

func (s *Store) putStanding(ctx context.Context, tx bun.Tx, standing trade.Standing, entry audit.Entry) error {
	row := standingRow{
		AccountID: standing.AccountID, State: standing.State, Cause: standing.Cause,
		Reason: standing.Reason, Who: standing.Who, Since: at(standing.Since),
	}
	_, err := tx.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").
		Set("state = EXCLUDED.state, cause = EXCLUDED.cause, reason = EXCLUDED.reason, who = EXCLUDED.who, since = EXCLUDED.since").Exec(ctx)
	if err != nil {
		return err
	}
	return s.audit(ctx, tx, entry)
}

// scopeOf names what a standing holds for, as the target of an audit entry.
func scopeOf(accountID string) string {
	if accountID == trade.WholeInstallation {
		return "installation"
	}
	return "account:" + accountID
}
