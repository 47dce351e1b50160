package alpaca_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// ledger is a broker in memory that answers everything with one body and remembers what arrived.
// Nothing here touches the network, so that a synctest bubble's time is the only time.
type ledger struct {
	mu      sync.Mutex
	arrived []string
}

func (l *ledger) RoundTrip(request *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.arrived = append(l.arrived, request.Method+" "+request.URL.Path)
	const body = `{"id":"1","client_order_id":"at1-test","status":"accepted","equity":"1","bars":{}}`
	return &http.Response{
		StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Body: io.NopCloser(strings.NewReader(body)), Request: request,
	}, nil
}

func (l *ledger) requests() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.arrived...)
}

// budgeted returns two clients of one account whose budget is ten requests in the window. Call it
// in the bubble.
func budgeted(t *testing.T, window time.Duration) (one, two *alpaca.Client, broker *ledger) {
	t.Helper()
	broker = &ledger{}
	accounts := alpaca.NewAccountsOf(clock.System(), 10, window)
	dial := func() *alpaca.Client {
		client, err := alpaca.New(alpaca.Config{
			KeyID: secret.NewText("PK"), SecretKey: secret.NewText("s"),
			TradingURL: "http://broker.test", DataURL: "http://broker.test", Feed: "iex",
			Accounts: accounts, Transport: broker,
		})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	return dial(), dial(), broker
}

// Data leaves a quarter of the budget to the account's questions, these a tenth to orders.
func TestBudgetKeepsRoomForOrders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one, two, broker := budgeted(t, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		prices := 0
		for _, client := range []*alpaca.Client{one, two, one, two, one, two, one, two, one, two} {
			if _, err := client.LatestPrices(ctx, []string{"AAPL"}); err == nil {
				prices++
			}
		}
		if prices != 8 {
			t.Errorf("%d requests for prices of a budget of 10, want 8", prices)
		}
		if _, err := two.Account(t.Context()); err != nil {
			t.Errorf("the account: %v", err)
		}
		if _, err := one.Submit(t.Context(), intent); err != nil {
			t.Errorf("an order: %v", err)
		}
		late, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := one.Submit(late, intent); !errors.Is(err, trade.ErrNotAccepted) {
			t.Errorf("an order over the budget: %v, want that it was not sent", err)
		}
		if n := len(broker.requests()); n != 10 {
			t.Errorf("%d requests arrived", n)
		}
	})
}

// An order that waits goes before a request for prices that has waited longer. The budget's ten
// requests were made a second apart, so that one place after the other becomes free.
func TestOrdersGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		one, two, broker := budgeted(t, 12*time.Second)
		for range 10 {
			if _, err := one.Submit(t.Context(), intent); err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Second)
		}
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := two.LatestPrices(t.Context(), []string{"AAPL"}); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait() // the request for prices waits
		both.Go(func() {
			if _, err := one.Submit(t.Context(), intent); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if got := broker.requests(); len(got) != 12 || got[10] != "POST /v2/orders" {
			t.Errorf("arrived %v", got)
		}
	})
}
