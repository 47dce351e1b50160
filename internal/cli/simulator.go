package cli

import (
	"math"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

const (
	fastestSpeed = 100_000       // times real time: a session passes in a quarter of a second
	mostCash     = 1_000_000_000 // dollars
	mostFee      = 1_000_000     // dollars
)

func simulatorCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "simulator",
		Short: "Serve a simulated exchange that speaks Alpaca's protocol",
		Long: "Serve a simulated exchange that speaks Alpaca's Trading API v2 and Market Data API v2 on one address:\n" +
			"set the trading and data address of an official SDK, or of any program for Alpaca, to it.\n" +
			"Each key pair is its own account, opened at its first use. docs/simulator.md says how orders fill.",
		Example: "  alpaca-trader simulator --data synthetic --speed 60\n" +
			"  alpaca-trader simulator --data bars/daily --data bars/minute --now 2020-06-01T21:00:00Z --state exchange.db\n" +
			"  alpaca-trader simulator --config exchange.yaml",
		Args: noArguments,
	}
	flags := command.Flags()
	flags.SortFlags = false
	options := daemon.SimulatorOptions{Stdout: env.Stdout, Log: env.Logger}
	file := flags.String("config", "", "YAML `FILE` with any of these options by their names; the command line wins")
	flags.StringVar(&options.Listen, "listen", "127.0.0.1:8787", "`HOST:PORT` to listen on; port 0 takes a free one")
	finish := simulatorFlags(command, &options)
	command.RunE = func(command *cobra.Command, _ []string) (err error) {
		if *file != "" {
			if err := readFlags(command, *file); err != nil {
				return err
			}
		}
		if err := finish(); err != nil {
			return err
		}
		return daemon.ServeSimulator(command.Context(), options)
	}
	return command
}

// simulatorFlags defines what the simulator can be told. The function that it returns checks what
// was given and finishes the options.
func simulatorFlags(command *cobra.Command, options *daemon.SimulatorOptions) func() error {
	flags := command.Flags()
	flags.StringArrayVar(&options.Data, "data", nil, "`FOLDER` of CSV files (may be repeated), or the word synthetic")
	flags.Uint64Var(&options.Seed, "seed", 1, "`NUMBER` that decides the synthetic prices")
	barsFrom := flags.String("bars-from", "", "`DATABASE_URL` of this program whose stored bars are the prices; it is only read")
	flags.StringVar(&options.BarsFeed, "bars-feed", "", "`NAME` of the stored bars, where a database has several")
	now := flags.String("now", "", "the market's `TIME` at the start, RFC 3339 (default: now, or the last recorded close)")
	speed := flags.String("speed", "", "`N` times real time without closed hours, or step: held until POST /_simulator/advance")
	flags.StringVar(&options.StateFile, "state", "", "SQLite `FILE` that keeps accounts and time over a restart")
	money := moneyFlags(command, options)
	tradingFlags(command, &options.Trading)
	flags.StringVar(&options.Faults, "faults", "", "YAML `FILE` of what goes wrong and when")
	flags.BoolVar(&options.FreePlan, "free-plan", false, "market data of the free plan: SIP data after 15 minutes, 30 symbols a stream")
	flags.IntVar(&options.RateLimit, "rate-limit", 0, "`REQUESTS` a minute that one key may send to each API (Alpaca: 200); 0: as many as it likes")
	flags.StringVar(&options.TLS.Certificate, "tls-cert", "", "serve https with the certificate of this PEM `FILE`")
	flags.StringVar(&options.TLS.Key, "tls-key", "", "PEM `FILE` of the certificate's key")
	flags.StringVar(&options.TLS.SelfSigned, "tls-self-signed", "", "serve https with a certificate made for this run, written to `FILE` for clients to trust")
	return func() (err error) {
		options.BarsFrom = secret.NewText(*barsFrom)
		if options.Now, err = parseNow(*now); err != nil {
			return err
		}
		if options.Speed, err = parseSpeed(*speed); err != nil {
			return err
		}
		if options.RateLimit < 0 {
			return usage("--rate-limit %d is below 0.", options.RateLimit)
		}
		return money()
	}
}

