package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Explain returns what the journal knows of one symbol in one account at a market time: the newest
// cycle, the newest decision on the symbol, and the order and fills that came of it.
func (s *Store) Explain(ctx context.Context, userID, accountID, symbol string, moment time.Time) (trade.Explanation, error) {
	explained := trade.Explanation{Symbol: symbol, At: moment}
	upTo := func(rows *[]cycleRow) *bun.SelectQuery {
		return s.read.NewSelect().Model(rows).Where("account_id = ? AND user_id = ?", accountID, userID).
			Where("COALESCE(market_time, slot) <= ?", at(moment)).OrderExpr("COALESCE(market_time, slot) DESC, slot DESC").Limit(1)
	}
	var newest, decided []cycleRow
	if err := upTo(&newest).Scan(ctx); err != nil || len(newest) == 0 {
		return explained, explain(err)
	}
	cycle := newest[0].cycle()
	explained.Newest = &cycle
	onSymbol := s.read.NewSelect().Table("decisions").Column("cycle_id").Where("account_id = ? AND symbol = ?", accountID, symbol)
	if err := upTo(&decided).Where("id IN (?)", onSymbol).Scan(ctx); err != nil || len(decided) == 0 {
		return explained, explain(err)
	}
	return explained, s.explainDecision(ctx, &explained, decided[0].cycle())
}

// explainDecision adds the cycle with its decision on the symbol, the order and the fills.
func (s *Store) explainDecision(ctx context.Context, explained *trade.Explanation, cycle trade.Cycle) error {
	if err := s.addDecisions(ctx, map[string]*trade.Cycle{cycle.ID: &cycle}); err != nil {
		return err
	}
	for _, decision := range cycle.Decisions {
		if decision.Signal.Symbol == explained.Symbol {
			cycle.Decisions = []trade.Decision{decision}
			break
		}
	}
	explained.Cycle = &cycle
	decision, ok := explained.Decision()
	if !ok || decision.Intent == nil || !decision.Ordered() {
		return nil
	}
	id := decision.Intent.ClientOrderID
	orders, err := s.selectOrders(ctx, func(query *bun.SelectQuery) *bun.SelectQuery {
		return query.Where("o.account_id = ? AND o.client_order_id = ?", cycle.AccountID, id)
	})
	if err != nil || len(orders) == 0 {
		return err
	}
	explained.Order = &orders[0]
	var fills []fillRow
	err = s.read.NewSelect().Model(&fills).Where("account_id = ? AND client_order_id = ?", cycle.AccountID, id).
		Order("filled_at", "execution_id").Scan(ctx)
	for _, row := range fills {
		explained.Fills = append(explained.Fills, row.fill())
	}
	return explain(err)
}
