package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
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

const (
	fleetVariable  = "BENCH_ACCOUNTS" // how many accounts; 10,000 when it is not set
	fleetSymbols   = 500
	fleetWatches   = 20               // symbols of each account
	fleetPositions = 5                // of each account, at the beginning
	fleetOfUser    = 20               // accounts of each user
	fleetSlots     = 3                // the first begins with nothing known
	fleetPatience  = 10 * time.Minute // for all slots
)

// BenchmarkCycles runs the cycles of many accounts at the same slots, by the scheduler, the queue
// and the desk that a server has, against a simulator in this process. It prints for each slot how
// long it took from the slot until the last cycle had ended.
func BenchmarkCycles(b *testing.B) {
	for _, database := range []struct {
		name    string
		address storetest.Address
	}{{"PostgreSQL", storetest.Postgres}, {"SQLite", storetest.SQLite}} {
		b.Run(database.name, func(b *testing.B) {
			f := newFleet(b, database.address(b))
			for b.Loop() {
				f.drive(b)
			}
		})
	}
}

// fleet is a server's trading with many accounts, all due at the same slots.
type fleet struct {
	size       int
	store      *store.Store
	postmaster string // of PostgreSQL, on this machine
	simulator  *sim.Simulator
	scheduler  *scheduler
	meter      *meter
	ended      chan trade.Cycle
	failed     chan string // what a job failed of
	slot       time.Time
}

// fleetOpen is a usual trading day, an hour and a half into its session.
var fleetOpen = time.Date(2026, 6, 10, 15, 0, 0, 0, time.UTC)

func newFleet(b *testing.B, url secret.Text) *fleet {
	b.Helper()
	f := &fleet{size: 10_000, meter: newMeter(), slot: fleetOpen}
	if text := os.Getenv(fleetVariable); text != "" {
		size, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		f.size = size
	}
	f.ended, f.failed = make(chan trade.Cycle, f.size), make(chan string, 1)
	f.store = storetest.Open(b, url, store.Options{Hook: f.meter})
	f.postmaster = postmasterOf(b.Context(), f.store)
	var err error
	f.simulator, err = sim.New(sim.Config{
		Market: widened{sim.NewSynthetic(7)}, Now: fleetOpen.Add(-time.Minute), Pace: sim.Held(), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	keyring, err := secret.NewKeyring(secret.GenerateKey())
	if err != nil {
		b.Fatal(err)
	}
	safe := app.KeySafe{Keyring: keyring, Users: f.store}
	begun := time.Now()
	f.populate(b, keyring, safe)
	b.Logf("%d accounts made in %s", f.size, time.Since(begun).Round(time.Second))
	f.furnish(b, safe)
	return f
}

// furnish makes the automation as a server does, with meters in between.
func (f *fleet) furnish(b *testing.B, safe app.KeySafe) {
	b.Helper()
	log := slog.New(failures{slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}), f.failed})
	connections, err := newDialer(config.Alpaca{}, inProcess{spectest.Checked(b, f.simulator.Handler())})
	if err != nil {
		b.Fatal(err)
	}
	brokers := brokerages{dialer: connections, keys: safe}
	feed := market.NewFeed(f.store)
	trading := newDesk(f.store, feed, log, func(config *desk.Config) {
		config.Journal = meteredJournal{f.store, f.meter}
		config.Bars = meteredBars{feed, f.meter}
		config.Settling = []time.Duration{} // at the first look: nothing moves before the first slot
		config.Finished = func(cycle trade.Cycle) { f.ended <- cycle }
	})
	automation := app.NewAutomation(app.AutomationConfig{
		Store: f.store, Brokerages: meteredBrokerages{brokers, f.meter}, Desk: trading, Clock: clock.System(), Log: log,
		FeedName: func(account trade.BrokerageAccount) string { return brokers.feedName(account.Mode(), account.UserID) },
		ClockAge: demoClockAge, SimulatedTime: func(trade.BrokerageAccount) bool { return true },
	})
	f.scheduler = &scheduler{
		automation: automation, store: f.store, sessions: f.store.Sessions(storetest.SessionKey), log: log, every: demoTickEvery,
		metrics: metrics.New("benchmark"),
	}
}

