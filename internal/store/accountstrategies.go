package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type accountStrategyRow struct {
	bun.BaseModel `bun:"table:account_strategies"`

	AccountID string
	UserID    string
	Settings  *string // JSON of trade.Settings; NULL: the user's
	Watchlist *string // JSON of symbols; NULL: the user's
}

// AccountStrategy returns what the account does differently from its user; nothing of it is set for
// an account that does as its user does. It takes no user id: the caller has found the account by it.
func (s *Store) AccountStrategy(ctx context.Context, accountID string) (trade.AccountStrategy, error) {
	rows, err := s.strategies.of(ctx, accountID)
	if err != nil || len(rows) == 0 {
		return trade.AccountStrategy{AccountID: accountID}, explain(err)
	}
	return rows[0].strategy()
}

// strategy reads the row. A key that this version does not know is an error: the limit behind it
// would not hold.
func (r accountStrategyRow) strategy() (strategy trade.AccountStrategy, err error) {
	strategy.AccountID, strategy.UserID = r.AccountID, r.UserID
	if r.Settings != nil {
		if strategy.Settings, err = readDocument[*trade.Settings]([]byte(*r.Settings)); err != nil {
			return strategy, fmt.Errorf("read strategy of account %s: %w", r.AccountID, err)
		}
	}
	if r.Watchlist != nil {
		if strategy.Watchlist, err = readDocument[[]trade.WatchedSymbol]([]byte(*r.Watchlist)); err != nil {
			return strategy, fmt.Errorf("read watchlist of account %s: %w", r.AccountID, err)
		}
	}
	return strategy, nil
}

// ChangeAccountStrategy applies change to what is stored for one of the user's accounts. One change
// waits for another, so that none is lost. A fault of kind NotFound when the user has no such account.
func (s *Store) ChangeAccountStrategy(ctx context.Context, userID, accountID string, change func(*trade.AccountStrategy), entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, userID); err != nil {
			return err
		}
		there, err := tx.NewSelect().Table("brokerage_accounts").Where("id = ? AND user_id = ?", accountID, userID).Exists(ctx)
		if err != nil || !there {
			return firstError(err, fault.New(fault.NotFound, noAccount))
		}
		before := accountStrategyRow{AccountID: accountID, UserID: userID}
		err = tx.NewSelect().Model(&before).Where("account_id = ?", accountID).Scan(ctx)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		strategy, err := before.strategy()
		if err != nil {
			return err
		}
		change(&strategy)
		row, err := rowOfStrategy(strategy)
		if err != nil {
			return err
		}
		_, err = tx.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").
			Set("settings = EXCLUDED.settings, watchlist = EXCLUDED.watchlist").Exec(ctx)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

func rowOfStrategy(strategy trade.AccountStrategy) (accountStrategyRow, error) {
	row := accountStrategyRow{AccountID: strategy.AccountID, UserID: strategy.UserID}
	if strategy.Settings != nil {
		text, err := json.Marshal(strategy.Settings)
		if err != nil {
			return row, fmt.Errorf("write strategy of account %s: %w", row.AccountID, err)
		}
		settings := string(text)
		row.Settings = &settings
	}
	if strategy.Watchlist != nil {
		text, err := json.Marshal(strategy.Watchlist)
		if err != nil {
			return row, fmt.Errorf("write watchlist of account %s: %w", row.AccountID, err)
		}
		watchlist := string(text)
		row.Watchlist = &watchlist
	}
	return row, nil
}
