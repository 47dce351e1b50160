package cli

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/lab"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// backtestCash is what an account starts with, in US dollars: as much as a new paper account at
// the broker has.
const backtestCash = 100_000

// backtestDays is the longest period that may be asked for: ten years.
const backtestDays = 3650

// replayDays replays the days up to now on the source's closed bars, with enough earlier bars
// that every indicator has settled on the first day. progress may be nil.
func replayDays(ctx context.Context, source market.Source, settings trade.Settings, symbols []string, days int, now time.Time, progress func(done, total int)) (lab.Report, error) {
	if days < 1 || days > backtestDays {
		return lab.Report{}, fault.New(fault.Invalid, "The number of days must be between 1 and %d.", backtestDays)
	}
	from := now.AddDate(0, 0, -days)
	bars, err := lab.Gather(ctx, source, settings, symbols, from, now)
	if err != nil {
		return lab.Report{}, err
	}
	return lab.Run(ctx, lab.Config{
		Settings: settings, Symbols: symbols, Bars: bars, From: from, To: now,
		Cash: decimal.NewFromInt(backtestCash), Progress: progress,
	})
}

// printReplay prints the report for people: the figures, each symbol, each trade, and what was
// missing.
func printReplay(w io.Writer, report lab.Report) error {
	fmt.Fprintf(w, "%d symbols on %s bars from %s to %s, starting with $%s.\n",
		len(report.Symbols), report.Timeframe, date(report.From), date(report.To), report.Cash.StringFixed(2))
	fmt.Fprintln(w, "Orders fill at the next bar's open, without fees or slippage.")
	fmt.Fprintln(w)
	for _, part := range []func(io.Writer, lab.Report) error{printFigures, printSymbols, printTrades} {
		if err := part(w, report); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for _, reason := range report.Unfilled {
		fmt.Fprintf(w, "Not filled before the end: %s\n", reason)
	}
	for _, problem := range report.Problems {
		fmt.Fprintf(w, "Note: %s\n", problem)
	}
	return nil
}

func printFigures(w io.Writer, report lab.Report) error {
	figures := report.Figures
	return printTable(w, []string{"EQUITY", "RETURN", "MAX DRAWDOWN", "TRADES", "WIN RATE", "PROFIT FACTOR", "SHARPE"}, [][]string{{
		"$" + report.Equity.StringFixed(2), percent(&figures.TotalReturn), percent(&figures.MaxDrawdown),
		strconv.Itoa(figures.Trades), percent(figures.WinRate), ratio(figures.ProfitFactor), ratio(figures.Sharpe),
	}})
}

func printSymbols(w io.Writer, report lab.Report) error {
	var rows [][]string
	for _, symbol := range report.Symbols {
		rows = append(rows, []string{
			symbol.Symbol, strconv.Itoa(symbol.Bars), strconv.Itoa(symbol.Trades), percent(symbol.WinRate),
			symbol.Profit.StringFixed(2), symbol.OpenQty.String(), symbol.OpenProfit.StringFixed(2),
		})
	}
	return printTable(w, []string{"SYMBOL", "BARS", "TRADES", "WIN RATE", "PROFIT", "OPEN QTY", "OPEN PROFIT"}, rows)
}

func printTrades(w io.Writer, report lab.Report) error {
	if len(report.Trades) == 0 {
		_, err := fmt.Fprintln(w, "No trades.")
		return err
	}
	var rows [][]string
	for _, each := range report.Trades {
		exited, exit, profit := "open", "", ""
		if each.ExitAt != nil {
			exited, exit, profit = date(*each.ExitAt), each.ExitPrice.String(), each.Profit.StringFixed(2)
		}
		rows = append(rows, []string{
			each.Symbol, each.Side, each.Qty.String(), date(each.EntryAt), each.EntryPrice.String(), exited, exit, profit, each.EntryReason,
		})
	}
	return printTable(w, []string{"SYMBOL", "SIDE", "QTY", "ENTERED", "AT", "EXITED", "AT", "PROFIT", "WHY"}, rows)
}

func date(t time.Time) string { return t.Format(time.DateOnly) }

func percent(fraction *float64) string {
	if fraction == nil {
		return "-"
	}
	return strconv.FormatFloat(100**fraction, 'f', 2, 64) + " %"
}

func ratio(number *float64) string {
	if number == nil {
		return "-"
	}
	return strconv.FormatFloat(*number, 'f', 2, 64)
}
