package engine

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// ProtectionInput is everything that the protection of an account's positions depends on.
type ProtectionInput struct {
	AccountID string
	UserID    string
	CycleID   string // empty outside of a cycle: that of the entry
	CreatedAt time.Time
	Deadline  time.Time

	Settings  trade.Settings
	Portfolio trade.Portfolio // with BrokerOrder.Own set
	State     trade.TradingState
	Foreign   map[string]bool // as in PlanInput
	// Entries are the newest entry of each symbol. A position without one is left alone: nothing
	// says which decision its protection belongs to.
	Entries map[string]trade.Intent

	NewID   func() string
	Attempt func(symbol string, purpose trade.Purpose, barEnd time.Time) int // as in PlanInput
}

// Protection returns the orders that positions still lack at the broker by the settings: the
// trailing stop that follows an entry, and in place of a stop loss or take profit that has ended
// (legs of an order for the day end with the day: RULES 5.6) another one that stays. It is asked
// when an entry has filled and in every cycle, and returns nothing for a position that is
// protected, or for which any other order is open.
//
// Percentages count from the average price of entry. Only whole shares can be protected. When the
// price is beyond the stop already, the broker would refuse it: the position is closed instead.
func Protection(input ProtectionInput) []trade.Intent {
	if !input.Settings.Execution.Protects() || input.State == trade.Halted {
		return nil
	}
	busy := map[string]bool{}
	for _, order := range input.Portfolio.OpenOrders {
		busy[order.Symbol] = busy[order.Symbol] || order.Open()
	}
	revision := StrategyRevision(input.Settings)
	var intents []trade.Intent
	for _, position := range input.Portfolio.Positions {
		entry, known := input.Entries[position.Symbol]
		alone := input.Settings.Execution.Foreign == trade.IgnoreForeign && input.Foreign[position.Symbol]
		if !known || alone || busy[position.Symbol] {
			continue
		}
		if intent, lacks := input.protect(position, entry, revision); lacks {
			intents = append(intents, intent)
		}
	}
	return intents
}

// protect is the order that the unprotected position lacks.
func (input ProtectionInput) protect(position trade.Position, entry trade.Intent, revision string) (trade.Intent, bool) {
	qty := decimal.Min(position.Qty.Abs(), position.QtyAvailable.Abs()).Truncate(0)
	short := position.Qty.IsNegative()
	around, fits := guardsAt(position.AvgEntryPrice, &input.Settings.Execution, short)
	if !qty.IsPositive() || !position.AvgEntryPrice.IsPositive() || !fits {
		return trade.Intent{}, false
	}
	attempt := 0
	if input.Attempt != nil {
		attempt = input.Attempt(position.Symbol, trade.Protect, entry.BarEnd)
	}
	intent := trade.Intent{
		ID: input.NewID(), AccountID: input.AccountID, UserID: input.UserID, CycleID: cmp.Or(input.CycleID, entry.CycleID),
		ClientOrderID: trade.ClientOrderID(input.AccountID, revision, position.Symbol, entry.BarEnd, trade.Protect, attempt),
		Symbol:        position.Symbol, Side: trade.SideSell, TimeInForce: trade.TIFGTC, Qty: decimal.NewNullDecimal(qty),
		Purpose: trade.Protect, BarEnd: entry.BarEnd, Attempt: attempt, Deadline: input.Deadline, CreatedAt: input.CreatedAt,
	}
	if short {
		intent.Side = trade.SideBuy
	}
	what := shape(&intent, around, input.Settings.Execution.TrailingStopPct, position)
	intent.Reason = fmt.Sprintf("Protect %s of %s: %s.", shares(qty), position.Symbol, what)
	return intent, true
}

// shape gives the intent its type and prices, and says them.
func shape(intent *trade.Intent, around guards, trail decimal.Decimal, position trade.Position) string {
	switch {
	case trail.IsPositive():
		intent.Type, intent.TrailPercent = trade.TrailingStopOrder, given(trail)
		return "a trailing stop at " + trail.String() + " %"
	case around.passed(position):
		intent.Type, intent.TimeInForce = trade.MarketOrder, trade.TIFDay
		return "the price is beyond the stop loss at " + dollars(around.stop) + " already, so it is closed"
	case around.class() == trade.BracketOrder: // both, of which one ends the other: the limit order leads
		intent.Type, intent.Class = trade.LimitOrder, trade.OCOOrder
		intent.TakeProfit, intent.StopLoss = given(around.profit), given(around.stop)
	case around.stop.IsPositive():
		intent.Type, intent.StopPrice = trade.StopOrder, given(around.stop)
	default:
		intent.Type, intent.LimitPrice = trade.LimitOrder, given(around.profit)
	}
	return around.words()
}

// passed reports whether the price is at the stop or beyond it, so that the broker would refuse it.
func (g guards) passed(position trade.Position) bool {
	price := position.CurrentPrice
	switch {
	case !g.stop.IsPositive() || !price.IsPositive():
		return false
	case position.Qty.IsNegative():
		return g.stop.LessThan(price.Add(leastDistance))
	default:
		return g.stop.GreaterThan(price.Sub(leastDistance))
	}
}

// words are "a stop loss at $95.00 and a take profit at $110.00".
func (g guards) words() string {
	var parts []string
	if g.stop.IsPositive() {
		parts = append(parts, "a stop loss at "+dollars(g.stop))
	}
	if g.profit.IsPositive() {
		parts = append(parts, "a take profit at "+dollars(g.profit))
	}
	return strings.Join(parts, " and ")
}
