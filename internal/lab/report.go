package lab

import (
	"context"
	"fmt"
	"strings"
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
	Equity    Amount             `json:"equity"` // at the end, open positions at their last price
	Figures   perf.Figures       `json:"figures"`
	Symbols   []SymbolResult     `json:"symbols"`  // in watchlist order
	Trades    []Trade            `json:"trades"`   // closed ones by exit, then open ones by entry
	Curve     []CurvePoint       `json:"curve"`    // equity at the start, at each slot and at the end
	Fees      Amount             `json:"fees"`     // paid, and taken off the equity
	Unfilled  []string           `json:"unfilled"` // the reasons of entries and exits that still waited at the end
	Skips     map[trade.Skip]int `json:"skips"`    // how often nothing was ordered, and why
	Problems  []string           `json:"problems"` // sentences: too little history, no bars, refused orders, a halt

	Orders []trade.Order `json:"-"` // everything that was journaled, in that order
	Fills  []trade.Fill  `json:"-"` // every execution, as it became known
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
	OpenProfit Amount   `json:"open_profit"` // of what is held, at its last price
}

// CurvePoint is the account's equity at one moment.
type CurvePoint struct {
	At     time.Time `json:"at"`
	Equity Amount    `json:"equity"`
}

// report tells what has become of the run.
func (r *replay) report(ctx context.Context) (Report, error) {
	report := Report{
		Timeframe: r.config.Settings.Timeframe, From: r.config.From, To: r.config.To,
		Cash: Amount{r.config.Cash}, Equity: cents(r.curve[len(r.curve)-1].Equity),
		Trades: []Trade{}, Skips: r.skips, Problems: r.config.problems(), Unfilled: []string{},
	}
	for _, point := range r.curve {
		report.Curve = append(report.Curve, CurvePoint{point.At, cents(point.Equity)})
	}
	prices := map[string]decimal.Decimal{}
	if r.exchange != nil {
		positions, err := r.account.Positions(ctx)
		if err != nil {
			return report, err
		}
		for _, position := range positions {
			prices[position.Symbol] = position.CurrentPrice
		}
		if err := r.addOrders(ctx, &report); err != nil {
			return report, err
		}
	}
	for _, symbol := range r.config.Symbols {
		report.Symbols = append(report.Symbols, r.result(symbol, report.Trades, prices[symbol]))
	}
	report.Figures = perf.Measure(r.curve, profitsOf(report.Trades))
	return report, nil
}

// addOrders adds what the journal and the account know.
func (r *replay) addOrders(ctx context.Context, report *Report) error {
	closed, open := r.journal.tradesOf()
	report.Trades = append(append(report.Trades, closed...), open...)
	report.Problems = append(report.Problems, r.troubles()...)
	for _, fill := range r.journal.fills {
		report.Fills = append(report.Fills, fill.Fill)
	}
	for _, order := range r.journal.orders {
		report.Orders = append(report.Orders, *order)
		if waits(order) {
			report.Unfilled = append(report.Unfilled, order.Intent.Reason)
		}
	}
	fees, err := r.account.Fees(ctx)
	report.Fees = cents(fees)
	return err
}

func waits(order *trade.Order) bool {
	return !order.State.Terminal() && order.FilledQty.IsZero() && order.Intent.Purpose != trade.Protect
}

// troubles are sentences about what went wrong at the exchange and in the desk.
func (r *replay) troubles() []string {
	troubles := r.failures
	refused := 0
	first := ""
	for _, order := range r.journal.orders {
		if order.State == trade.Rejected {
			if refused++; refused == 1 {
				first = order.Intent.Symbol + ": " + order.Problem
			}
		}
	}
	if refused > 0 {
		troubles = append(troubles, fmt.Sprintf("The broker refused %d orders, the first of %s.", refused, strings.TrimRight(first, ".")))
	}
	return troubles
}

func (r *replay) result(symbol string, trades []Trade, price decimal.Decimal) SymbolResult {
	warm, decided := r.config.split(symbol)
	result := SymbolResult{Symbol: symbol, Bars: decided, WarmUp: warm}
	var own []Trade
	for _, each := range trades {
		if each.Symbol != symbol {
			continue
		}
		own = append(own, each)
		if each.ExitAt == nil {
			result.OpenQty = Amount{each.held}
			result.OpenProfit = cents(each.cash().Add(each.held.Mul(price)))
		}
	}
	profits := profitsOf(own)
	result.Trades = len(profits)
	result.Profit = Amount{decimal.Sum(decimal.Zero, profits...)}
	if rate, ok := perf.WinRate(profits); ok {
		result.WinRate = &rate
	}
	return result
}

// profitsOf are those of the trades that are closed.
func profitsOf(trades []Trade) []decimal.Decimal {
	var profits []decimal.Decimal
	for _, each := range trades {
		if each.ExitAt != nil {
			profits = append(profits, each.Profit.Decimal)
		}
	}
	return profits
}
