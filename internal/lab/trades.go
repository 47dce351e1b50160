package lab

import (
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Trade is a position from its first execution until nothing is left; the exit's fields are nil
// while it is open. Prices are averages where several executions made it.
type Trade struct {
	Symbol      string     `json:"symbol"`
	Side        string     `json:"side"` // long or short
	Qty         Amount     `json:"qty"`  // entered
	EntryAt     time.Time  `json:"entry_at"`
	EntryPrice  Amount     `json:"entry_price"`
	EntryReason string     `json:"entry_reason"`
	ExitAt      *time.Time `json:"exit_at"`
	ExitPrice   *Amount    `json:"exit_price"`
	ExitReason  string     `json:"exit_reason,omitempty"`
	Profit      *Amount    `json:"profit"` // US dollars and cents, before fees
	Return      *float64   `json:"return"` // fraction of what was paid, or received for a short

	held decimal.Decimal // signed
	in   half
	out  half
}

// half is the entry or the exit of a trade: what was traded, and for how much.
type half struct {
	qty, cost decimal.Decimal
	price     decimal.Decimal // of the one execution; several have an average
	count     int
}

func (h *half) add(fill trade.Fill) {
	h.qty, h.cost = h.qty.Add(fill.Qty), h.cost.Add(fill.Qty.Mul(fill.Price))
	h.price = fill.Price
	if h.count++; h.count > 1 {
		h.price = h.cost.DivRound(h.qty, averageDecimals)
	}
}

const averageDecimals = 6

// cash is what the trade has brought so far, less what it has cost.
func (t *Trade) cash() decimal.Decimal {
	if t.Side == "short" {
		return t.in.cost.Sub(t.out.cost)
	}
	return t.out.cost.Sub(t.in.cost)
}

// tradesOf makes trades of executions: closed ones by exit, and open ones by entry.
func (j *journal) tradesOf() (closed, open []Trade) {
	fills := slices.Clone(j.fills)
	slices.SortStableFunc(fills, func(a, b trade.Execution) int { return a.At.Compare(b.At) })
	current := map[string]*Trade{}
	var begun []*Trade
	for _, fill := range fills {
		t := current[fill.Symbol]
		if t == nil {
			t = &Trade{Symbol: fill.Symbol, Side: "long", EntryAt: fill.At, EntryReason: j.reasonOf(fill)}
			if fill.Side == trade.SideSell {
				t.Side = "short"
			}
			current[fill.Symbol], begun = t, append(begun, t)
		}
		if t.take(fill); t.held.IsZero() {
			closed = append(closed, t.closed(fill.At, j.reasonOf(fill)))
			delete(current, fill.Symbol)
		}
	}
	for _, t := range begun {
		if !t.held.IsZero() {
			open = append(open, *t)
		}
	}
	return closed, open
}

func (t *Trade) take(fill trade.Execution) {
	signed := fill.Signed()
	if t.held.Sign()*signed.Sign() < 0 {
		t.out.add(fill.Fill)
	} else {
		t.in.add(fill.Fill)
		t.Qty, t.EntryPrice = Amount{t.in.qty}, Amount{t.in.price}
	}
	t.held = t.held.Add(signed)
}

// closed completes the trade with its exit.
func (t *Trade) closed(at time.Time, reason string) Trade {
	profit, gain := cents(t.cash()), t.cash().Div(t.in.cost).InexactFloat64()
	t.ExitAt, t.ExitPrice, t.ExitReason = &at, &Amount{t.out.price}, reason
	t.Profit, t.Return = &profit, &gain
	return *t
}

// reasonOf says why the execution's order was there.
func (j *journal) reasonOf(fill trade.Execution) string {
	order, ours := j.byID[j.owners[fill.OrderID]]
	switch {
	case !ours:
		return ""
	case order.BrokerOrderID == fill.OrderID:
		return order.Intent.Reason
	case fill.Stop:
		return "The stop loss at $" + order.Intent.StopLoss.Decimal.StringFixed(2) + " was reached."
	default:
		return "The profit at $" + order.Intent.TakeProfit.Decimal.StringFixed(2) + " was taken."
	}
}
