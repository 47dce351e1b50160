package daemon

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// notebook is an OrderListener.
type notebook struct {
	missed  chan string
	reports chan trade.OrderReport
}

func (n notebook) OrderReported(_ context.Context, account trade.BrokerageAccount, report trade.OrderReport) {
	if report.Order.ClientOrderID != "at1-"+account.ID {
		report.Event = "of another account"
	}
	n.reports <- report
}

func (n notebook) OrdersMissed(_ context.Context, account trade.BrokerageAccount) {
	n.missed <- account.ID
}

// watchedMarket is a simulator in this process, and watches of accounts in it whose sealed key is
// their key.
func watchedMarket(t *testing.T, now time.Time) (*sim.Simulator, *OrderWatches, notebook, func(id string) *alpaca.Client) {
	t.Helper()
	simulator, err := sim.New(sim.Config{Market: sim.NewSynthetic(11), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	dialer, err := newDialer(config.Alpaca{PaperURL: demoAddress, LiveURL: demoAddress, DataURL: demoAddress, DataFeed: "iex"}, inProcess{spectest.Checked(t, simulator.Handler())})
	if err != nil {
		t.Fatal(err)
	}
	dial := func(key string) *alpaca.Client {
		client, err := dialer.dial("demo", secret.NewText(key), secret.NewText("secret"))
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	notes := notebook{make(chan string, 100), make(chan trade.OrderReport, 100)}
	watches := brokerages{dialer: dialer}.WatchOrders(notes, slog.New(slog.DiscardHandler))
	watches.open = func(_ context.Context, account trade.BrokerageAccount) (*alpaca.Client, error) {
		return dial(string(account.SealedKey)), nil
	}
	t.Cleanup(func() { _ = simulator.Stop() })
	t.Cleanup(watches.Close)
	return simulator, watches, notes, dial
}

func TestOrderWatchesFollowAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Date(2026, time.November, 20, 15, 30, 2, 0, time.UTC)
		simulator, watches, notes, dial := watchedMarket(t, now)
		one, two := trade.BrokerageAccount{ID: "one", SealedKey: []byte("one")}, trade.BrokerageAccount{ID: "two", SealedKey: []byte("two")}
		trades := func(id, key string) {
			_, err := dial(key).Submit(t.Context(), trade.Intent{
				ClientOrderID: "at1-" + id, Symbol: "AAPL", Side: trade.SideBuy, Type: trade.MarketOrder,
				TimeInForce: trade.TIFDay, Qty: decimal.NewNullDecimal(decimal.NewFromInt(2)),
			})
			if err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Minute)
			if err := simulator.Advance(now); err != nil {
				t.Fatal(err)
			}
		}
		watches.Follow([]trade.BrokerageAccount{one, two})
		watches.Follow([]trade.BrokerageAccount{one, two}) // nothing new
		begun := map[string]bool{<-notes.missed: true, <-notes.missed: true}
		if !begun["one"] || !begun["two"] || watches.Watching() != 2 {
			t.Fatalf("watched are %v", begun)
		}
		trades("one", "one")
		for {
			report := <-notes.reports
			if report.Event == "fill" {
				if !report.Whole || len(report.Fills) != 1 || !report.FilledQty().Equal(decimal.NewFromInt(2)) || report.Order.Open() {
					t.Errorf("report %+v", report)
				}
				break
			}
		}
		two.SealedKey = []byte("other")
		watches.Follow([]trade.BrokerageAccount{two}) // the first is left, the second begun with its new keys
		if id := <-notes.missed; id != "two" || watches.Watching() != 1 {
			t.Errorf("begun anew: %s, watched are %d", id, watches.Watching())
		}
		trades("one", "two") // by the key that is not watched any more
		trades("two", "other")
		synctest.Wait()
		if len(notes.reports) == 0 {
			t.Error("nothing was told with the new keys")
		}
		for len(notes.reports) > 0 {
			if report := <-notes.reports; report.Order.ClientOrderID != "at1-two" {
				t.Errorf("told of %s", report.Order.ClientOrderID)
			}
		}
	})
}

func TestOrderWatchesEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, watches, notes, _ := watchedMarket(t, time.Date(2026, time.November, 20, 15, 30, 2, 0, time.UTC))
		account := trade.BrokerageAccount{ID: "one", SealedKey: []byte("one")}
		watches.Follow([]trade.BrokerageAccount{account})
		<-notes.missed
		watches.Close()
		watches.Follow([]trade.BrokerageAccount{account})
		synctest.Wait()
		if len(notes.missed) > 0 {
			t.Error("a watch has begun after the end")
		}
	})
}

// Users' bars are apart unless the operator shares an account of his own.
func TestWhoseMarketDataIsShared(t *testing.T) {
	t.Parallel()
	addresses := config.Alpaca{PaperURL: "https://paper.test", LiveURL: "https://live.test", DataURL: "https://data.test", DataFeed: "iex"}
	own, err := newDialer(addresses, nil)
	if err != nil {
		t.Fatal(err)
	}
	if own.feedName("paper", "ada") == own.feedName("paper", "bob") {
		t.Error("two users' bars are shared by default")
	}
	if own.feedName("paper", "ada") != own.feedName("live", "ada") {
		t.Error("one user's two accounts do not share their bars")
	}
	addresses.DataAccountKey, addresses.DataAccountSecret = secret.NewText("PKDATA"), secret.NewText("hush")
	shared, err := newDialer(addresses, nil)
	if err != nil {
		t.Fatal(err)
	}
	if shared.feedName("paper", "ada") != shared.feedName("live", "bob") {
		t.Error("bars of the operator's account are not shared")
	}
	if shared.feedName("demo", "ada") == shared.feedName("paper", "ada") {
		t.Error("the demonstration market is mixed with the real one")
	}
}
