package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Watchlist returns the user's symbols in the order in which they were added.
func (s *Store) Watchlist(ctx context.Context, userID string) ([]trade.WatchedSymbol, error) {
	rows, err := s.watchlists.of(ctx, userID)
	list := make([]trade.WatchedSymbol, len(rows))
	for i, row := range rows {
		list[i] = trade.WatchedSymbol{Symbol: row.Symbol, Name: row.Name}
	}
	return list, explain(err)
}

// watchedRow is one symbol of a user's.
type watchedRow struct{ UserID, Symbol, Name string }

func (s *Store) readWatchlists(ctx context.Context, users []string) (rows []watchedRow, err error) {
	err = s.read.NewRaw("SELECT user_id, symbol, name FROM watchlist WHERE user_id IN (?) ORDER BY user_id, position", bun.In(users)).Scan(ctx, &rows)
	return rows, err
}

// AddSymbol appends the symbol; a fault of kind Conflict when it is there already.
func (s *Store) AddSymbol(ctx context.Context, userID string, symbol trade.WatchedSymbol, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, userID); err != nil {
			return err
		}
		_, err := tx.NewRaw(`INSERT INTO watchlist (user_id, symbol, name, position)
			SELECT ?0, ?1, ?2, COALESCE(MAX(position), 0) + 1 FROM watchlist WHERE user_id = ?0`,
			userID, symbol.Symbol, symbol.Name).Exec(ctx)
		if err != nil {
			return taken(err, fault.New(fault.Conflict, "%s is in your watchlist already.", symbol.Symbol))
		}
		return s.audit(ctx, tx, entry)
	})
}

// RemoveSymbol removes the symbol; a fault of kind NotFound when it is not there.
func (s *Store) RemoveSymbol(ctx context.Context, userID, symbol string, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("DELETE FROM watchlist WHERE user_id = ? AND symbol = ?", userID, symbol).Exec(ctx)
		if err := mustChange(result, err, fault.New(fault.NotFound, "%s is not in your watchlist.", symbol)); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}
