package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type accountRow struct {
	bun.BaseModel `bun:"table:brokerage_accounts"`

	ID           string
	UserID       string
	Name         string
	Paper        bool
	Demo         bool
	Active       bool
	Automated    bool
	APIKeyHint   string
	SealedKey    []byte
	SealedSecret []byte
	NextRunAt    instant
	ArmedAt      instant
	CreatedAt    instant
}

func rowOfAccount(a trade.BrokerageAccount) accountRow {
	return accountRow{
		ID: a.ID, UserID: a.UserID, Name: a.Name, Paper: a.Paper, Demo: a.Demo, Active: a.Active,
		Automated: a.Automated, APIKeyHint: a.APIKeyHint, SealedKey: a.SealedKey, SealedSecret: a.SealedSecret,
		NextRunAt: at(a.NextRunAt), ArmedAt: at(a.ArmedAt), CreatedAt: at(a.CreatedAt),
	}
}

func (r accountRow) account() trade.BrokerageAccount {
	return trade.BrokerageAccount{
		ID: r.ID, UserID: r.UserID, Name: r.Name, Paper: r.Paper, Demo: r.Demo, Active: r.Active,
		Automated: r.Automated, APIKeyHint: r.APIKeyHint, SealedKey: r.SealedKey, SealedSecret: r.SealedSecret,
		NextRunAt: r.NextRunAt.Time, ArmedAt: r.ArmedAt.Time, CreatedAt: r.CreatedAt.Time,
	}
}

func accountsOf(rows []accountRow) []trade.BrokerageAccount {
	accounts := make([]trade.BrokerageAccount, 0, len(rows))
	for _, row := range rows {
		accounts = append(accounts, row.account())
	}
	return accounts
}

const noAccount = "You have no such brokerage account."

func accountNameTaken(name string) *fault.Error {
	return fault.New(fault.Conflict, "You have a brokerage account named %q already.", name)
}

// ListAccounts returns the user's accounts, oldest first.
func (s *Store) ListAccounts(ctx context.Context, userID string) ([]trade.BrokerageAccount, error) {
	var rows []accountRow
	err := s.read.NewSelect().Model(&rows).Where("user_id = ?", userID).Order("created_at", "id").Scan(ctx)
	return accountsOf(rows), explain(err)
}

// AccountByName finds one of the user's accounts.
func (s *Store) AccountByName(ctx context.Context, userID, name string) (trade.BrokerageAccount, error) {
	var row accountRow
	err := s.read.NewSelect().Model(&row).Where("user_id = ? AND name = ?", userID, name).Scan(ctx)
	return row.account(), missing(err, noAccount)
}

// ActiveAccount returns the account that the user's pages show; NotFound when there is none yet.
func (s *Store) ActiveAccount(ctx context.Context, userID string) (trade.BrokerageAccount, error) {
	var row accountRow
	err := s.read.NewSelect().Model(&row).Where("user_id = ? AND active", userID).Scan(ctx)
	return row.account(), missing(err, "Add a brokerage account first.")
}

// CreateAccount inserts; the user's first account becomes active.
func (s *Store) CreateAccount(ctx context.Context, account trade.BrokerageAccount, entry audit.Entry) (trade.BrokerageAccount, error) {
	if account.CreatedAt.IsZero() {
		account.CreatedAt = s.clock.Now()
	}
	err := s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, account.UserID); err != nil {
			return err
		}
		others, err := tx.NewSelect().Table("brokerage_accounts").Where("user_id = ?", account.UserID).Exists(ctx)
		if err != nil {
			return err
		}
		account.Active = !others
		row := rowOfAccount(account)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return taken(err, accountNameTaken(account.Name))
		}
		return s.audit(ctx, tx, sealing(entry, account))
	})
	if err != nil {
		return trade.BrokerageAccount{}, err
	}
	return rowOfAccount(account).account(), nil
}

// UpdateAccount stores name, mode, sealed keys, hint, the automation switch and since when it is armed.
func (s *Store) UpdateAccount(ctx context.Context, account trade.BrokerageAccount, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		before, err := storedDigest(ctx, tx, account.UserID, account.ID)
		if err != nil {
			return err
		}
		row, recorded := rowOfAccount(account), entry
		if before != sealedDigest(account.SealedKey, account.SealedSecret) { // keys that stay are not sealed by this act
			recorded = sealing(entry, account)
		}
		result, err := tx.NewUpdate().Model(&row).
			Column("name", "paper", "demo", "automated", "api_key_hint", "sealed_key", "sealed_secret", "armed_at").
			Where("id = ? AND user_id = ?", account.ID, account.UserID).Exec(ctx)
		err = taken(err, accountNameTaken(account.Name))
		if err := mustChange(result, err, fault.New(fault.NotFound, noAccount)); err != nil {
			return err
		}
		return s.audit(ctx, tx, recorded)
	})
}

