package backup_test

import (
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/backup"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// exchange is a simulated broker whose account outlives every database of ours.
type exchange struct {
	simulator *sim.Simulator
	address   string
	now       time.Time
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{now: time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)} // in the middle of a session
	var err error
	x.simulator, err = sim.New(sim.Config{Market: sim.NewSynthetic(7), Now: x.now})
	check(t, err)
	server := httptest.NewServer(spectest.Checked(t, x.simulator.Handler()))
	t.Cleanup(server.Close)
	x.address = server.URL
	return x
}

// client is one with a budget of its own: the test asks for more in a minute than a program would.
func (x *exchange) client(t *testing.T) *alpaca.Client {
	t.Helper()
	client, err := alpaca.New(alpaca.Config{
		KeyID: secret.NewText("PKRESTORE"), SecretKey: secret.NewText("hush"), TradingURL: x.address, DataURL: x.address, Feed: "iex",
	})
	check(t, err)
	return client
}

// pass lets the market go on.
func (x *exchange) pass(t *testing.T, much time.Duration) {
	t.Helper()
	x.now = x.now.Add(much)
	check(t, x.simulator.Advance(x.now))
}

// orders are all of the broker's, without legs, by client order id.
func (x *exchange) orders(t *testing.T) map[string][]trade.BrokerOrder {
	t.Helper()
	client := x.client(t)
	open, err := client.OpenOrders(t.Context())
	check(t, err)
	closed, err := client.ClosedOrders(t.Context(), 500)
	check(t, err)
	found := map[string][]trade.BrokerOrder{}
	for _, order := range append(open, closed...) {
		found[order.ClientOrderID] = append(found[order.ClientOrderID], order)
	}
	return found
}

// cycle runs one cycle that buys, or one that sells, with protective stops.
func (h *house) cycle(t *testing.T, x *exchange, selling bool) trade.Cycle {
	t.Helper()
	d := desk.New(desk.Config{
		Journal: h.Store, Bars: market.NewFeed(nil), Clock: clock.System(), Log: slog.New(slog.DiscardHandler), Holder: "a process", NewID: uuid.NewString,
		Settling: []time.Duration{time.Millisecond}, Cancels: []time.Duration{time.Millisecond, time.Second, 20 * time.Second},
	})
	settings := trade.DefaultFileSettings()
	settings.Timeframe = trade.Minutes5
	settings.SMA.Enabled, settings.MACD.Enabled, settings.Bollinger.Enabled = false, false, false
	settings.RSI.Oversold, settings.RSI.Overbought = 50, 99
	if selling {
		settings.RSI.Oversold, settings.RSI.Overbought = 1, 50
	}
	settings.Execution.TrailingStopPct, settings.Execution.WholeShares = decimal.NewFromInt(20), true
	cycle, err := d.RunCycle(t.Context(), desk.Run{
		AccountID: "an account", UserID: h.user.ID, Broker: x.client(t), FeedName: "test", Settings: settings, SimulatedTime: true,
		Symbols: []string{"AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "TSLA", "JPM", "SPY"}, Slot: clock.System().Now(), LeaseWait: 30 * time.Second,
	})
	check(t, err)
	if cycle.Outcome != trade.CycleDone {
		t.Errorf("the cycle is %s: %s", cycle.Outcome, cycle.Problem)
	}
	return cycle
}

// journal are the orders by client order id.
func (h *house) journal(t *testing.T) map[string]trade.Order {
	t.Helper()
	orders, err := h.Store.JournaledOrders(t.Context(), h.user.ID, "an account", 1000)
	check(t, err)
	found := map[string]trade.Order{}
	for _, order := range orders {
		found[order.Intent.ClientOrderID] = order
	}
	return found
}

const tradedRounds = 9

// trade runs cycles and lets the market go on, buying and selling; each round is told before it.
func (h *house) trade(t *testing.T, x *exchange, rounds chan<- int) {
	t.Helper()
	defer close(rounds)
	for round := range tradedRounds {
		rounds <- round
		h.cycle(t, x, round%3 == 2)
		x.pass(t, 150*time.Second)
	}
	h.cycle(t, x, false) // whose orders are still on their way when everything is lost
}

// A database is lost while it trades, and comes back from a backup that was made in the middle, into
// the other kind of database: every order that was sent since is found, none is sent twice.
func TestAfterARestoreNoOrderIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	for name, kinds := range map[string][2]storetest.Address{
		"SQLite to PostgreSQL": {storetest.SQLite, storetest.Postgres},
		"PostgreSQL to SQLite": {storetest.Postgres, storetest.SQLite},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lost := traderHouse(t, kinds[0], backup.Folder{Path: filepath.Join(t.TempDir(), "shelf")})
			x := newExchange(t)
			made := lost.backUpWhileTrading(t, x)
			back := &house{Maker: lost.Maker, key: lost.key, user: lost.user}
			back.Store = emptyAt(t, kinds[1])
			_, err := restore(t, lost.read(t, made.Name), lost.key, back.Store, backup.RestoreOptions{Name: made.Name})
			check(t, err)
			check(t, back.Store.Prepare(t.Context(), back.Keyring, quiet))
			missing := len(lost.journal(t)) - len(back.journal(t))
			if missing == 0 {
				t.Error("nothing was ordered after the backup: the test shows nothing")
			}
			t.Logf("%d of %d orders were sent after the backup", missing, len(lost.journal(t)))
			back.goesOn(t, x, lost.journal(t))
		})
	}
}

