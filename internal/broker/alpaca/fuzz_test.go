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
