package alpaca

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
)

// longestEvent bounds one line of the stream.
const longestEvent = 1 << 20

// stream follows GET /v2/events/trades until it ends, for whatever reason; up tells whether it
// was connected. The SDK's own reader is not used: it never resumes by id, has no watchdog, and
// returns silently when the server closes (RULES 12).
func (w *watch) stream(ctx context.Context) (up bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watchdog := time.AfterFunc(w.options.Quiet, cancel)
	defer watchdog.Stop()
	response, err := w.openStream(ctx)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	w.poll(ctx) // what happened while nobody listened, when there is no id to resume from
	w.options.Connected(true)
	defer w.options.Connected(false)
	lines := bufio.NewScanner(awake{response.Body, func() { watchdog.Reset(w.options.Quiet) }})
	lines.Buffer(nil, longestEvent)
	for lines.Scan() {
		content, isData := bytes.CutPrefix(lines.Bytes(), []byte("data:"))
		if !isData {
			continue
		}
		var update sdk.TradeUpdate
		if err := json.Unmarshal(content, &update); err != nil {
			return true, fmt.Errorf("read order event: %w", err)
		}
		w.tell(OrderEvent{ID: update.EventID, Kind: update.Event, At: update.At.UTC(), Order: order(update.Order)})
	}
	return true, lines.Err()
}

// openStream sends the request; anything but success is an Error.
func (w *watch) openStream(ctx context.Context) (*http.Response, error) {
	if err := w.shared.budget.wait(ctx, useRead); err != nil {
		return nil, err
	}
	address := w.config.TradingURL + "/v2/events/trades"
	if w.cursor != "" {
		address += "?" + url.Values{"since_id": {w.cursor}}.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for order events: %w", err)
	}
	w.sign(request.Header)
	request.Header.Set("Accept", "text/event-stream")
	response, err := httpClient(w.config.Transport).Do(request)
	if err != nil {
		return nil, &Error{cause: err}
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusTooManyRequests {
		w.shared.budget.refused(response)
	}
	seen := exchange{status: response.StatusCode, requestID: response.Header.Get("X-Request-ID")}
	body, _ := io.ReadAll(io.LimitReader(response.Body, longestEvent))
	answer := &sdk.APIError{StatusCode: response.StatusCode, Body: string(body)}
	_ = json.Unmarshal(body, answer) // a page of a proxy leaves it as it is
	return nil, readError(ctx, seen, answer)
}

// awake tells of everything that is read.
type awake struct {
	from io.Reader
	tell func()
}

func (a awake) Read(into []byte) (int, error) {
	n, err := a.from.Read(into)
	if n > 0 {
		a.tell()
	}
	return n, err
}