// DeleteAccount removes the row; when it was active, the oldest other one becomes active. The
// journal of what it did stays.
func (s *Store) DeleteAccount(ctx context.Context, userID, id string, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, userID); err != nil {
			return err
		}
		result, err := tx.NewRaw("DELETE FROM brokerage_accounts WHERE id = ? AND user_id = ?", id, userID).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, noAccount)); err != nil {
			return err
		}
		if err := activateOldest(ctx, tx, userID); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

// activateOldest gives a user without an active account the oldest one, if there is any.
func activateOldest(ctx context.Context, tx bun.Tx, userID string) error {
	_, err := tx.NewRaw(`UPDATE brokerage_accounts SET active = TRUE
		WHERE id = (SELECT id FROM brokerage_accounts WHERE user_id = ?0 ORDER BY created_at, id LIMIT 1)
		AND NOT EXISTS (SELECT 1 FROM brokerage_accounts WHERE user_id = ?0 AND active)`, userID).Exec(ctx)
	return err
}

// ActivateAccount makes the account the one that the user's pages show.
func (s *Store) ActivateAccount(ctx context.Context, userID, id string, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, userID); err != nil {
			return err
		}
		_, err := tx.NewRaw("UPDATE brokerage_accounts SET active = FALSE WHERE user_id = ? AND active", userID).Exec(ctx)
		if err != nil {
			return err
		}
		result, err := tx.NewRaw("UPDATE brokerage_accounts SET active = TRUE WHERE id = ? AND user_id = ?", id, userID).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, noAccount)); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

// AllAccounts returns every account of every user, oldest first. It crosses users: for the command
// line and administrators only.
func (s *Store) AllAccounts(ctx context.Context) ([]trade.BrokerageAccount, error) {
	var rows []accountRow
	err := s.read.NewSelect().Model(&rows).Order("created_at", "id").Scan(ctx)
	return accountsOf(rows), explain(err)
}

// AutomatedAccounts returns every account whose automation is on and whose user is not disabled.
// It crosses users: for the scheduler only.
func (s *Store) AutomatedAccounts(ctx context.Context) ([]trade.BrokerageAccount, error) {
	var rows []accountRow
	err := automated(s.read.NewSelect().Model(&rows)).Order("created_at", "id").Scan(ctx)
	return accountsOf(rows), explain(err)
}

// AutomatedAccount is one of AutomatedAccounts by its id; a fault of kind NotFound for any other.
func (s *Store) AutomatedAccount(ctx context.Context, id string) (trade.BrokerageAccount, error) {
	rows, err := s.automatedRows.of(ctx, id)
	if err == nil && len(rows) == 0 {
		return trade.BrokerageAccount{}, fault.New(fault.NotFound, "The account is gone, or its automation is off.")
	}
	if err != nil {
		return trade.BrokerageAccount{}, explain(err)
	}
	return rows[0].account(), nil
}

func (s *Store) readAutomated(ctx context.Context, ids []string) (rows []accountRow, err error) {
	err = automated(s.read.NewSelect().Model(&rows)).Where("id IN (?)", bun.In(ids)).Scan(ctx)
	return rows, err
}

func automated(query *bun.SelectQuery) *bun.SelectQuery {
	return query.Where("automated").Where("user_id IN (SELECT id FROM users WHERE NOT disabled)")
}

// SetNextRun plans the account's next cycle; the zero time forgets the plan. It takes no user id:
// for the scheduler only.
func (s *Store) SetNextRun(ctx context.Context, accountID string, next time.Time) error {
	_, err := planning.act(ctx, s, s.cycling, plan{accountID, next})
	return err
}

// plan is when an account's next cycle runs.
type plan struct {
	accountID string
	next      time.Time
}

var planning = &kind[plan]{
	about: func(p *plan) string { return p.accountID },
	change: func(ctx context.Context, s *Store, tx bun.Tx, all []*one[plan]) error {
		rows := make([][]any, len(all))
		for i, p := range all {
			rows[i] = []any{p.of.accountID, at(p.of.next)}
		}
		_, err := s.given(tx, "id TEXT, next_run_at BIGINT", rows, `UPDATE brokerage_accounts SET next_run_at = given.next_run_at
			FROM given WHERE brokerage_accounts.id = given.id`).Exec(ctx)
		return err
	},
}
