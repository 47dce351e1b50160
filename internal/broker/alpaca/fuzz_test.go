package alpaca_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// oneAnswer is a network whose every answer is the same.
type oneAnswer struct {
	status int
	kind   string
	body   string
}

func (o oneAnswer) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: o.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {o.kind}, "X-Request-Id": {"fuzz"}}, Body: io.NopCloser(strings.NewReader(o.body)),
	}, nil
}

// FuzzAnswers: whatever the broker or a proxy before it answers, each question ends in a value or in
// an error of a known kind, and an order in one of the known outcomes.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		"", "null", "[]", "{}", `{"code":40010001,"message":"client_order_id must be unique"}`, `<html>502</html>`, `{"id":"x","client_order_id":"at1-test","qty":"1e999","status":"filled"}`,
		`[{"symbol":"AAPL","qty":"-1","market_value":null}]`, `{"timestamp":"2026-03-02T14:30:00Z","is_open":true,"next_open":"x"}`, `{"bars":{"AAPL":[{"t":"2026-03-02T14:30:00Z","o":1,"h":2,"l":0,"c":1,"v":-1}]},"next_page_token":null}`,
		`{"equity":"NaN","cash":"","account_blocked":true}`, `{"id":"x","legs":[{"legs":[{"legs":[]}]}]}`,
	} {
		for _, status := range []int{200, 403, 422, 500} {
			f.Add(status, body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 || status == http.StatusTooManyRequests || status >= 300 && status < 400 {
			return // 429 makes the next question wait, redirects are not followed
		}
		client, err := alpaca.New(alpaca.Config{
			TradingURL: address, DataURL: address, Transport: oneAnswer{status, "application/json", body},
			KeyID: secret.NewText("PKTEST"), SecretKey: secret.NewText("hush"), Feed: "iex",
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond) // a repeated read would wait
		defer cancel()
		_, errAccount := client.Account(ctx)
		_, errPositions := client.Positions(ctx)
		_, errClock := client.Clock(ctx)
		for _, err := range []error{errAccount, errPositions, errClock} {
			var known *fault.Error
			if err != nil && !errors.As(err, &known) && ctx.Err() == nil {
				t.Errorf("an error without a kind: %v", err)
			}
		}
		if _, err := client.Submit(t.Context(), intent); err != nil && !knownOutcome(err) {
			t.Errorf("an order without an outcome: %v", err)
		}
	})
}

// questions are all that the client asks besides FuzzAnswers' own.
var questions = []func(context.Context, *alpaca.Client) error{
	func(ctx context.Context, c *alpaca.Client) error { _, err := c.Asset(ctx, "AAPL"); return err },
	func(ctx context.Context, c *alpaca.Client) error {
		_, err := c.OrderByClientID(ctx, "at1-test")
		return err
	},
	func(ctx context.Context, c *alpaca.Client) error { _, err := c.Order(ctx, "x"); return err },
	func(ctx context.Context, c *alpaca.Client) error { _, err := c.OpenOrders(ctx); return err },
	func(ctx context.Context, c *alpaca.Client) error { _, err := c.ClosedOrders(ctx, 10); return err },
	func(ctx context.Context, c *alpaca.Client) error {
		_, err := c.Changes(ctx, time.Unix(0, 0))
		return err
	},
	func(ctx context.Context, c *alpaca.Client) error { _, err := c.Fills(ctx, time.Unix(0, 0)); return err },
	func(ctx context.Context, c *alpaca.Client) error { return c.Cancel(ctx, "x") },
	func(ctx context.Context, c *alpaca.Client) error {
		_, err := c.Quotes(ctx, []string{"AAPL"})
		return err
	},
	func(ctx context.Context, c *alpaca.Client) error {
		_, err := c.LatestPrices(ctx, []string{"AAPL"})
		return err
	},
	func(ctx context.Context, c *alpaca.Client) error {
		_, err := c.PortfolioHistory(ctx, "1M", "1D")
		return err
	},
	func(ctx context.Context, c *alpaca.Client) error {
		_, err := c.Bars(ctx, trade.BarQuery{Symbols: []string{"AAPL"}, Timeframe: "1Day", Start: time.Unix(0, 0), End: time.Unix(1e9, 0)})
		return err
	},
	func(ctx context.Context, c *alpaca.Client) error {
		if sessions, _ := c.Sessions(ctx, time.Unix(1e9, 0), time.Unix(1e9, 0).AddDate(0, 0, 7)); len(sessions) == 0 {
			return errors.New("a week without sessions")
		}
		return nil
	},
}

// FuzzQuestions: the answers to all other questions, too, give a value or an error of a known kind.
func FuzzQuestions(f *testing.F) {
	for i := range questions {
		for _, body := range []string{
			"", "null", "[]", "{}", `{"id":"x","symbol":"AAPL","legs":[null],"qty":"-1"}`, `[{"id":"x","updated_at":"0001-01-01T00:00:00Z","qty":"x"}]`, `[null]`,
			`{"bars":{"AAPL":[{"t":"2026-03-02T14:30:00Z","o":1e308,"c":-1}]},"quotes":{"AAPL":{"bp":-1,"ap":0}},"trades":{"AAPL":null}}`,
			`{"timestamp":[1],"equity":[],"profit_loss":[null],"base_value":"x"}`, `[{"date":"2001-09-10","open":"09:30","close":"25:00"}]`, `[{"id":"1::2","activity_type":"FILL","price":"","qty":null}]`,
		} {
			f.Add(uint8(i), 200, body)
		}
		f.Add(uint8(i), 404, `{"code":40410000,"message":""}`)
	}
	f.Fuzz(func(t *testing.T, which uint8, status int, body string) {
		if status < 200 || status > 499 || status == http.StatusTooManyRequests || status >= 300 && status < 400 {
			return // what is asked again later is FuzzAnswers' matter
		}
		client, err := alpaca.New(alpaca.Config{
			TradingURL: address, DataURL: address, Transport: oneAnswer{status, "application/json", body},
			KeyID: secret.NewText("PKTEST"), SecretKey: secret.NewText("hush"), Feed: "iex",
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // pages that never end do
		defer cancel()
		var known *fault.Error
		if err := questions[int(which)%len(questions)](ctx, client); err != nil && !errors.As(err, &known) && !errors.Is(err, trade.ErrOrderNotFound) && ctx.Err() == nil {
			t.Errorf("question %d: an error without a kind: %v", which, err)
		}
	})
}

func knownOutcome(err error) bool {
	for _, outcome := range []error{trade.ErrOrderExists, trade.ErrOrderRejected, trade.ErrNotAccepted, trade.ErrUnknownOutcome} {
		if errors.Is(err, outcome) {
			return true
		}
	}
	return false
}

// eventsOnly answers the stream of order events with its text, and everything else with nothing.
type eventsOnly string

func (e eventsOnly) RoundTrip(request *http.Request) (*http.Response, error) {
	if strings.HasSuffix(request.URL.Path, "/events/trades") {
		return oneAnswer{http.StatusOK, "text/event-stream", string(e)}.RoundTrip(request)
	}
	return oneAnswer{http.StatusOK, "application/json", "[]"}.RoundTrip(request)
}

// FuzzOrderEvents: whatever comes by the stream of order events, the watch goes on until it is told
// to end, and tells no order's change twice.
func FuzzOrderEvents(f *testing.F) {
	const fill = `data: {"event_id":"01","event":"fill","at":"2026-03-02T14:30:00Z","order":{"id":"x","client_order_id":"at1-test","status":"filled","qty":"1","filled_qty":"1"}}` + "\n\n"
	for _, text := range []string{"", ": still here\n\n", "data:\n\n", "data: null\n\n", "data: {}\n\n", "data: {\"order\":null}\r\n\r\n", fill, fill + fill, "event: x\nid: 1\n" + fill + "data: {", "retry: -1\n" + strings.Repeat("a", 1<<16)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		client, err := alpaca.New(alpaca.Config{
			TradingURL: address, DataURL: address, Transport: eventsOnly(text),
			KeyID: secret.NewText("PKTEST"), SecretKey: secret.NewText("hush"), Feed: "iex",
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := context.WithCancel(t.Context())
		defer end()
		seen := map[string]bool{}
		err = client.Watch(ctx, alpaca.WatchOptions{SinceID: "00", Connected: func(up bool) {
			if !up {
				end()
			}
		}}, func(event alpaca.OrderEvent) {
			change := event.Order.ID + " " + event.Order.Status + " " + event.Order.FilledQty.String()
			if event.Order.ID != "" && seen[change] {
				t.Errorf("told twice: %s", change)
			}
			seen[change] = true
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the watch ended with %v", err)
		}
	})
}
