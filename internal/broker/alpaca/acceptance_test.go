package alpaca_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/brokertest"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// The client passes the suite over HTTP against the simulator.
func TestClientIsABroker(t *testing.T) {
	t.Parallel()
	brokertest.Run(t, func(t *testing.T) brokertest.Fixture {
		simulator, err := sim.New(sim.Config{
			Market: sim.NewSynthetic(11), Now: time.Date(2026, time.November, 20, 15, 30, 2, 0, time.UTC),
		})
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(simulator.Handler())
		t.Cleanup(server.Close)
		dial := func(secretKey string) *alpaca.Client {
			client, err := alpaca.New(alpaca.Config{
				KeyID: secret.NewText("key"), SecretKey: secret.NewText(secretKey),
				TradingURL: server.URL, DataURL: server.URL, Feed: "iex",
			})
			if err != nil {
				t.Fatal(err)
			}
			return client
		}
		return brokertest.Fixture{
			Broker: dial("secret"), Stranger: dial("wrong"),
			Deposit: decimal.NewFromInt(100_000), AdvanceTo: simulator.Advance,
		}
	})
}
