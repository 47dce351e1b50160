package alpaca_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// budgeted returns two clients of one account whose budget is ten requests in the window, and the
// paths that arrived.
func budgeted(t *testing.T, window time.Duration) (one, two *alpaca.Client, arrived func() []string) {
	t.Helper()
	var mu sync.Mutex
	var paths []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		paths = append(paths, r.Method+" "+r.URL.Path)
		_, _ = w.Write([]byte(`{"id":"1","client_order_id":"at1-test","status":"accepted","equity":"1","bars":{}}`))
	}))
	t.Cleanup(server.Close)
	accounts := alpaca.NewAccountsOf(clock.System(), 10, window)
	dial := func() *alpaca.Client {
		client, err := alpaca.New(alpaca.Config{
			KeyID: secret.NewText("PK"), SecretKey: secret.NewText("s"), TradingURL: server.URL, DataURL: server.URL, Feed: "iex", Accounts: accounts,
		})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	return dial(), dial(), func() []string { mu.Lock(); defer mu.Unlock(); return append([]string{}, paths...) }
}

// Data leaves a quarter of the budget to the account's questions, these a tenth to orders.
func TestBudgetKeepsRoomForOrders(t *testing.T) {
	t.Parallel()
	one, two, arrived := budgeted(t, time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
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
	late, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	if _, err := one.Submit(late, intent); !errors.Is(err, trade.ErrNotAccepted) {
		t.Errorf("an order over the budget: %v, want that it was not sent", err)
	}
	if n := len(arrived()); n != 10 {
		t.Errorf("%d requests arrived", n)
	}
}

// An order that waits goes before a request for prices that has waited longer.
func TestOrdersGoFirst(t *testing.T) {
	t.Parallel()
	one, two, arrived := budgeted(t, 400*time.Millisecond)
	for range 10 {
		if _, err := one.Submit(t.Context(), intent); err != nil {
			t.Fatal(err)
		}
	}
	var both sync.WaitGroup
	both.Go(func() {
		if _, err := two.LatestPrices(t.Context(), []string{"AAPL"}); err != nil {
			t.Error(err)
		}
	})
	both.Go(func() {
		if _, err := one.Submit(t.Context(), intent); err != nil {
			t.Error(err)
		}
	})
	both.Wait()
	if got := arrived(); len(got) != 12 || got[10] != "POST /v2/orders" {
		t.Errorf("arrived %v", got[10:])
	}
}
