// Package sim is a simulated exchange that speaks Alpaca's protocol: Trading API v2 and Market
// Data API v2 on one address. Prices come from a Market that is fixed in advance, time from a
// clock that is held, follows the machine's, or runs faster. Each key pair is its own account,
// opened when it is first used. docs/simulator.md says what is served and how orders fill.
package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

const (
	tickEvery = 250 * time.Millisecond // how often a running market looks for fills by itself
	saveEvery = 30 * time.Second       // how often a running market's time is saved
)

// Config says what to simulate. Market is required; the rest has useful zero values.
type Config struct {
	Market            Market
	Machine           clock.Clock     // nil: the system's
	Pace              Pace            // zero: held
	Now               time.Time       // the market's time at the start; zero: DefaultStart
	Cash              decimal.Decimal // deposit of a new account; zero: $100,000
	State             Keeper          // keeps accounts and time; the simulator's from New on; nil: memory only
	Logger            *slog.Logger    // nil: no log
	Faults            []Fault         // go wrong from their time on; more can be added while it runs
	FreePlan          bool            // market data of the free plan: no recent SIP data, no SIP stream, 30 symbols
	RequestsPerMinute int             // of one key at one API; zero: as many as it likes
	KeepAlive         time.Duration   // how often an idle event stream shows that it lives; zero: 15 s

	Trading // how orders are filled and what they cost
}

// Simulator is one simulated exchange. It is safe for concurrent use.
type Simulator struct {
	config   Config
	clock    *marketClock
	faults   *faults
	sockets  sockets
	requests requestLog
	limits   rateLimit
	pulse    pulse // beats when the market's time has moved

	mu       sync.Mutex
	exchange *exchange
	changed  chan struct{} // closed at the next change
	saved    time.Time     // machine time of the last save
	keeper   Keeper        // nil: nothing is kept

	running  sync.WaitGroup
	stop     context.CancelFunc
	starting sync.Mutex
}

// New opens the exchange, with what Config.State keeps if that is anything: then its time goes on
// from where it was saved and Config.Now is not used. It starts nothing; see Start.
func New(config Config) (*Simulator, error) {
	s, err := newSimulator(config)
	if err != nil && config.State != nil {
		err = errors.Join(err, config.State.Close())
	}
	return s, err
}

