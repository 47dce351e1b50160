package trade_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// The answer in words, for everything that may have become of a symbol.
func TestAnExplanationIsOneClearAnswer(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 17, 5, 0, 0, time.UTC)
	cycle := func(id string, outcome trade.CycleOutcome, problem string, decisions ...trade.Decision) *trade.Cycle {
		return &trade.Cycle{ID: id, Slot: at, MarketTime: at, Outcome: outcome, Problem: problem, Decisions: decisions}
	}
	skipped := trade.Decision{Signal: trade.Signal{Symbol: "AAPL", Action: trade.Buy}, Skip: trade.SkipOrderOpen}
	ordered := trade.Decision{Signal: trade.Signal{Symbol: "AAPL", Action: trade.Buy}, Intent: &trade.Intent{Symbol: "AAPL", Reason: "Bought 4 AAPL: rsi."}}
	order := func(state trade.OrderState, filled int64, problem string) *trade.Order {
		return &trade.Order{State: state, FilledQty: decimal.NewFromInt(filled), FilledAvgPrice: decimal.NullDecimal{Decimal: decimal.NewFromInt(10), Valid: filled > 0}, Problem: problem}
	}
	done := cycle("1", trade.CycleDone, "", ordered)
	for name, c := range map[string]struct {
		of   trade.Explanation
		want string
	}{
		"never ran": {trade.Explanation{}, "No cycle of this account had run up to then."},
		"not watched": {trade.Explanation{Newest: cycle("1", trade.CycleDone, "")},
			"AAPL had not been decided on up to then: it was not on the account's watchlist."},
		"only closed": {trade.Explanation{Newest: cycle("1", trade.CycleSkipped, "The market is closed.")},
			"AAPL had not been decided on up to then. The newest cycle: The market is closed."},
		"failed": {trade.Explanation{Newest: cycle("1", trade.CycleFailed, "Alpaca does not answer.")},
			"AAPL had not been decided on up to then. The newest cycle: Alpaca does not answer."},
		"skipped": {trade.Explanation{Newest: cycle("1", trade.CycleDone, ""), Cycle: cycle("1", trade.CycleDone, "", skipped)}, skipped.Sentence()},
		"filled": {trade.Explanation{Newest: done, Cycle: done, Order: order(trade.Filled, 4, "")},
			ordered.Sentence() + " The order was filled: 4 at $10."},
		"filled in part": {trade.Explanation{Newest: done, Cycle: done, Order: order(trade.PartiallyFilled, 2, "")},
			ordered.Sentence() + " The order is filled in part: 2 at $10."},
		"canceled after a part": {trade.Explanation{Newest: done, Cycle: done, Order: order(trade.Canceled, 2, "")},
			ordered.Sentence() + " The order ended as canceled after a part was filled: 2 at $10."},
		"not sent": {trade.Explanation{Newest: done, Cycle: done, Order: order(trade.Expired, 0, "It was not sent before its deadline.")},
			ordered.Sentence() + " The order ended as expired, not filled. It was not sent before its deadline."},
		"rejected": {trade.Explanation{Newest: done, Cycle: done, Order: order(trade.Rejected, 0, "insufficient buying power")},
			ordered.Sentence() + " The broker rejected the order: insufficient buying power"},
		"then halted": {trade.Explanation{Newest: cycle("2", trade.CycleSkipped, "Trading is halted: Lunch."), Cycle: done, Order: order(trade.Accepted, 0, "")},
			ordered.Sentence() + " The broker has the order; it is not filled yet. A later cycle decided nothing: Trading is halted: Lunch."},
		"then not watched": {trade.Explanation{Newest: cycle("2", trade.CycleDone, ""), Cycle: done, Order: order(trade.Filled, 4, "")},
			ordered.Sentence() + " The order was filled: 4 at $10. A later cycle did not decide on AAPL."},
		"on a Saturday": {trade.Explanation{At: at.Add(24 * time.Hour), Newest: cycle("1", trade.CycleDone, ""), Cycle: cycle("1", trade.CycleDone, "", skipped)},
			skipped.Sentence() + " No cycle ran between 2026-11-20 17:05 UTC and then."},
		"a moment later": {trade.Explanation{At: at.Add(time.Minute), Newest: cycle("1", trade.CycleDone, ""), Cycle: cycle("1", trade.CycleDone, "", skipped)}, skipped.Sentence()},
	} {
		c.of.Symbol = "AAPL"
		if got := c.of.Sentence(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
