package alpaca_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// dial returns a client of a server that answers with the handler.
func dial(t *testing.T, handler http.HandlerFunc) *alpaca.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientOf(t, server.URL)
}

func clientOf(t *testing.T, address string) *alpaca.Client {
	t.Helper()
	return newClient(t, alpaca.Config{TradingURL: address, DataURL: address})
}

// clientThrough returns a client of the network's server.
func clientThrough(t *testing.T, transport http.RoundTripper) *alpaca.Client {
	t.Helper()
	return newClient(t, alpaca.Config{TradingURL: address, DataURL: address, Transport: transport})
}

// newClient returns a client with keys that a test does not care about.
func newClient(t *testing.T, config alpaca.Config) *alpaca.Client {
	t.Helper()
	config.KeyID, config.SecretKey, config.Feed = secret.NewText("PKTEST"), secret.NewText("hush"), "iex"
	client, err := alpaca.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

var intent = trade.Intent{
	ClientOrderID: "at1-test", Symbol: "AAPL", Side: trade.SideBuy, Type: trade.MarketOrder,
	TimeInForce: trade.TIFDay, Notional: decimal.NewNullDecimal(decimal.RequireFromString("1000.50")),
}

// The table of docs/ARCHITECTURE.md, "How one order travels": what each answer means.
func TestSubmitSaysWhatBecameOfTheOrder(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"duplicate id":            {answer(422, `{"code":40010001,"message":"client_order_id must be unique"}`), trade.ErrOrderExists},
		"duplicate id, old words": {answer(422, `{"code":40010001,"message":"client order id must be unique"}`), trade.ErrOrderExists},
		"other validation":        {answer(422, `{"code":40010001,"message":"qty must be > 0"}`), trade.ErrOrderRejected},
		"too long id":             {answer(422, `{"code":40010001,"message":"client_order_id must be no more than 128 characters"}`), trade.ErrOrderRejected},
		"buying power":            {answer(403, `{"code":40310000,"message":"insufficient buying power"}`), trade.ErrOrderRejected},
		"html 401":                {answer(401, `<html>401</html>`), trade.ErrOrderRejected},
		"rate limit":              {answer(429, `{"code":42910000,"message":"rate limit exceeded"}`), trade.ErrNotAccepted},
		"server error":            {answer(500, `{"code":50010000,"message":"internal server error occurred"}`), trade.ErrUnknownOutcome},
		"gateway time-out":        {answer(504, `{"code":50410000,"message":"request timed out"}`), trade.ErrUnknownOutcome},
		"malformed answer":        {answer(200, `{"id":`), trade.ErrUnknownOutcome},
		"empty object":            {answer(200, `{}`), trade.ErrUnknownOutcome},
		"another order":           {answer(200, `{"id":"x","client_order_id":"other"}`), trade.ErrUnknownOutcome},
		"redirect":                {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, trade.ErrUnknownOutcome},
		"dropped": {func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = connection.Close()
			}
		}, trade.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			client := dial(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				c.handler(w, r)
			})
			_, err := client.Submit(t.Context(), intent)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if calls.Load() != 1 {
				t.Errorf("sent %d times, want once", calls.Load())
			}
		})
	}
}

func TestSubmitWithoutAConnectionWasNotTaken(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(answer(200, `{}`))
	address := server.URL
	server.Close()
	if _, err := clientOf(t, address).Submit(t.Context(), intent); !errors.Is(err, trade.ErrNotAccepted) {
		t.Errorf("got %v, want ErrNotAccepted: nothing left this machine", err)
	}
}

func TestSubmitStopsWithItsContext(t *testing.T) {
	t.Parallel()
	arrived, leave := make(chan struct{}), make(chan struct{})
	client := dial(t, func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-leave
	})
	defer close(leave)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := client.Submit(ctx, intent); !errors.Is(err, trade.ErrUnknownOutcome) {
		t.Errorf("got %v, want ErrUnknownOutcome: the order may have arrived", err)
	}
}

func TestSubmitSendsExactlyTheIntent(t *testing.T) {
	t.Parallel()
	var sent map[string]any
	client := dial(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("APCA-API-KEY-ID") != "PKTEST" || r.Header.Get("APCA-API-SECRET-KEY") != "hush" {
			t.Error("the keys were not sent")
		}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `{"id":"b1","client_order_id":"at1-test","symbol":"AAPL","side":"buy","type":"market",
			"time_in_force":"day","notional":"1000.5","qty":null,"filled_qty":"0","status":"accepted",
			"created_at":"2026-11-23T15:00:00Z","submitted_at":"2026-11-23T15:00:00.123Z"}`)
	})
	placed, err := client.Submit(t.Context(), intent)
	if err != nil {
		t.Fatal(err)
	}
	if !intent.Matches(placed) || placed.Status != "accepted" || !placed.Open() {
		t.Errorf("answer read as %+v", placed)
	}
	if sent["notional"] != "1000.5" || sent["qty"] != nil || sent["symbol"] != "AAPL" || sent["client_order_id"] != "at1-test" || sent["time_in_force"] != "day" {
		t.Errorf("sent %v", sent)
	}
}

