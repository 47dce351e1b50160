package daemon

import (
	"context"
	"net/http"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// dialer makes clients for brokerage accounts at the addresses that the operator configured. No
// user's input ever chooses an address.
type dialer struct {
	addresses config.Alpaca
	transport http.RoundTripper
	demo      http.RoundTripper // reaches the built-in simulator; nil without --demo
	accounts  *alpaca.Accounts  // one budget of requests for all clients of an account; nil: each its own
}

// demoAddress is never dialled: the demo transport calls the simulator in this process.
const demoAddress = "http://demonstration.invalid"

// dial returns a client for a key pair in the given mode: paper, live or demo.
func (d dialer) dial(mode string, keyID, secretKey secret.Text) (*alpaca.Client, error) {
	settings := alpaca.Config{
		KeyID: keyID, SecretKey: secretKey, Feed: d.addresses.DataFeed,
		TradingURL: d.addresses.TradingURL(mode == "paper"), DataURL: d.addresses.DataURL, Transport: d.transport,
		Accounts: d.accounts,
	}
	if mode == "demo" {
		if d.demo == nil {
			return nil, fault.New(fault.Unavailable, "This is a demonstration account, and the server runs without the demonstration market. Start it with --demo, or add an account at Alpaca.")
		}
		settings.TradingURL, settings.DataURL, settings.Transport, settings.Accounts = demoAddress, demoAddress, d.demo, nil
	}
	return alpaca.New(settings)
}

// feedName names the market that an account's bars come from, so that two never mix.
func (d dialer) feedName(mode string) string {
	if mode == "demo" {
		return "demo"
	}
	return d.addresses.DataURL + " " + d.addresses.DataFeed
}

// brokerages opens users' brokerage accounts; it implements app.Brokerages.
type brokerages struct {
	dialer
	keys app.KeySafe
}

// Open unseals the account's keys and returns a client of the account. It does no I/O beyond the
// database.
func (b brokerages) Open(ctx context.Context, account trade.BrokerageAccount) (app.Brokerage, error) {
	keyID, secretKey, err := b.keys.Open(ctx, account)
	if err != nil {
		return nil, err
	}
	return b.dial(account.Mode(), keyID, secretKey)
}