// populate makes the users, with their accounts in the database and at the simulator.
func (f *fleet) populate(b *testing.B, keyring *secret.Keyring, safe app.KeySafe) {
	b.Helper()
	users := make(chan int)
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for first := range users {
				if err := f.makeUser(b.Context(), keyring, safe, first); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for first := 0; first < f.size; first += fleetOfUser {
		users <- first
	}
	close(users)
	workers.Wait()
	if b.Failed() {
		b.FailNow()
	}
}

func (f *fleet) makeUser(ctx context.Context, keyring *secret.Keyring, safe app.KeySafe, first int) error {
	id, settings := uuid.NewString(), trade.DefaultSettings()
	settings.Timeframe = trade.Minutes5
	name := "user" + strconv.Itoa(first)
	user := auth.User{ID: id, Username: name, Email: name + "@example.org", PasswordHash: "$argon2id$"}
	if _, err := f.store.CreateUser(ctx, user, keyring.NewDataKey(id), settings, audit.Entry{Action: audit.Register}); err != nil {
		return err
	}
	for i := first; i < min(first+fleetOfUser, f.size); i++ {
		if err := f.makeAccount(ctx, safe, id, i); err != nil {
			return err
		}
	}
	return nil
}

func (f *fleet) makeAccount(ctx context.Context, safe app.KeySafe, userID string, number int) error {
	key, hidden := fmt.Sprintf("FLEET%010d", number), uuid.NewString()
	opened := sim.NewAccount{Key: key, Secret: hidden, Cash: decimal.NewNullDecimal(decimal.NewFromInt(100_000))}
	watchlist := make([]trade.WatchedSymbol, fleetWatches)
	for i := range watchlist {
		watchlist[i].Symbol = wideSymbol(number*7 + i*(fleetSymbols/fleetWatches))
		if i < fleetPositions {
			opened.Positions = append(opened.Positions, sim.Holding{Symbol: watchlist[i].Symbol, Qty: decimal.NewFromInt(10), AvgEntryPrice: decimal.NewFromInt(100)})
		}
	}
	if err := f.simulator.OpenAccount(opened); err != nil {
		return err
	}
	account := trade.BrokerageAccount{
		ID: uuid.NewString(), UserID: userID, Name: key, Paper: true, Demo: true, Automated: true, NextRunAt: fleetOpen, CreatedAt: time.Now(),
	}
	if err := safe.Seal(ctx, &account, secret.NewText(key), secret.NewText(hidden)); err != nil {
		return err
	}
	if _, err := f.store.CreateAccount(ctx, account, audit.Entry{Action: audit.AccountCreated, Target: "account:" + account.ID}); err != nil {
		return err
	}
	return f.store.ChangeAccountStrategy(ctx, userID, account.ID, func(own *trade.AccountStrategy) { own.Watchlist = watchlist },
		audit.Entry{Action: audit.StrategyUpdate, Target: "account:" + account.ID})
}

// drive runs the slots and prints what each took.
func (f *fleet) drive(b *testing.B) {
	b.Helper()
	if err := f.scheduler.start(b.Context()); err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	f.scheduler.resolving.Wait()
	fmt.Printf("every account resolved and compared after the start: %.1f s\n", time.Since(begun).Seconds())
	tooLong := time.After(fleetPatience)
	for number := range fleetSlots {
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak counts anew, where it can
		f.meter.reset()
		begun, ours, theirs := time.Now(), processorTime(), databaseTime(f.postmaster)
		if err := f.simulator.Advance(f.slot.Add(2 * time.Second)); err != nil {
			b.Fatal(err)
		}
		outcomes, orders := f.await(b, number+1, tooLong)
		took := time.Since(begun)
		each := func(worked time.Duration) float64 { return worked.Seconds() * 1000 / float64(f.size) }
		ours, theirs = processorTime()-ours, databaseTime(f.postmaster)-theirs
		fmt.Printf("slot %d: %.1f s for %d cycles %v, %.0f a second, %d orders, %.1f ms of one core a cycle and %.1f ms of PostgreSQL's, peak %s resident, load %s\n%s",
			number+1, took.Seconds(), f.size, outcomes, float64(f.size)/took.Seconds(), orders,
			each(ours), each(theirs), peakResident(), load(), f.meter.report(f.size))
		b.ReportMetric(each(ours), "core-ms/cycle"+strconv.Itoa(number+1))
		b.ReportMetric(each(theirs), "postgres-ms/cycle"+strconv.Itoa(number+1))
		b.ReportMetric(took.Seconds(), "s/slot"+strconv.Itoa(number+1))
		f.slot = f.slot.Add(5 * time.Minute)
	}
	if err := f.scheduler.stop(context.Background()); err != nil {
		b.Error(err)
	}
}

// await returns when each account's cycle of the slot has ended, and says how many have, now and then.
func (f *fleet) await(b *testing.B, slot int, tooLong <-chan time.Time) (outcomes map[trade.CycleOutcome]int, orders int) {
	b.Helper()
	outcomes = map[trade.CycleOutcome]int{}
	progress := time.NewTicker(10 * time.Second)
	defer progress.Stop()
	for done := 0; done < f.size; {
		select {
		case cycle := <-f.ended:
			done++
			outcomes[cycle.Outcome]++
			for _, decision := range cycle.Decisions {
				if decision.Ordered() {
					orders++
				}
			}
		case <-progress.C:
			fmt.Printf("slot %d: %d of %d cycles\n", slot, done, f.size)
		case problem := <-f.failed:
			b.Fatal(problem)
		case <-tooLong:
			b.Fatalf("only %d cycles of slot %d ended within %s", done, slot, fleetPatience)
		}
	}
	return outcomes, orders
}

// failures is the log of the server: it prints, and ends the benchmark with what a job of the queue
// failed of.
type failures struct {
	slog.Handler
	failed chan<- string
}

func (f failures) Handle(ctx context.Context, record slog.Record) error {
	if strings.HasPrefix(record.Message, "job ") {
		text := record.Message
		record.Attrs(func(attr slog.Attr) bool { text += " " + attr.String(); return true })
		select {
		case f.failed <- text:
		default: // one is enough
		}
	}
	return f.Handler.Handle(ctx, record)
}

// widened is a market with more symbols: each stands for one of the market's own.
type widened struct{ sim.Market }

func wideSymbol(number int) string { return fmt.Sprintf("W%03d", number%fleetSymbols) }

func (w widened) of(symbol string) string {
	number, err := strconv.Atoi(strings.TrimPrefix(symbol, "W"))
	if err != nil {
		return symbol
	}
	own := w.Market.Assets()
	return own[number%len(own)].Symbol
}

func (w widened) Assets() []wire.Asset {
	own, assets := w.Market.Assets(), make([]wire.Asset, fleetSymbols)
	for i := range assets {
		assets[i] = own[i%len(own)]
		assets[i].Symbol, assets[i].ID = wideSymbol(i), uuid.NewSHA1(uuid.NameSpaceOID, []byte(wideSymbol(i))).String()
	}
	slices.SortFunc(assets, func(a, b wire.Asset) int { return strings.Compare(a.Symbol, b.Symbol) })
	return assets
}

func (w widened) Span(symbol string) (first, last time.Time) { return w.Market.Span(w.of(symbol)) }
func (w widened) AppendMinutes(bars []trade.Bar, symbol string, t, now time.Time) []trade.Bar {
	return w.Market.AppendMinutes(bars, w.of(symbol), t, now)
}
func (w widened) Daily(symbol string, t, now time.Time) (trade.Bar, bool) {
	return w.Market.Daily(w.of(symbol), t, now)
}
func (w widened) FirstPrint(symbol string, from, to time.Time) (sim.Print, bool) {
	return w.Market.FirstPrint(w.of(symbol), from, to)
}
func (w widened) LastPrint(symbol string, at time.Time) (sim.Print, bool) {
	return w.Market.LastPrint(w.of(symbol), at)
}
