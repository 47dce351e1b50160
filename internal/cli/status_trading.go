package cli

import (
	"context"
	"os"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/daemon"
)

// localTrading reads the state of the account of the settings; nil when there is no database yet,
// which looking does not make.
func (e *Environment) localTrading(ctx context.Context) (*statusTrading, error) {
	cfg, err := e.Config()
	if err != nil {
		return nil, err
	}
	if file, sqlite := cfg.DatabaseFile(); sqlite {
		if _, err := os.Stat(file); err != nil {
			return nil, nil
		}
	}
	var trading *statusTrading
	err = e.withTrader(ctx, func(trader *daemon.Trader) error {
		found, err := trader.AccountTrading(ctx, auth.Operator, "")
		trading = &statusTrading{found.InForce.State, found.InForce.Reason}
		return err
	})
	return trading, err
}

// showTrading prints whether and when accounts of the database are traded.
func (e *Environment) showTrading(ctx context.Context, name string, asJSON bool) error {
	reach := app.Reach{Account: name}
	if name == "all" {
		reach = app.Reach{All: true}
	}
	return e.withTrader(ctx, func(trader *daemon.Trader) error {
		accounts, err := trader.AccountsTrading(ctx, auth.Operator, reach)
		if err != nil {
			return err
		}
		views, rows := []any{}, [][]string{}
		for _, account := range accounts {
			views = append(views, api.TradingOf(account))
			rows = append(rows, tradingRow(account))
		}
		if asJSON {
			return printJSON(e.Stdout, views)
		}
		return printTable(e.Stdout, []string{"ACCOUNT", "ID", "MODE", "AUTOMATED", "NEXT RUN", "AGREES", "STATE"}, rows)
	})
}

func tradingRow(t app.AccountTrading) []string {
	automated, next, agrees := "no", "-", "-"
	if t.Account.Automated {
		automated = "yes"
		if !t.Account.NextRunAt.IsZero() {
			next = clockText(t.Account.NextRunAt)
		}
	}
	if t.Reconciliation != nil {
		agrees = "no"
		if t.Reconciliation.Passed {
			agrees = "yes"
		}
	}
	state := string(t.InForce.State)
	if t.InForce.Reason != "" {
		state += ": " + t.InForce.Reason
	}
	return []string{t.Account.Name, t.Account.ID, t.Account.Mode(), automated, next, agrees, state}
}
