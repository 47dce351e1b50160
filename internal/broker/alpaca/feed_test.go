package alpaca_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// crowd is a market of many symbols, each with the prices of one of the synthetic market's, and
// with corporate actions.
type crowd struct {
	sim.Market
	assets  []wire.Asset
	base    map[string]string
	actions []sim.Action
}

func newCrowd(symbols int, actions ...sim.Action) (*crowd, []string) {
	synthetic := sim.NewSynthetic(11)
	const few = 10 // whose days the synthetic market remembers
	c := &crowd{Market: synthetic, base: map[string]string{}, actions: actions}
	names := make([]string, symbols)
	for i := range names {
		asset := synthetic.Assets()[i%few]
		names[i] = fmt.Sprintf("%c%c%c", 'A'+i/100, 'A'+i/10%10, 'A'+i%10)
		c.base[names[i]] = asset.Symbol
		asset.Symbol, asset.ID = names[i], uuid.NewSHA1(uuid.Nil, []byte(names[i])).String()
		c.assets = append(c.assets, asset)
	}
	return c, names
}

func (c *crowd) Assets() []wire.Asset { return c.assets }

func (c *crowd) Span(symbol string) (first, last time.Time) { return c.Market.Span(c.base[symbol]) }

func (c *crowd) AppendMinutes(bars []trade.Bar, symbol string, day, now time.Time) []trade.Bar {
	return c.Market.AppendMinutes(bars, c.base[symbol], day, now)
}

func (c *crowd) Daily(symbol string, day, now time.Time) (trade.Bar, bool) {
	return c.Market.Daily(c.base[symbol], day, now)
}

func (c *crowd) FirstPrint(symbol string, from, to time.Time) (sim.Print, bool) {
	return c.Market.FirstPrint(c.base[symbol], from, to)
}

func (c *crowd) LastPrint(symbol string, at time.Time) (sim.Print, bool) {
	return c.Market.LastPrint(c.base[symbol], at)
}

// Actions lists the symbol's corporate actions.
func (c *crowd) Actions(symbol string) []sim.Action {
	var found []sim.Action
	for _, action := range c.actions {
		if symbol == "" || action.Symbol == symbol {
			found = append(found, action)
		}
	}
	return found
}

// meter is a way to the broker that notes when each request was sent, and what for.
type meter struct {
	next http.RoundTripper
	mu   sync.Mutex
	sent []dispatch
}

type dispatch struct {
	at   time.Time
	data bool
	url  string
}

func (m *meter) RoundTrip(request *http.Request) (*http.Response, error) {
	m.mu.Lock()
	m.sent = append(m.sent, dispatch{time.Now(), strings.HasPrefix(request.URL.Path, "/v2/stocks/"), request.URL.String()})
	m.mu.Unlock()
	return m.next.RoundTrip(request)
}

// since returns what was sent after the first n requests.
func (m *meter) since(n int) []dispatch {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]dispatch{}, m.sent[n:]...)
}

