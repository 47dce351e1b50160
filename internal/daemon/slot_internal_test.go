package daemon

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/metrics"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// BenchmarkSlotToOrder measures from a slot to the arrival of its orders at the broker: one account
// with 50 symbols on one-minute bars, by the scheduler, the queue and the desk that a server has,
// against a simulator in real time behind HTTP on this machine. It includes finding the slot, the
// queue, the lease, the comparison with the broker, the request for the bar that has just closed,
// the decision, the journal, and every order before the last; it does not include a network. A slot
// is five seconds after its bar's end. The first cycle, which reads history, is not counted.
func BenchmarkSlotToOrder(b *testing.B) {
	for _, database := range []struct {
		name    string
		address storetest.Address
	}{{"PostgreSQL", storetest.Postgres}, {"SQLite", storetest.SQLite}} {
		b.Run(database.name, func(b *testing.B) {
			s := newStopwatch(b, database.address(b))
			s.minute(b)
			s.first, s.each = nil, nil
			worked := processorTime()
			for b.Loop() {
				s.minute(b)
			}
			s.report(b, processorTime()-worked)
		})
	}
}

const (
	slotSymbols = 50
	slotTick    = 5 * time.Second // as with a real market
)

// stopwatch is a server's trading with one account, and when its orders came.
type stopwatch struct {
	simulator *sim.Simulator
	store     *store.Store
	account   string
	scheduler *scheduler
	arrived   chan time.Time
	ended     chan trade.Cycle
	bar       time.Time // the end of the bar that is decided on next
	first     []time.Duration
	each      []time.Duration
}

func newStopwatch(b *testing.B, url secret.Text) *stopwatch {
	b.Helper()
	s := &stopwatch{arrived: make(chan time.Time, 1000), ended: make(chan trade.Cycle, 10), bar: fleetOpen.Add(time.Minute)}
	s.store = storetest.Open(b, url, store.Options{})
	var err error
	s.simulator, err = sim.New(sim.Config{Market: widened{sim.NewSynthetic(7)}, Now: fleetOpen, Pace: sim.RealTime(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	exchange := s.simulator.Handler // its answers are measured, not compared with Alpaca's documents
	server := httptest.NewServer(s.note(exchange()))
	b.Cleanup(server.Close)
	keyring, err := secret.NewKeyring(secret.GenerateKey())
	if err != nil {
		b.Fatal(err)
	}
	safe := app.KeySafe{Keyring: keyring, Users: s.store}
	s.populate(b, keyring, safe)
	s.furnish(b, safe, server.URL)
	return s
}

// note takes the time of each order that arrives.
func (s *stopwatch) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/v2/orders" {
			s.arrived <- time.Now()
		}
		next.ServeHTTP(w, r)
	})
}

func (s *stopwatch) populate(b *testing.B, keyring *secret.Keyring, safe app.KeySafe) {
	b.Helper()
	id, settings := uuid.NewString(), trade.DefaultSettings()
	settings.Timeframe, settings.SignalMode, settings.MaxPositions = trade.Minute, trade.Any, slotSymbols
	settings.PositionSizePct = decimal.NewFromInt(1)
	settings.SMA.ShortPeriod, settings.SMA.LongPeriod = 2, 5
	settings.Schedule = trade.ScheduleSettings{Kind: trade.AtBarClose, MarketHoursOnly: true}
	user := auth.User{ID: id, Username: "ada", Email: "ada@example.org", PasswordHash: "$argon2id$"}
	if _, err := s.store.CreateUser(b.Context(), user, keyring.NewDataKey(id), settings, audit.Entry{Action: audit.Register}); err != nil {
		b.Fatal(err)
	}
	opened := sim.NewAccount{Key: "SLOT", Secret: "secret", Cash: decimal.NewNullDecimal(decimal.NewFromInt(1_000_000))}
	if err := s.simulator.OpenAccount(opened); err != nil {
		b.Fatal(err)
	}
	s.account = uuid.NewString()
	account := trade.BrokerageAccount{
		ID: s.account, UserID: id, Name: "Slot", Paper: true, Automated: true, NextRunAt: fleetOpen.Add(time.Hour), CreatedAt: time.Now(),
	}
	if err := safe.Seal(b.Context(), &account, secret.NewText("SLOT"), secret.NewText("secret")); err != nil {
		b.Fatal(err)
	}
	if _, err := s.store.CreateAccount(b.Context(), account, audit.Entry{Action: audit.AccountCreated, Target: "account:" + s.account}); err != nil {
		b.Fatal(err)
	}
	for i := range slotSymbols {
		symbol := trade.WatchedSymbol{Symbol: wideSymbol(i)}
		if err := s.store.AddSymbol(b.Context(), id, symbol, audit.Entry{Action: audit.WatchlistAdd, Target: "symbol:" + symbol.Symbol}); err != nil {
			b.Fatal(err)
		}
	}
}

