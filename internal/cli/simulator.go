package cli

import (
	"math"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/daemon"
)

const (
	fastestSpeed = 100_000       // times real time: a session passes in a quarter of a second
	mostCash     = 1_000_000_000 // dollars
)

func simulatorCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use:   "simulator",
		Short: "Serve a simulated exchange that speaks Alpaca's protocol",
		Long: "Serve a simulated exchange that speaks Alpaca's Trading API v2 and Market Data API v2 on one address.\n" +
			"Each key pair is its own account, opened at its first use. docs/simulator.md says how orders fill.",
		Example: "  alpaca-trader simulator --data synthetic --speed 60\n" +
			"  alpaca-trader simulator --data bars/daily --data bars/minute --now 2020-06-01T21:00:00Z",
		Args: noArguments,
	}
	flags := command.Flags()
	options := daemon.SimulatorOptions{Stdout: env.Stdout, Log: env.Logger}
	flags.StringVar(&options.Listen, "listen", "127.0.0.1:8787", "`HOST:PORT` to listen on; port 0 takes a free one")
	flags.StringArrayVar(&options.Data, "data", nil, "`FOLDER` of CSV files (may be repeated), or the word synthetic")
	flags.Uint64Var(&options.Seed, "seed", 1, "`NUMBER` that decides the synthetic prices")
	flags.StringVar(&options.StateFile, "state", "", "`FILE` that keeps accounts and time over a restart")
	flags.StringVar(&options.Faults, "faults", "", "YAML `FILE` of what goes wrong and when")
	flags.BoolVar(&options.FreePlan, "free-plan", false, "market data of the free plan: SIP data after 15 minutes, 30 symbols a stream")
	flags.IntVar(&options.RateLimit, "rate-limit", 0, "`REQUESTS` a minute that one key may send to each API (Alpaca: 200); 0: as many as it likes")
	now := flags.String("now", "", "the market's `TIME` at the start, RFC 3339 (default: now, or the last recorded close)")
	speed := flags.String("speed", "", "`N` times real time without closed hours, or step: held until POST /_simulator/advance")
	cash := flags.String("cash", "100000", "deposit of each new account, `DOLLARS`")
	command.RunE = func(command *cobra.Command, _ []string) (err error) {
		if options.Now, err = parseNow(*now); err != nil {
			return err
		}
		if options.Speed, err = parseSpeed(*speed); err != nil {
			return err
		}
		if options.Cash, err = parseCash(*cash); err != nil {
			return err
		}
		if options.RateLimit < 0 {
			return usage("--rate-limit %d is below 0.", options.RateLimit)
		}
		return daemon.ServeSimulator(command.Context(), options)
	}
	return command
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

func parseCash(text string) (decimal.Decimal, error) {
	amount, err := decimal.NewFromString(text)
	if err != nil || math.Abs(float64(amount.Exponent())) > 12 || !amount.IsPositive() ||
		amount.GreaterThan(decimal.NewFromInt(mostCash)) || !amount.Round(2).Equal(amount) {
		return decimal.Zero, usage("--cash %q is not an amount of dollars above 0 up to %d, such as 100000 or 2500.50.", text, mostCash)
	}
	return amount, nil
}
