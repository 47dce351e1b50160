package alpaca_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/brokertest"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

func newMarket(t *testing.T) *sim.Simulator {
	t.Helper()
	simulator, err := sim.New(sim.Config{
		Market: sim.NewSynthetic(11), Now: time.Date(2026, time.November, 20, 15, 30, 2, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	return simulator
}

// ways lead to a simulator.
var ways = map[string]func(*testing.T, http.Handler) (address string, transport http.RoundTripper){
	"over HTTP": func(t *testing.T, handler http.Handler) (string, http.RoundTripper) {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		return server.URL, nil
	},
	"in process": func(t *testing.T, handler http.Handler) (string, http.RoundTripper) {
		return address, serve(t, handler)
	},
}

func keyed(t *testing.T, secretKey, address string, transport http.RoundTripper) *alpaca.Client {
	t.Helper()
	client, err := alpaca.New(alpaca.Config{
		KeyID: secret.NewText("key"), SecretKey: secret.NewText(secretKey),
		TradingURL: address, DataURL: address, Feed: "iex", Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// The client, which is the official SDK with care around it, passes the suite against the simulator.
func TestClientIsABroker(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokertest.Run(t, func(t *testing.T) brokertest.Fixture {
				simulator := newMarket(t)
				address, transport := way(t, spectest.Checked(t, simulator.Handler()))
				return brokertest.Fixture{
					Broker: keyed(t, "secret", address, transport), Stranger: keyed(t, "wrong", address, transport),
					Deposit: decimal.NewFromInt(100_000), AdvanceTo: simulator.Advance,
				}
			})
			address, transport := way(t, spectest.Checked(t, newMarket(t).Handler()))
			brokertest.RunAnywhere(t, keyed(t, "secret", address, transport), keyed(t, "wrong", address, transport))
		})
	}
}

// The same stories pass at Alpaca itself, where ALPACA_PAPER_TEST_KEY and ALPACA_PAPER_TEST_SECRET
// are the keys of a paper account (docs/simulator.md).
func TestAlpacaIsTheBroker(t *testing.T) {
	t.Parallel()
	key, secretKey := os.Getenv("ALPACA_PAPER_TEST_KEY"), os.Getenv("ALPACA_PAPER_TEST_SECRET")
	if key == "" || secretKey == "" {
		t.Skip("not run: no ALPACA_PAPER_TEST_KEY and ALPACA_PAPER_TEST_SECRET of a paper account")
	}
	dial := func(secretKey string) *alpaca.Client {
		client, err := alpaca.New(alpaca.Config{
			KeyID: secret.NewText(key), SecretKey: secret.NewText(secretKey), Feed: "iex",
			TradingURL: "https://paper-api.alpaca.markets", DataURL: "https://data.alpaca.markets",
		})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	brokertest.RunAnywhere(t, dial(secretKey), dial("wrong"))
}