func tradingFlags(command *cobra.Command, trading *daemon.SimulatorTrading) {
	flags := command.Flags()
	flags.IntVar(&trading.Multiplier, "multiplier", 2, "most buying power for a dollar of equity, `NUMBER`: 1 (cash accounts), 2, or 4 (intraday)")
	flags.Float64Var(&trading.Spread, "spread", 0, "`BASIS POINTS` between bid and ask")
	flags.Float64Var(&trading.Slippage, "slippage", 0, "`BASIS POINTS` by which orders trade worse that take what is there")
	flags.Float64Var(&trading.Participation, "participation", 0, "largest `SHARE` of the volume that an order takes, such as 0.1; 0: no limit")
	flags.StringVar(&trading.Volume, "volume", "sip", "whose volume that is: `sip or iex`")
	flags.StringSliceVar(&trading.HardToBorrow, "hard-to-borrow", nil, "`SYMBOLS` that cannot be sold short")
	flags.StringSliceVar(&trading.WholeShares, "whole-shares", nil, "`SYMBOLS` that do not trade in fractions")
	flags.StringSliceVar(&trading.Untradable, "untradable", nil, "`SYMBOLS` that are listed and cannot be traded")
}

// moneyFlags defines the amounts; the function that it returns reads them.
func moneyFlags(command *cobra.Command, options *daemon.SimulatorOptions) func() error {
	flags := command.Flags()
	cash := flags.String("cash", "100000", "deposit of each new account, `DOLLARS`")
	fees := &options.Trading.Fees
	amounts := []struct {
		name string
		into *decimal.Decimal
		text *string
	}{
		{"fee-per-order", &fees.PerOrder, flags.String("fee-per-order", "0", "`DOLLARS` for an order that fills")},
		{"fee-per-share", &fees.PerShare, flags.String("fee-per-share", "0", "`DOLLARS` for a share")},
		{"fee-of-sales", &fees.OfSales, flags.String("fee-of-sales", "0", "`SHARE` of a sale's amount, such as 0.0000278")},
	}
	return func() (err error) {
		if options.Cash, err = parseCash(*cash); err != nil {
			return err
		}
		for _, amount := range amounts {
			if *amount.into, err = parseFee(amount.name, *amount.text); err != nil {
				return err
			}
		}
		return nil
	}
}

func parseNow(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, usage("--now %q is not a time; write it as 2020-06-01T21:00:00Z.", text)
	}
	return now, nil
}

func parseSpeed(text string) (daemon.Speed, error) {
	switch text {
	case "":
		return daemon.Speed{}, nil
	case "step":
		return daemon.Speed{Given: true}, nil
	}
	times, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(times) || times <= 0 || times > fastestSpeed {
		return daemon.Speed{}, usage("--speed %q is neither step nor a number above 0 up to %d.", text, fastestSpeed)
	}
	return daemon.Speed{Given: true, Times: times}, nil
}

const widestAmount = 12 // of an amount's exponent

func parseCash(text string) (decimal.Decimal, error) {
	amount, err := decimal.NewFromString(text)
	if err != nil || math.Abs(float64(amount.Exponent())) > widestAmount || !amount.IsPositive() ||
		amount.GreaterThan(decimal.NewFromInt(mostCash)) || !amount.Round(2).Equal(amount) {
		return decimal.Zero, usage("--cash %q is not an amount of dollars above 0 up to %d, such as 100000 or 2500.50.", text, mostCash)
	}
	return amount, nil
}

func parseFee(name, text string) (decimal.Decimal, error) {
	amount, err := decimal.NewFromString(text)
	if err != nil || math.Abs(float64(amount.Exponent())) > widestAmount || amount.IsNegative() || amount.GreaterThan(decimal.NewFromInt(mostFee)) {
		return decimal.Zero, usage("--%s %q is not a number from 0 to %d.", name, text, mostFee)
	}
	return amount, nil
}
