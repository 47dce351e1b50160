package cli

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jcap24/alpaca-trader/internal/lab"
)

// printReplay prints the report for people: the figures, each symbol, each trade, and what was
// missing.
func printReplay(w io.Writer, report lab.Report) error {
	fmt.Fprintf(w, "%d symbols on %s bars from %s to %s, starting with $%s.\n",
		len(report.Symbols), report.Timeframe, date(report.From), date(report.To), report.Cash.StringFixed(2))
	fmt.Fprintf(w, "Orders fill at the prices of these bars by the rules of docs/BACKTEST.md. Fees of $%s are taken off the equity.\n", report.Fees.StringFixed(2))
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