// furnish makes the automation as a server does.
func (s *stopwatch) furnish(b *testing.B, safe app.KeySafe, url string) {
	b.Helper()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	connections, err := newDialer(config.Alpaca{PaperURL: url, LiveURL: url, DataURL: url, DataFeed: "iex"}, nil)
	if err != nil {
		b.Fatal(err)
	}
	connections.accounts = alpaca.NewAccountsOf(clock.System(), demoRequests, time.Minute) // minutes pass in a second here
	brokers := brokerages{dialer: connections, keys: safe}
	trading := newDesk(s.store, market.NewFeed(s.store), log, func(config *desk.Config) {
		config.Finished = func(cycle trade.Cycle) { s.ended <- cycle }
	})
	automation := app.NewAutomation(app.AutomationConfig{
		Store: s.store, Brokerages: brokers, Desk: trading, Clock: clock.System(), Log: log,
		FeedName: func(account trade.BrokerageAccount) string { return brokers.feedName(account.Mode(), account.UserID) },
		ClockAge: time.Nanosecond, Ahead: ahead(slotTick), Calendars: app.NewCalendars(clock.System()),
		SimulatedTime: func(trade.BrokerageAccount) bool { return true },
	})
	s.scheduler = &scheduler{
		automation: automation, store: s.store, sessions: s.store.Sessions(storetest.SessionKey), log: log, every: slotTick,
		metrics: metrics.New("benchmark"),
	}
	if err := s.scheduler.start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.scheduler.stop(b.Context()) })
}

// minute sets the market's time to a moment before the next slot, and waits for its cycle.
func (s *stopwatch) minute(b *testing.B) {
	b.Helper()
	slot, before := s.bar.Add(5*time.Second), 2*time.Second
	s.bar = s.bar.Add(time.Minute)
	if err := s.store.SetNextRun(b.Context(), s.account, slot); err != nil {
		b.Fatal(err)
	}
	<-time.After(paceLook) // so that the first look after the leap shows it
	if err := s.simulator.Advance(slot.Add(-before)); err != nil {
		b.Fatal(err)
	}
	due := time.Now().Add(before)
	awaited := func(soon app.Soon) bool { return soon.Slot.Equal(slot) }
	for !slices.ContainsFunc(s.scheduler.automation.Soon(), awaited) && time.Now().Before(due) {
		s.scheduler.Wake(b.Context()) // two looks at the clock show that its time passes as this machine's
		<-time.After(paceLook)
	}
	select {
	case cycle := <-s.ended:
		if cycle.Outcome != trade.CycleDone {
			b.Fatalf("the cycle was %s: %s", cycle.Outcome, cycle.Problem)
		}
	case <-time.After(time.Minute):
		b.Fatal("no cycle has ended")
	}
	for number := 0; len(s.arrived) > 0; number++ {
		took := (<-s.arrived).Sub(due)
		if number == 0 {
			s.first = append(s.first, took)
		}
		s.each = append(s.each, took)
	}
}

// paceLook is a little longer than two looks at a clock must be apart.
const paceLook = 250 * time.Millisecond

func (s *stopwatch) report(b *testing.B, worked time.Duration) {
	b.Helper()
	if len(s.each) == 0 {
		b.Fatal("nothing was ordered")
	}
	for _, figure := range []struct {
		name string
		took []time.Duration
	}{{"first", s.first}, {"all", s.each}} {
		slices.Sort(figure.took)
		p50, p99 := figure.took[len(figure.took)/2], figure.took[len(figure.took)*99/100]
		fmt.Printf("slot to order, %s: p50 %d ms, p99 %d ms of %d orders\n", figure.name, p50.Milliseconds(), p99.Milliseconds(), len(figure.took))
		b.ReportMetric(float64(p50.Milliseconds()), "ms/"+figure.name+"-p50")
		b.ReportMetric(float64(p99.Milliseconds()), "ms/"+figure.name+"-p99")
	}
	b.ReportMetric(worked.Seconds()*1000/float64(b.N), "core-ms/cycle")
}