// backUpWhileTrading makes a backup in the middle of cycles, at a random one.
func (h *house) backUpWhileTrading(t *testing.T, x *exchange) (made backup.Made) {
	t.Helper()
	moment := 2 + rand.IntN(4)
	t.Logf("the backup is made beside cycle %d", moment)
	rounds, trading := make(chan int), make(chan struct{})
	go func() {
		defer close(trading)
		h.trade(t, x, rounds)
	}()
	for round := range rounds {
		if round == moment {
			var err error
			made, err = h.Create(t.Context())
			check(t, err)
		}
	}
	<-trading
	return made
}

// goesOn runs the restored database and compares it with the broker, and with what was lost.
func (h *house) goesOn(t *testing.T, x *exchange, lost map[string]trade.Order) {
	t.Helper()
	found, err := h.Store.Reconciliation(t.Context(), "an account")
	if err != nil || !found.Restored() || found.Passed || found.FillsThrough.IsZero() {
		t.Errorf("before the first look the gate must be shut: %+v, %v", found, err)
	}
	before := x.orders(t)
	h.cycle(t, x, false) // the bar that was decided on before
	if after := x.orders(t); len(after) != len(before) {
		t.Errorf("%d orders at the broker, %d before: a bar was decided twice", len(after), len(before))
	}
	if found, err = h.Store.Reconciliation(t.Context(), "an account"); err != nil || !found.Passed {
		t.Errorf("journal and broker: %+v, %v", found, err)
	}
	journal := h.journal(t)
	for id, order := range lost {
		known, there := journal[id]
		if !there && order.BrokerOrderID != "" {
			t.Errorf("%s %s %s is lost", order.Intent.Purpose, order.Intent.Symbol, order.State)
		}
		if there && known.Intent.Purpose != order.Intent.Purpose {
			t.Errorf("%s: was for %s, and is for %s", order.Intent.Symbol, order.Intent.Purpose, known.Intent.Purpose)
		}
	}
	x.pass(t, 5*time.Minute)
	h.cycle(t, x, true)
	x.pass(t, time.Minute)
	h.cycle(t, x, false)
	h.isSound(t, x)
}

// isSound checks that every order at the broker belongs to one intent and none has two, that the
// broker holds what is expected, that nothing is open to doubt, and that the audit chain is whole.
func (h *house) isSound(t *testing.T, x *exchange) {
	t.Helper()
	journal := h.journal(t)
	for id, orders := range x.orders(t) {
		order, known := journal[id]
		if len(orders) != 1 || !known || order.BrokerOrderID != orders[0].ID || order.State.Unresolved() || !order.FilledQty.Equal(orders[0].FilledQty) {
			t.Errorf("%s: %d at the broker (%s), in the journal %+v", id, len(orders), orders[0].Status, order)
		}
	}
	expected, err := h.Store.Expected(t.Context(), "an account")
	check(t, err)
	positions, err := x.client(t).Positions(t.Context())
	check(t, err)
	for _, position := range positions {
		if !position.Qty.Equal(expected[position.Symbol]) {
			t.Errorf("%s: %s at the broker, %s expected", position.Symbol, position.Qty, expected[position.Symbol])
		}
		delete(expected, position.Symbol)
	}
	if foreign, err := h.Store.Foreign(t.Context(), "an account"); err != nil || len(expected)+len(foreign) > 0 {
		t.Errorf("expected besides: %v, taken for somebody else's: %v, %v", expected, foreign, err)
	}
	links, err := h.Store.AuditLinks(t.Context(), 0, 10000)
	check(t, err)
	if broken, problem := audit.Verify(h.Keyring.Derive(secret.AuditLabel), links); broken != 0 {
		t.Errorf("audit entry %d: %s", broken, problem)
	}
	if n := count(t, h.Store, "SELECT COUNT(*) FROM sessions"); n != 0 {
		t.Errorf("%d sessions", n)
	}
	if step, now := count(t, h.Store, "SELECT last_step FROM totp_secrets"), time.Now().Unix()/30; step < now-100 || step > now {
		t.Errorf("codes count from step %d, and now is %d", step, now)
	}
}
