package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
)

// SimulatorOptions say what the stand-alone simulator serves.
type SimulatorOptions struct {
	Listen    string    // host:port; port 0 chooses a free one
	Data      []string  // "synthetic", or folders of CSV files
	Seed      uint64    // of the synthetic market
	Now       time.Time // the market's time at the start; zero: now, or the last recorded close
	Speed     Speed
	Cash      decimal.Decimal // deposit of each new account
	StateFile string          // empty: everything is forgotten at the end
	Faults    string          // a script of what goes wrong; empty: nothing but what is asked for
	FreePlan  bool            // market data of the free plan
	RateLimit int             // requests a minute of one key at one API; 0: as many as it likes
	Stdout    io.Writer       // gets the one line that says where it listens
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
	prices, err := sim.OpenMarket(options.Data, options.Seed)
	if err != nil {
		return err
	}
	var faults []sim.Fault
	if options.Faults != "" {
		if faults, err = sim.LoadFaults(options.Faults); err != nil {
			return err
		}
	}
	listener, err := listen(options.Listen, "--listen HOST:PORT")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	follow := options.Data[0] == sim.Synthetic && options.Now.IsZero()
	simulator, err := sim.New(sim.Config{
		Market: prices, Pace: options.Speed.pace(follow), Now: options.Now, Cash: options.Cash,
		StateFile: options.StateFile, Logger: options.Log,
		Faults: faults, FreePlan: options.FreePlan, RequestsPerMinute: options.RateLimit,
	})
	if err != nil {
		return err
	}
	options.Log.Info("simulated market", "prices", prices.Name(), "now", simulator.Now().Format(time.RFC3339), "state", options.StateFile)
	if !options.Now.IsZero() && !options.Now.Equal(simulator.Now()) && options.StateFile != "" {
		options.Log.Info("the state file's time is used instead of --now")
	}
	simulator.Start(context.WithoutCancel(ctx))
	defer func() { err = errors.Join(err, simulator.Stop()) }()
	return serve(ctx, simulatorServer(simulator.Handler(), options.Log), listener, options.Stdout)
}

// simulatorServer bounds how long a client may take.
func simulatorServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
