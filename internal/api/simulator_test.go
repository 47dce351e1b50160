package api_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// simulated opens accounts at a simulator with the keys that were sealed, and reads signals there.
type simulated struct {
	keys app.KeySafe
	url  string
	feed *market.Feed
}

func (s *simulated) Open(ctx context.Context, account trade.BrokerageAccount) (app.Brokerage, error) {
	key, secretKey, err := s.keys.Open(ctx, account)
	if err != nil {
		return nil, err
	}
	return alpaca.New(alpaca.Config{KeyID: key, SecretKey: secretKey, TradingURL: s.url, DataURL: s.url})
}

func (s *simulated) Signals(ctx context.Context, account trade.BrokerageAccount, settings trade.Settings, symbols []string) ([]trade.Signal, map[string]float64, error) {
	brokerage, err := s.Open(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	clock, err := brokerage.Clock(ctx)
	if err != nil {
		return nil, nil, err
	}
	signals, err := desk.Scan(ctx, s.feed, brokerage, "sim", settings, symbols, clock.Timestamp)
	if err != nil {
		return nil, nil, err
	}
	prices, err := brokerage.LatestPrices(ctx, symbols)
	return signals, prices, err
}

// TestTheDashboardOnTheSimulator goes the whole way: page, use case, sealed keys, official SDK,
// simulated exchange over HTTP.
func TestTheDashboardOnTheSimulator(t *testing.T) {
	t.Parallel()
	exchange, err := sim.New(sim.Config{Market: sim.NewSynthetic(7), Now: at("2026-03-02T15:00:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	broker := httptest.NewServer(spectest.Checked(t, exchange.Handler()))
	t.Cleanup(broker.Close)
	real := &simulated{url: broker.URL}
	b := setup(t, live, func(c *app.Config, _ *api.Config) {
		real.keys, real.feed = app.KeySafe{Keyring: c.Keyring, Users: c.Store}, market.NewFeed(c.Store.(market.BarStore))
		c.Brokerages, c.Signals = real, real
	})
	v := b.user("ann")
	v.call("POST", "/api/accounts", map[string]any{"name": "sim", "api_key": "PKSIMULATED", "secret_key": "shh"}).
		want(201).json(`{"success":true,"message":"Account added.","name":"sim","verified":true}`)
	if said := v.call("POST", "/api/accounts", map[string]any{"name": "wrong", "api_key": "PKSIMULATED", "secret_key": "other"}).problem(502); !strings.Contains(said, "refused these keys") {
		t.Errorf("wrong keys: %s", said)
	}
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "QQQQQ"}).problem(404)
	if got := v.call("GET", "/api/account", nil).want(200).text; !strings.Contains(got, `"equity":100000,`) || !strings.Contains(got, `"market_open":true`) {
		t.Errorf("account: %s", got)
	}
	for _, path := range []string{"/api/positions", "/api/orders"} {
		v.call("GET", path, nil).want(200).json(`[]`)
	}
	for _, period := range []string{"1D", "1W", "1M", "3M", "6M", "1A"} {
		v.call("GET", "/api/portfolio-history?period="+period, nil).want(200)
	}
	v.call("PUT", "/api/settings", `{"timeframe":"1Day","sma":{"short_period":20,"long_period":50}}`).want(200)
	var signals []struct {
		Symbol  string
		Price   float64
		BarTime *string `json:"bar_time"`
		Votes   []struct{ Indicator, Problem string }
	}
	v.call("GET", "/api/signals", nil).want(200).decode(&signals)
	if len(signals) != 1 || signals[0].Price <= 0 || signals[0].BarTime == nil || *signals[0].BarTime != "2026-02-27T05:00:00Z" || len(signals[0].Votes) != 4 {
		t.Fatalf("signals: %+v", signals)
	}
	for _, vote := range signals[0].Votes {
		if vote.Problem != "" {
			t.Errorf("%s could not vote: %s", vote.Indicator, vote.Problem)
		}
	}
	page := v.listen()
	page.next("status", `"market_time":"2026-03-02T15:00:00`)
	page.next("account", `"equity":100000`)
	page.next("signals", `"symbol":"AAPL"`)
	if err := exchange.Advance(at("2026-03-02T22:00:00Z")); err != nil {
		t.Fatal(err)
	}
	page.next("status", `"market_open":false`)
	broker.Close()
	page.next("problem", "could not be reached")
}

// TestKeysAreSealedToTheirPlace: nothing opens in another row, mode or user.
func TestKeysAreSealedToTheirPlace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.withAccount("ann")
	b.withAccount("bob")
	ctx := t.Context()
	account, err := b.store.ActiveAccount(ctx, b.id("ann"))
	if err != nil {
		t.Fatal(err)
	}
	keys := app.KeySafe{Keyring: b.keyring, Users: b.store}
	key, secretKey, err := keys.Open(ctx, account)
	if err != nil || key.Reveal() != "PKTESTKEY123" || secretKey.Reveal() != "shh" {
		t.Fatalf("open: %q %q %v", key.Reveal(), secretKey.Reveal(), err)
	}
	for name, move := range map[string]func(*trade.BrokerageAccount){
		"another row": func(a *trade.BrokerageAccount) { a.ID = "elsewhere" },
		"live":        func(a *trade.BrokerageAccount) { a.Paper = false },
		"demo":        func(a *trade.BrokerageAccount) { a.Demo = true },
		"a neighbour": func(a *trade.BrokerageAccount) { a.UserID = b.id("bob") },
		"swapped":     func(a *trade.BrokerageAccount) { a.SealedKey, a.SealedSecret = a.SealedSecret, a.SealedKey },
	} {
		moved := account
		move(&moved)
		if _, _, err := keys.Open(ctx, moved); err == nil {
			t.Errorf("%s: the keys open", name)
		}
	}
	var none secret.Text
	if key, _, err := keys.Open(ctx, trade.BrokerageAccount{UserID: "nobody"}); err == nil || key != none {
		t.Error("keys of a user that does not exist open")
	}
}
