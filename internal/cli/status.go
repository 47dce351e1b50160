package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func statusCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "status",
		Short: "Show the account, the market, positions and open orders, and whether trading is halted",
		Long: "Show the account of ALPACA_API_KEY: its figures, the market, positions and open orders, and whether trading is halted.\n" +
			"With --account, show whether and when accounts of the database are traded, without asking their brokers.",
		Args: noArguments,
	}
	asJSON := jsonFlag(command)
	named := command.Flags().String("account", "", "`ACCOUNT` of the database by name or id, or all")
	command.RunE = func(command *cobra.Command, _ []string) error {
		if *named != "" {
			return env.showTrading(command.Context(), *named, *asJSON)
		}
		account, err := env.account()
		if err != nil {
			return err
		}
		report, err := readStatus(command.Context(), account)
		if err == nil {
			report.Trading, err = env.localTrading(command.Context())
		}
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(env.Stdout, report)
		}
		return report.print(env.Stdout)
	}
	return command
}

// statusReport is what status prints. Money and quantities are decimals as text, as the broker
// gives them.
type statusReport struct {
	Account struct {
		Mode        string          `json:"mode"` // paper or live
		Status      string          `json:"status"`
		Equity      decimal.Decimal `json:"equity"`
		Cash        decimal.Decimal `json:"cash"`
		BuyingPower decimal.Decimal `json:"buying_power"`
	} `json:"account"`
	Market struct {
		Time      time.Time `json:"time"`
		IsOpen    bool      `json:"is_open"`
		NextOpen  time.Time `json:"next_open"`
		NextClose time.Time `json:"next_close"`
	} `json:"market"`
	Positions []statusPosition `json:"positions"`
	Orders    []statusOrder    `json:"open_orders"`
	Trading   *statusTrading   `json:"trading"` // null: there is no journal yet
}

type statusTrading struct {
	State  trade.TradingState `json:"state"`
	Reason string             `json:"reason"`
}

type statusPosition struct {
	Symbol       string          `json:"symbol"`
	Qty          decimal.Decimal `json:"qty"`
	AvgEntry     decimal.Decimal `json:"avg_entry"`
	Price        decimal.Decimal `json:"current_price"`
	MarketValue  decimal.Decimal `json:"market_value"`
	UnrealizedPL decimal.Decimal `json:"unrealized_pl"`
}

type statusOrder struct {
	Symbol        string              `json:"symbol"`
	Side          trade.Side          `json:"side"`
	Type          string              `json:"type"`
	Qty           decimal.NullDecimal `json:"qty"`
	Notional      decimal.NullDecimal `json:"notional"`
	Status        string              `json:"status"`
	ClientOrderID string              `json:"client_order_id"`
}

func readStatus(ctx context.Context, account *daemon.CommandLine) (*statusReport, error) {
	portfolio, err := desk.Portfolio(ctx, account.Client)
	if err != nil {
		return nil, err
	}
	clock, err := account.Client.Clock(ctx)
	if err != nil {
		return nil, err
	}
	report := &statusReport{Positions: []statusPosition{}, Orders: []statusOrder{}}
	report.Account.Mode, report.Account.Status = account.Mode, portfolio.Account.Status
	report.Account.Equity, report.Account.Cash = portfolio.Account.Equity, portfolio.Account.Cash
	report.Account.BuyingPower = portfolio.Account.BuyingPower
	report.Market.Time, report.Market.IsOpen = clock.Timestamp, clock.IsOpen
	report.Market.NextOpen, report.Market.NextClose = clock.NextOpen, clock.NextClose
	for _, p := range portfolio.Positions {
		report.Positions = append(report.Positions, statusPosition{p.Symbol, p.Qty, p.AvgEntryPrice, p.CurrentPrice, p.MarketValue, p.UnrealizedPL})
	}
	for _, o := range portfolio.OpenOrders {
		report.Orders = append(report.Orders, statusOrder{o.Symbol, o.Side, o.Type, o.Qty, o.Notional, o.Status, o.ClientOrderID})
	}
	return report, nil
}

func (r *statusReport) print(w io.Writer) error {
	market := "closed, opens " + r.Market.NextOpen.Format("2006-01-02 15:04Z")
	if r.Market.IsOpen {
		market = "open, closes " + r.Market.NextClose.Format("2006-01-02 15:04Z")
	}
	_, err := fmt.Fprintf(w, "Account       %s, %s\nEquity        $%s\nCash          $%s\nBuying power  $%s\nMarket        %s\n",
		r.Account.Mode, r.Account.Status, r.Account.Equity.StringFixed(2), r.Account.Cash.StringFixed(2), r.Account.BuyingPower.StringFixed(2), market)
	if r.Trading != nil && err == nil {
		_, err = fmt.Fprintf(w, "Trading       %s\n", strings.TrimSpace(string(r.Trading.State)+" "+r.Trading.Reason))
	}
	if err != nil {
		return err
	}
	if err := r.printPositions(w); err != nil {
		return err
	}
	return r.printOrders(w)
}

func (r *statusReport) printPositions(w io.Writer) error {
	if len(r.Positions) == 0 {
		_, err := fmt.Fprintln(w, "\nNo positions.")
		return err
	}
	rows := make([][]string, len(r.Positions))
	for i, p := range r.Positions {
		rows[i] = []string{p.Symbol, p.Qty.String(), p.AvgEntry.StringFixed(2), p.Price.StringFixed(2), p.MarketValue.StringFixed(2), p.UnrealizedPL.StringFixed(2)}
	}
	fmt.Fprintln(w)
	return printTable(w, []string{"SYMBOL", "QTY", "AVG ENTRY", "PRICE", "VALUE", "UNREALIZED P/L"}, rows)
}

func (r *statusReport) printOrders(w io.Writer) error {
	if len(r.Orders) == 0 {
		_, err := fmt.Fprintln(w, "\nNo open orders.")
		return err
	}
	rows := make([][]string, len(r.Orders))
	for i, o := range r.Orders {
		amount := o.Qty.Decimal.String()
		if o.Notional.Valid {
			amount = "$" + o.Notional.Decimal.StringFixed(2)
		}
		rows[i] = []string{o.Symbol, string(o.Side), amount, o.Type, o.Status, o.ClientOrderID}
	}
	fmt.Fprintln(w)
	return printTable(w, []string{"SYMBOL", "SIDE", "AMOUNT", "TYPE", "STATUS", "CLIENT ORDER ID"}, rows)
}
