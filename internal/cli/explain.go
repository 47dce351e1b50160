package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func explainCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:     "explain",
		Short:   "Say why an account did or did not trade a symbol at a time",
		Example: "  alpaca-trader explain --account Paper --symbol AAPL --at 2026-03-02T15:05:00Z",
		Args:    noArguments,
	}
	account := command.Flags().String("account", "", "`ACCOUNT` by name or id; without it that of ALPACA_API_KEY")
	symbol := command.Flags().String("symbol", "", "`SYMBOL` to explain")
	at := command.Flags().String("at", "", "market `TIME`, RFC 3339; without it the newest decision")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		if *symbol == "" {
			return usage("explain needs --symbol, such as --symbol AAPL.")
		}
		var moment time.Time
		if *at != "" {
			var err error
			if moment, err = time.Parse(time.RFC3339, *at); err != nil {
				return usage("--at %q is not a time; write it as 2026-03-02T15:05:00Z.", *at)
			}
		}
		return env.withTrader(command.Context(), func(trader *daemon.Trader) error {
			explained, err := trader.Explain(command.Context(), auth.Operator, *account, *symbol, moment)
			if err != nil {
				return err
			}
			if *asJSON {
				return printJSON(env.Stdout, api.ExplanationOf(explained))
			}
			return printExplanation(env.Stdout, explained)
		})
	}
	return command
}

func printExplanation(w io.Writer, explained trade.Explanation) error {
	if _, err := fmt.Fprintln(w, explained.Sentence()); err != nil {
		return err
	}
	decision, ok := explained.Decision()
	if !ok {
		return nil
	}
	signal := decision.Signal
	_, err := fmt.Fprintf(w, "\nCycle    %s, slot %s, %s\nBar      closed %s at %s\nSignal   %s, strength %.0f\n",
		explained.Cycle.ID, clockText(explained.Cycle.Slot), explained.Cycle.Outcome, clockText(signal.BarEnd), price(signal.Price), signal.Action, signal.Strength)
	for _, vote := range signal.Votes {
		if err == nil {
			_, err = fmt.Fprintf(w, "Vote     %s: %s\n", vote.Indicator, voteLine(vote))
		}
	}
	if order := explained.Order; order != nil && err == nil {
		_, err = fmt.Fprintf(w, "Order    %s, %s%s\n", order.Intent.ClientOrderID, order.State, requestText(order.RequestID))
	}
	for _, fill := range explained.Fills {
		if err == nil {
			_, err = fmt.Fprintf(w, "Fill     %s %s at $%s, %s\n", fill.Side, fill.Qty, fill.Price, clockText(fill.At))
		}
	}
	return err
}

// requestText names the broker's request, for a question to its support.
func requestText(id string) string {
	if id == "" {
		return ""
	}
	return ", broker's request " + id
}

// voteLine is what an indicator said, with its values.
func voteLine(vote trade.Vote) string {
	if vote.Problem != "" {
		return vote.Problem
	}
	line := string(vote.Action)
	if line == "" {
		line = "none"
	}
	if vote.Reason != "" {
		line += ", " + vote.Reason
	}
	for i, value := range vote.Values {
		separator := ", "
		if i == 0 {
			separator = " ("
		}
		line += fmt.Sprintf("%s%s %.4g", separator, value.Name, value.Number)
	}
	if len(vote.Values) > 0 {
		line += ")"
	}
	return line
}

// clockText is a market time, to the second.
func clockText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