// busiest is the largest number of requests in any minute.
func busiest(sent []dispatch) int {
	most, first := 0, 0
	for i, d := range sent {
		for d.at.Sub(sent[first].at) >= time.Minute {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// openCrowd is a simulated market in the middle of a session, with a metered client.
func openCrowd(t *testing.T, c *crowd, now time.Time) (*exchange, *meter) {
	t.Helper()
	simulator, err := sim.New(sim.Config{Market: c, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	transport := serve(t, spectest.Checked(t, simulator.Handler()))
	t.Cleanup(func() { _ = simulator.Stop() })
	m := &meter{next: transport}
	return &exchange{simulator, &http.Client{Transport: transport}, clientThrough(t, m), now}, m
}

// One account that follows 200 symbols on one-minute bars for an hour sends at most 200 requests in
// any minute, those of its cycles, its orders and its watch counted, and few for bars: a first
// round of history, then one or two a minute.
func TestMarketDataOf200SymbolsStaysInTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, symbols := newCrowd(200)
		e, m := openCrowd(t, c, time.Date(2026, time.November, 20, 15, 30, 0, 0, time.UTC))
		feed := market.NewFeed(nil)
		ctx, cancel := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() { _ = e.client.WatchOrders(ctx, alpaca.WatchOptions{}, func(trade.OrderReport) {}) })
		defer watching.Wait()
		defer cancel()
		const minutes, need = 60, 120
		afterFirst := 0
		for minute := range minutes {
			bars, err := feed.Closed(ctx, e.client, "test", symbols, trade.Minute, need, e.now)
			if err != nil || len(bars) != len(symbols) {
				t.Fatalf("minute %d: bars of %d symbols, %v", minute, len(bars), err)
			}
			for symbol, run := range bars {
				if len(run) != need || !run[need-1].End.Equal(e.now) {
					t.Fatalf("minute %d: %s has %d bars until %s", minute, symbol, len(run), run[len(run)-1].End)
				}
			}
			e.cycle(t, symbols, minute)
			if minute == 0 {
				afterFirst = len(m.since(0))
			}
			<-time.After(time.Minute)
			e.advance(t, time.Minute)
		}
		if most := busiest(m.since(0)); most > alpaca.RequestsPerMinute {
			t.Errorf("%d requests in a minute", most)
		}
		data := 0
		for _, d := range m.since(afterFirst) {
			if d.data {
				data++
			}
		}
		if data > minutes+10 {
			t.Errorf("%d requests for bars after the first round in %d minutes", data, minutes-1)
		}
		t.Logf("first minute %d requests, then %d for bars in %d minutes; the busiest minute had %d", afterFirst, data, minutes-1, busiest(m.since(0)))
	})
}

// cycle asks what a cycle asks: all symbols have a signal, and some orders are sent.
func (e *exchange) cycle(t *testing.T, symbols []string, number int) {
	t.Helper()
	ctx := t.Context()
	_, errClock := e.client.Clock(ctx)
	_, errAccount := e.client.Account(ctx)
	_, errPositions := e.client.Positions(ctx)
	_, errOrders := e.client.OpenOrders(ctx)
	_, errFills := e.client.Fills(ctx, e.now.Add(-time.Hour))
	for _, err := range []error{errClock, errAccount, errPositions, errOrders, errFills} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, symbol := range symbols {
		if _, err := e.client.Asset(ctx, symbol); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 5 {
		intent := buy(fmt.Sprintf("at1-%d-%d", number, i), "1")
		intent.Symbol = symbols[(number*5+i)%len(symbols)]
		e.submitted(t, intent)
		e.order(t, intent.ClientOrderID)
	}
}

// Late, corrected and canceled trades change bars that are kept already, in memory and at rest: the
// next request brings the bars as they are now.
func TestKeptBarsFollowTradesThatAreToldLater(t *testing.T) {
	t.Parallel()
	for name, revision := range map[string]string{
		"late":      `{"kind":"late_trade","symbol":"AAPL","at":"2026-11-20T15:27:31Z","price":900}`,
		"corrected": `{"kind":"trade_correction","symbol":"AAPL","at":"2026-11-20T15:29:55Z","price":900}`,
		"canceled":  `{"kind":"trade_cancel","symbol":"AAPL","at":"2026-11-20T15:29:55Z"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atExchange(t, func(t *testing.T, e *exchange) {
				closed := func(feed *market.Feed) []trade.Bar {
					bars, err := feed.Closed(t.Context(), e.client, "test", []string{"AAPL"}, trade.Minute, 50, e.now)
					if err != nil || len(bars["AAPL"]) != 50 {
						t.Fatal(bars, err)
					}
					return bars["AAPL"]
				}
				kept := market.NewFeed(nil)
				before := closed(kept)
				e.raise(t, revision)
				e.advance(t, time.Minute)
				after := closed(kept)
				if slices.Equal(after[46:49], before[47:]) {
					t.Errorf("the bars are still %+v", after[46:49])
				}
				if fresh := closed(market.NewFeed(nil)); !slices.Equal(after, fresh) {
					t.Errorf("kept %+v, the broker has %+v", after[46:], fresh[46:])
				}
			})
		})
	}
}

// A split re-adjusts the bars that are kept, in a running program and at rest; a dividend leaves
// split-adjusted bars as they are, and nothing is fetched again for it.
func TestKeptBarsFollowASplitAndNotADividend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exDate := time.Date(2026, time.November, 20, 0, 0, 0, 0, market.NewYork)
		c, symbols := newCrowd(2)
		split, paying := symbols[0], symbols[1]
		c.actions = []sim.Action{
			{Symbol: split, ExDate: exDate, Kind: "split", Amount: decimal.NewFromInt(4)},
			{Symbol: paying, ExDate: exDate, Kind: "dividend", Amount: decimal.NewFromInt(2)},
		}
		e, m := openCrowd(t, c, time.Date(2026, time.November, 19, 20, 30, 0, 0, time.UTC))
		feed := market.NewFeed(nil)
		closed := func() map[string][]trade.Bar {
			bars, err := feed.Closed(t.Context(), e.client, "test", symbols, trade.Minutes5, 100, e.now)
			if err != nil || len(bars[split]) != 100 || len(bars[paying]) != 100 {
				t.Fatalf("bars %d and %d, %v", len(bars[split]), len(bars[paying]), err)
			}
			return bars
		}
		before := closed()
		sent := len(m.since(0))
		e.advance(t, 18*time.Hour+30*time.Minute) // half an hour into the ex-date's session
		after := closed()
		priceAt := func(bars []trade.Bar, start time.Time) float64 {
			for _, bar := range bars {
				if bar.Start.Equal(start) {
					return bar.Close
				}
			}
			t.Fatalf("no bar at %s", start)
			return 0
		}
		last := before[split][99]
		if got, want := priceAt(after[split], last.Start)*4, last.Close; got < want*0.999 || got > want*1.001 {
			t.Errorf("a price before the split is %v times four, want %v", got/4, want)
		}
		last = before[paying][99]
		if got := priceAt(after[paying], last.Start); got != last.Close {
			t.Errorf("a price before the dividend is %v, want %v as before", got, last.Close)
		}
		for _, d := range m.since(sent) {
			if d.data && strings.Contains(d.url, paying) && !strings.Contains(d.url, split) && !strings.Contains(d.url, "start=2026-11-19T20") {
				t.Errorf("fetched again because of a dividend: %s", d.url)
			}
		}
	})
}
