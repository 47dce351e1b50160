package lab

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/perf"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Report is what a run found.
type Report struct {
	Timeframe trade.Timeframe    `json:"timeframe"`
	From      time.Time          `json:"from"`
	To        time.Time          `json:"to"`
	Cash      Amount             `json:"cash"`   // at the start
	Equity    Amount             `json:"equity"` // at the end, open positions at their last close
	Figures   perf.Figures       `json:"figures"`
	Symbols   []SymbolResult     `json:"symbols"`  // in watchlist order
	Trades    []Trade            `json:"trades"`   // closed ones by exit, then open ones by entry
	Curve     []CurvePoint       `json:"curve"`    // equity at the start and at each close
	Unfilled  []string           `json:"unfilled"` // the reasons of orders that still waited at the end
	Skips     map[trade.Skip]int `json:"skips"`    // how often nothing was ordered, and why
	Problems  []string           `json:"problems"` // sentences: too little history, no bars
}

// SymbolResult is one symbol's part in the result.
type SymbolResult struct {
	Symbol     string   `json:"symbol"`
	Bars       int      `json:"bars"`        // that were decided on
	WarmUp     int      `json:"warm_up"`     // bars before them
	Trades     int      `json:"trades"`      // closed ones
	WinRate    *float64 `json:"win_rate"`    // nil without closed trades
	Profit     Amount   `json:"profit"`      // of closed trades
	OpenQty    Amount   `json:"open_qty"`    // held at the end; negative: short
	OpenProfit Amount   `json:"open_profit"` // of what is held, at its last close
}

// CurvePoint is the account's equity at one moment.
type CurvePoint struct {
	At     time.Time `json:"at"`
	Equity Amount    `json:"equity"`
}

// Trade is a position from entry to exit; the exit's fields are nil while it is open.
type Trade struct {
	Symbol      string     `json:"symbol"`
	Side        string     `json:"side"` // long or short
	Qty         Amount     `json:"qty"`
	EntryAt     time.Time  `json:"entry_at"`
	EntryPrice  Amount     `json:"entry_price"`
	EntryReason string     `json:"entry_reason"`
	ExitAt      *time.Time `json:"exit_at"`
	ExitPrice   *Amount    `json:"exit_price"`
	ExitReason  string     `json:"exit_reason,omitempty"`
	Profit      *Amount    `json:"profit"` // US dollars and cents
	Return      *float64   `json:"return"` // fraction of what was paid, or received for a short
}

func opened(intent trade.Intent, qty, price decimal.Decimal, at time.Time) Trade {
	side := "long"
	if qty.IsNegative() {
		side = "short"
	}
	return Trade{
		Symbol: intent.Symbol, Side: side, Qty: Amount{qty.Abs()},
		EntryAt: at, EntryPrice: Amount{price}, EntryReason: intent.Reason,
	}
}

// closed completes the trade of the signed quantity with its exit.
func (t Trade) closed(qty, price decimal.Decimal, at time.Time, reason string) Trade {
	profit := cents(qty.Mul(price.Sub(t.EntryPrice.Decimal)))
	paid := qty.Abs().Mul(t.EntryPrice.Decimal)
	gain := qty.Mul(price.Sub(t.EntryPrice.Decimal)).Div(paid).InexactFloat64()
	t.ExitAt, t.ExitPrice, t.ExitReason = &at, &Amount{price}, reason
	t.Profit, t.Return = &profit, &gain
	return t
}

func (r *replay) report() Report {
	report := Report{
		Timeframe: r.config.Settings.Timeframe, From: r.config.From, To: r.config.To,
		Cash: Amount{r.config.Cash}, Equity: cents(r.account.equity()),
		Figures: perf.Measure(r.curve, profitsOf(r.account.trades)),
		Trades:  append(r.account.trades, r.account.openTrades()...),
		Skips:   r.skips, Problems: r.config.problems(), Unfilled: []string{},
	}
	if report.Trades == nil {
		report.Trades = []Trade{}
	}
	for _, symbol := range r.config.Symbols {
		report.Symbols = append(report.Symbols, r.result(symbol))
		if order, ok := r.account.pending[symbol]; ok {
			report.Unfilled = append(report.Unfilled, order.intent.Reason)
		}
	}
	for _, point := range r.curve {
		report.Curve = append(report.Curve, CurvePoint{point.At, cents(point.Equity)})
	}
	return report
}

func (r *replay) result(symbol string) SymbolResult {
	warm, decided := r.config.split(symbol)
	result := SymbolResult{Symbol: symbol, Bars: decided, WarmUp: warm}
	var closed []Trade
	for _, each := range r.account.trades {
		if each.Symbol == symbol {
			closed = append(closed, each)
		}
	}
	profits := profitsOf(closed)
	result.Trades = len(profits)
	result.Profit = Amount{decimal.Sum(decimal.Zero, profits...)}
	if rate, ok := perf.WinRate(profits); ok {
		result.WinRate = &rate
	}
	if held, ok := r.account.positions[symbol]; ok {
		result.OpenQty = Amount{held.qty}
		result.OpenProfit = cents(held.qty.Mul(r.account.prices[symbol].Sub(held.entry.EntryPrice.Decimal)))
	}
	return result
}

func profitsOf(trades []Trade) []decimal.Decimal {
	profits := make([]decimal.Decimal, len(trades))
	for i, each := range trades {
		profits[i] = each.Profit.Decimal
	}
	return profits
}
