// Package alpaca is a client for one brokerage account at Alpaca, over the official Go SDK.
//
// The SDK's calls take no context, fall back to APCA_* environment variables for every empty
// field, and resend a consumed body when a POST is answered by 429. So every call here makes its
// own SDK client, with every field set, its retries off, and a transport that carries the call's
// context, remembers the answer's status and request id, and never follows a redirect.
package alpaca

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"

	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// callTimeout bounds one request; a caller's shorter deadline wins.
const callTimeout = 10 * time.Second

// noRetry switches the SDK's own retrying off (0 would mean its default).
const noRetry = -1

// Config is one account's credentials and the operator's addresses. All fields are required but
// Transport, Feed, Accounts, Data and Clock.
type Config struct {
	KeyID      secret.Text
	SecretKey  secret.Text
	TradingURL string            // https://paper-api.alpaca.markets, without /v2
	DataURL    string            // https://data.alpaca.markets
	Feed       string            // market data feed: iex (every plan), sip (paid plans)
	Transport  http.RoundTripper // nil: http.DefaultTransport
	Accounts   *Accounts         // shared by all clients of the process; nil: this client stands alone
	Data       *Client           // asks for all market data instead of this one; nil: it asks itself
	Clock      clock.Clock       // nil: the system's
}

// Client speaks to one brokerage account. It is safe for concurrent use.
type Client struct {
	config Config
	shared *shared
}

// New returns a client. It does no I/O; the first call shows whether the keys are good.
func New(config Config) (*Client, error) {
	for name, value := range map[string]string{
		"key id": config.KeyID.Reveal(), "secret key": config.SecretKey.Reveal(),
		"trading address": config.TradingURL, "data address": config.DataURL,
	} {
		if strings.TrimSpace(value) == "" {
			return nil, fmt.Errorf("alpaca client: the %s is empty", name)
		}
	}
	if config.Transport == nil {
		config.Transport = http.DefaultTransport
	}
	if config.Clock == nil {
		config.Clock = clock.System()
	}
	if config.Accounts == nil {
		config.Accounts = NewAccounts(config.Clock)
	}
	config.TradingURL = strings.TrimRight(config.TradingURL, "/")
	config.DataURL = strings.TrimRight(config.DataURL, "/")
	return &Client{config: config, shared: config.Accounts.of(config.TradingURL, config.KeyID.Reveal())}, nil
}

// trading runs one SDK call against the trading API and returns what was learnt of the answer.
func (c *Client) trading(ctx context.Context, of use, call func(*sdk.Client) error) (exchange, error) {
	return c.asking(ctx, of, "", call)
}

// asking is trading with something added to the query of the request.
func (c *Client) asking(ctx context.Context, of use, query string, call func(*sdk.Client) error) (exchange, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	transport := &callTransport{ctx: ctx, client: c, use: of, query: query}
	err := call(sdk.NewClient(sdk.ClientOpts{
		APIKey: c.config.KeyID.Reveal(), APISecret: c.config.SecretKey.Reveal(),
		BaseURL: c.config.TradingURL, RetryLimit: noRetry, RetryDelay: time.Millisecond,
		HTTPClient: httpClient(transport),
	}))
	return transport.seen, err
}

// data runs one SDK call against the market data API, with the keys and the budget of the data
// account where there is one.
func (c *Client) data(ctx context.Context, call func(*marketdata.Client) error) error {
	if c.config.Data != nil {
		return c.config.Data.data(ctx, call)
	}
	ctx, cancel := context.WithTimeout(ctx, dataTimeout)
	defer cancel()
	transport := &callTransport{ctx: ctx, client: c, use: useData}
	err := call(marketdata.NewClient(marketdata.ClientOpts{
		APIKey: c.config.KeyID.Reveal(), APISecret: c.config.SecretKey.Reveal(),
		BaseURL: c.config.DataURL, RetryLimit: noRetry, RetryDelay: time.Millisecond,
		Feed: c.config.Feed, HTTPClient: httpClient(transport),
	}))
	return readError(ctx, transport.seen, err)
}

// read runs one trading call that changes nothing.
func (c *Client) read(ctx context.Context, call func(*sdk.Client) error) error {
	seen, err := c.trading(ctx, useRead, call)
	return tradingError(ctx, seen, err)
}

// sign puts this account's keys on a request, and takes off what the SDK has found elsewhere: it
// prefers a token in the environment to the keys that it is given.
func (c *Client) sign(header http.Header) {
	header.Del("Authorization")
	header.Set("APCA-API-KEY-ID", c.config.KeyID.Reveal())
	header.Set("APCA-API-SECRET-KEY", c.config.SecretKey.Reveal())
}

func httpClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