func newSimulator(config Config) (*Simulator, error) {
	if config.Market == nil {
		return nil, fmt.Errorf("open simulator: no market")
	}
	if config.Machine == nil {
		config.Machine = clock.System()
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Cash.IsZero() {
		config.Cash = decimal.NewFromInt(100_000)
	}
	if config.Now.IsZero() {
		config.Now = DefaultStart(config.Market, config.Machine)
	}
	if err := CheckNow(config.Market, config.Now); err != nil {
		return nil, err
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	s := &Simulator{config: config, changed: make(chan struct{}), saved: config.Machine.Now()}
	s.faults, s.limits.most = &faults{now: s.Now}, config.RequestsPerMinute
	s.config.Market = venue{config.Market, s.faults}
	if err := s.open(); err != nil {
		return nil, err
	}
	for _, f := range config.Faults {
		if _, err := s.faults.add(f); err != nil {
			return nil, fault.Because(err, fault.Invalid, "The fault %q cannot be used: %s.", f.Kind, err)
		}
	}
	return s, nil
}

// DefaultStart is the close of the last recorded session, or the machine's time where the market
// has no last one.
func DefaultStart(source Market, machine clock.Clock) time.Time {
	if recorded, ok := source.(*csvMarket); ok {
		return recorded.lastClose()
	}
	return machine.Now()
}

func (s *Simulator) open() error {
	start := s.config.Now
	s.exchange = newExchange(s.config, s.faults, start)
	if s.config.State == nil {
		s.clock = newMarketClock(s.config.Machine, s.config.Pace, start)
		return nil
	}
	s.keeper = s.config.State
	saved, accounts, err := load(s.keeper, s.config.Market)
	if err != nil {
		return err
	}
	if !saved.Now.IsZero() {
		start = s.config.Pace.resume(saved, s.config.Machine.Now())
		s.exchange.accounts, s.exchange.settled = accounts, saved.Now
	}
	s.clock = newMarketClock(s.config.Machine, s.config.Pace, start)
	s.exchange.settle(start)
	return s.save()
}

// resume is the market's time after a restart. Real time has gone on. A faster market goes on
// from its last save, and from late enough that it never shows a moment twice.
func (p Pace) resume(saved Header, machine time.Time) time.Time {
	away := max(0, machine.Sub(saved.SavedAt))
	switch p.kind {
	case paceReal:
		return saved.Now.Add(away)
	case paceTimes:
		return skipClosed(saved.Now, scale(min(away, saveEvery+tickEvery), p.times))
	default:
		return saved.Now
	}
}

// Now is the market's time; a Simulator is the clock.Clock of its market.
func (s *Simulator) Now() time.Time { return s.clock.now() }

// Changed returns a channel that is closed when an account changes next.
func (s *Simulator) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Handler serves the simulator's HTTP interface.
func (s *Simulator) Handler() http.Handler { return newRouter(s) }

// Advance moves the market's time forward and lets everything happen until then. A fault of kind
// Invalid when to has passed already.
func (s *Simulator) Advance(to time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := CheckNow(s.config.Market, to); err != nil {
		return err
	}
	if !s.clock.moveTo(to) {
		return fault.New(fault.Invalid, "The simulator's time is %s; it cannot go back to %s.",
			s.clock.now().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano))
	}
	s.exchange.settle(s.clock.now())
	s.pulse.beat()
	return s.record()
}

// Start lets a running market fill orders as time passes, until ctx ends or Stop. Without it
// they fill, with the same prices and times, when somebody asks next. Twice is fine.
func (s *Simulator) Start(ctx context.Context) {
	s.starting.Lock()
	defer s.starting.Unlock()
	if s.stop != nil || s.config.Pace.kind == paceHeld {
		return
	}
	ctx, s.stop = context.WithCancel(ctx)
	s.running.Go(func() { s.run(ctx) })
}

// Stop ends the streams and what Start began, and saves the market's time. Twice is fine.
func (s *Simulator) Stop() error {
	s.sockets.closeAll()
	s.starting.Lock()
	defer s.starting.Unlock()
	if s.stop != nil {
		s.stop()
		s.running.Wait()
		s.stop = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.exchange.settle(s.clock.now())
	if s.keeper == nil {
		return nil
	}
	s.exchange.markOpen()
	err := errors.Join(s.save(), s.keeper.Close())
	s.keeper = nil
	return err
}

func (s *Simulator) run(ctx context.Context) {
	ticker := time.NewTicker(tickEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.tick(); err != nil {
				s.config.Logger.Error("the simulator's state was not saved", slog.Any("error", err))
			}
		}
	}
}

func (s *Simulator) tick() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.pulse.beat()
	if s.exchange.settle(s.clock.now()) {
		return s.record()
	}
	if s.config.Machine.Now().Sub(s.saved) >= saveEvery {
		return s.save()
	}
	return nil
}

// settled brings an account up to date and returns the exchange's time. The lock is held.
func (s *Simulator) settled(a *account) (time.Time, error) {
	now := s.clock.now()
	s.exchange.settled = now
	if s.exchange.settleAccount(a, now) {
		return now, s.record()
	}
	return now, nil
}

// record tells that something changed and saves it. The lock is held.
func (s *Simulator) record() error {
	close(s.changed)
	s.changed = make(chan struct{})
	return s.save()
}

// save gives the keeper, if there is one, what has changed since the last save. What a failed one
// did not write, the next one does. The lock is held.
func (s *Simulator) save() error {
	s.saved = s.config.Machine.Now()
	if s.keeper != nil {
		change := Change{Header: Header{
			Version: stateVersion, Market: s.config.Market.Name(), Now: s.exchange.settled, SavedAt: s.saved,
		}}
		for _, a := range s.exchange.touched {
			if err := a.addChanges(&change); err != nil {
				return err
			}
		}
		if err := s.keeper.Save(change); err != nil {
			return fmt.Errorf("save state: %w", err)
		}
	}
	for _, a := range s.exchange.touched {
		a.wasSaved()
	}
	s.exchange.touched = s.exchange.touched[:0]
	return nil
}
