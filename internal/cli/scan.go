package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
)

func scanCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "scan",
		Short: "Show the signal of each symbol on the watchlist",
		Long: "Show the signal of each symbol on the watchlist, decided on closed bars only, with every indicator's vote.\n" +
			"Changes nothing and orders nothing.",
		Args: noArguments,
	}
	chosen := symbolFlag(command)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		settings, err := env.Strategy()
		if err != nil {
			return err
		}
		watchlist, err := env.watched(*chosen)
		if err != nil {
			return err
		}
		account, err := env.account()
		if err != nil {
			return err
		}
		signals, err := account.Signals(command.Context(), settings, watchlist)
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(env.Stdout, api.SignalsOf(signals))
		}
		return printSignals(env.Stdout, signals)
	}
	return command
}

func printSignals(w io.Writer, signals []app.SymbolSignal) error {
	rows := make([][]string, 0, len(signals))
	for _, symbol := range signals {
		row := []string{symbol.Signal.Symbol, string(symbol.Signal.Action), fmt.Sprintf("%.0f", symbol.Signal.Strength), price(symbol.Price), "no bars"}
		if !symbol.Signal.BarEnd.IsZero() {
			row[4] = symbol.Signal.BarEnd.Format("2006-01-02 15:04Z")
		}
		rows = append(rows, append(row, votes(symbol)))
	}
	return printTable(w, []string{"SYMBOL", "SIGNAL", "STRENGTH", "PRICE", "BAR CLOSED", "VOTES"}, rows)
}

// votes is one line of what each indicator says: its reason, or its problem.
func votes(symbol app.SymbolSignal) string {
	line := ""
	for _, vote := range symbol.Signal.Votes {
		text := vote.Reason
		switch {
		case vote.Problem != "":
			text = vote.Problem
		case vote.Action == "":
			text = vote.Indicator + " none"
		}
		if line != "" {
			line += "; "
		}
		line += text
	}
	return line
}

// price prints two digits from $1 up and four below; unknown is a dash.
func price(number float64) string {
	switch {
	case number <= 0:
		return "-"
	case number < 1:
		return fmt.Sprintf("%.4f", number)
	default:
		return fmt.Sprintf("%.2f", number)
	}
}
