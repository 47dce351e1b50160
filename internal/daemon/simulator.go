package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// SimulatorTrading says how the simulator fills orders and what they cost.
type SimulatorTrading = sim.Trading

// SimulatorOptions say what the stand-alone simulator serves.
type SimulatorOptions struct {
	Listen    string      // host:port; port 0 chooses a free one
	Data      []string    // "synthetic", or folders of CSV files
	BarsFrom  secret.Text // a database of the project whose stored bars are the market, instead of Data
	BarsFeed  string      // which feed's bars of the database; empty: the only one
	Seed      uint64      // of the synthetic market
	Now       time.Time   // the market's time at the start; zero: now, or the last recorded close
	Speed     Speed
	Cash      decimal.Decimal // deposit of each new account
	Trading   SimulatorTrading
	StateFile string // empty: everything is forgotten at the end
	Faults    string // a script of what goes wrong; empty: nothing but what is asked for
	FreePlan  bool   // market data of the free plan
	RateLimit int    // requests a minute of one key at one API; 0: as many as it likes
	TLS       SimulatorTLS
	Stdout    io.Writer // gets the one line that says where it listens
	Log       *slog.Logger
}

// Speed says how the market's time passes.
type Speed struct {
	Given bool    // false: the synthetic market follows real time unless Now is given; else it is held
	Times float64 // 0: held; otherwise times real time, jumping over closed hours
}

func (s Speed) pace(follow bool) sim.Pace {
	switch {
	case s.Times > 0:
		return sim.Times(s.Times)
	case !s.Given && follow:
		return sim.RealTime()
	default:
		return sim.Held()
	}
}

// ServeSimulator serves the simulated exchange until the context ends, then saves its state and
// returns nil. A fault says what kept it from starting.
func ServeSimulator(ctx context.Context, options SimulatorOptions) (err error) {
	config, err := options.config(ctx)
	if err != nil {
		return err
	}
	listener, err := listen(options.Listen, "--listen HOST:PORT")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	secured, err := options.TLS.wrap(listener)
	if err != nil {
		return err
	}
	if options.StateFile != "" {
		if config.State, err = OpenSimulatorState(options.StateFile, ""); err != nil {
			return err
		}
	}
	simulator, err := sim.New(config)
	if err != nil {
		return err
	}
	options.Log.Info("simulated market", "prices", config.Market.Name(), "now", simulator.Now().Format(time.RFC3339), "state", options.StateFile)
	if !options.Now.IsZero() && !options.Now.Equal(simulator.Now()) && options.StateFile != "" {
		options.Log.Info("the state file's time is used instead of --now")
	}
	simulator.Start(context.WithoutCancel(ctx))
	defer func() { err = errors.Join(err, simulator.Stop()) }()
	return serve(ctx, simulatorServer(simulator.Handler(), options.Log), secured, options.Stdout)
}

// config opens what the options name, but for the state file.
func (o SimulatorOptions) config(ctx context.Context) (sim.Config, error) {
	prices, err := o.market(ctx)
	if err != nil {
		return sim.Config{}, err
	}
	var faults []sim.Fault
	if o.Faults != "" {
		if faults, err = sim.LoadFaults(o.Faults); err != nil {
			return sim.Config{}, err
		}
	}
	follow := len(o.Data) == 1 && o.Data[0] == sim.Synthetic && o.Now.IsZero()
	return sim.Config{
		Market: prices, Pace: o.Speed.pace(follow), Now: o.Now, Cash: o.Cash, Trading: o.Trading, Logger: o.Log,
		Faults: faults, FreePlan: o.FreePlan, RequestsPerMinute: o.RateLimit,
	}, nil
}

func (o SimulatorOptions) market(ctx context.Context) (sim.Market, error) {
	if o.BarsFrom.IsEmpty() {
		return sim.OpenMarket(o.Data, o.Seed)
	}
	return o.storedMarket(ctx)
}

// simulatorServer bounds how long a client may take. It speaks HTTP/1.1 alone, in which sockets
// can be upgraded and connections be dropped.
func simulatorServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// schemed is a listener that knows the scheme of its addresses.
type schemed interface{ Scheme() string }

func schemeOf(listener net.Listener) string {
	if s, ok := listener.(schemed); ok {
		return s.Scheme()
	}
	return "http"
}