func TestReadsSayWhoIsToBlame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    fault.Kind
		says    string
	}{
		"wrong keys":      {answer(401, `{"message":"unauthorized."}`), fault.BrokerRefused, "keys"},
		"wrong keys html": {answer(401, `<html>nginx</html>`), fault.BrokerRefused, "keys"},
		"forbidden":       {answer(403, `{"message":"forbidden."}`), fault.BrokerRefused, "keys"},
		"rate limit":      {answer(429, `{"code":42910000,"message":"rate limit exceeded"}`), fault.BrokerDown, "minute"},
		"server error":    {answer(500, `oops`), fault.BrokerDown, "HTTP 500"},
		"malformed":       {answer(200, `{"equity":"1`), fault.BrokerDown, "HTTP 200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dial(t, c.handler).Account(t.Context())
			if fault.KindOf(err) != c.want || !strings.Contains(fault.Public(err), c.says) {
				t.Errorf("got kind %d %q", fault.KindOf(err), fault.Public(err))
			}
			if strings.Contains(err.Error(), "hush") {
				t.Error("the secret key is in the error")
			}
		})
	}
}

func TestReadsAreAskedAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	client := dial(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, `{"id":"a","equity":"12.34","cash":"1","status":"ACTIVE"}`)
	})
	account, err := client.Account(t.Context())
	if err != nil || account.Equity.String() != "12.34" {
		t.Errorf("got %v, %v after %d calls", account.Equity, err, calls.Load())
	}
}

func TestAnUnknownClientOrderIDIsNotFound(t *testing.T) {
	t.Parallel()
	client := dial(t, answer(404, `{"code":40410000,"message":"order not found"}`))
	if _, err := client.OrderByClientID(t.Context(), "at1-x"); !errors.Is(err, trade.ErrOrderNotFound) {
		t.Errorf("got %v", err)
	}
}

// A market data answer may leave symbols out and hold null arrays (RULES 7).
func TestBarsLeaveOutSymbolsWithoutData(t *testing.T) {
	t.Parallel()
	client := dial(t, func(w http.ResponseWriter, r *http.Request) {
		if query := r.URL.Query(); query.Get("adjustment") != "split" || query.Get("feed") != "iex" || query.Get("timeframe") != "1Day" {
			t.Errorf("asked for %v", query)
		}
		_, _ = io.WriteString(w, `{"bars":{"AAPL":[{"t":"2020-06-01T04:00:00Z","o":1,"h":2,"l":0.5,"c":1.5,"v":10,"n":1,"vw":1}]},"next_page_token":null}`)
	})
	bars, err := client.Bars(t.Context(), trade.BarQuery{
		Symbols: []string{"AAPL", "NONE"}, Timeframe: trade.Day,
		Start: time.Date(2020, 5, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2020, 6, 2, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, there := bars["NONE"]; there || len(bars["AAPL"]) != 1 {
		t.Fatalf("got %v", bars)
	}
	if want := time.Date(2020, 6, 1, 20, 0, 0, 0, time.UTC); !bars["AAPL"][0].End.Equal(want) {
		t.Errorf("the daily bar closes at %s, want the session's close %s", bars["AAPL"][0].End, want)
	}
}

func TestEmptyCredentialsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := alpaca.New(alpaca.Config{KeyID: secret.NewText("k"), TradingURL: "http://127.0.0.1", DataURL: "http://127.0.0.1"})
	if err == nil {
		t.Error("an empty secret key would fall back to environment variables; it must be refused")
	}
}

// No variable of the environment ever takes the place of an account's keys or addresses: the SDK
// would prefer a token that it finds there to the keys that it is given.
func TestTheEnvironmentHasNoSay(t *testing.T) {
	for _, name := range []string{"APCA_API_KEY_ID", "APCA_API_SECRET_KEY", "APCA_API_OAUTH", "APCA_API_BASE_URL", "APCA_API_DATA_URL"} {
		t.Setenv(name, "https://elsewhere.test")
	}
	var asked atomic.Int32
	client := dial(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if h := r.Header; h.Get("Authorization") != "" || h.Get("APCA-API-KEY-ID") != "PKTEST" || h.Get("APCA-API-SECRET-KEY") != "hush" {
			t.Errorf("%s went with %v", r.URL.Path, h)
		}
		_, _ = io.WriteString(w, `{"id":"1","bars":{}}`)
	})
	_, errTrading := client.Account(t.Context())
	_, errData := client.LatestPrices(t.Context(), []string{"AAPL"})
	if errTrading != nil || errData != nil || asked.Load() != 2 {
		t.Errorf("%d requests, %v, %v", asked.Load(), errTrading, errData)
	}
}

// Two users' clients in one process keep their keys, budgets and errors apart; an error says what
// kind it is, Alpaca's code and words, and the request's id.
func TestClientsOfTwoUsers(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-ID", "id-of-"+r.Header.Get("APCA-API-KEY-ID"))
		if r.Header.Get("APCA-API-SECRET-KEY") != "good" {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":40310000,"message":"account is blocked"}`)
			return
		}
		_, _ = io.WriteString(w, `{"id":"1","equity":"5"}`)
	}))
	t.Cleanup(server.Close)
	accounts := alpaca.NewAccountsOf(clock.System(), 2, time.Hour)
	of := func(key, secretKey string) *alpaca.Client {
		client, err := alpaca.New(alpaca.Config{
			KeyID: secret.NewText(key), SecretKey: secret.NewText(secretKey),
			TradingURL: server.URL, DataURL: server.URL, Feed: "iex", Accounts: accounts,
		})
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	ada, bob := of("ADA", "good"), of("BOB", "bad")
	for range 2 {
		if _, err := ada.Account(t.Context()); err != nil {
			t.Error(err)
		}
		_, err := bob.Account(t.Context())
		var said *alpaca.Error
		if !errors.As(err, &said) || said.Status != 403 || said.Code != 40310000 || said.Message != "account is blocked" || said.RequestID != "id-of-BOB" ||
			fault.KindOf(err) != fault.BrokerRefused {
			t.Errorf("got %+v of %v", said, err)
		}
	}
}
