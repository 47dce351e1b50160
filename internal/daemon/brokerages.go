package daemon

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/clock"
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
	accounts  *alpaca.Accounts  // what the clients of one account share: budget, stream, calendar
	pretended *alpaca.Accounts  // the same of demonstration accounts
	prices    *alpaca.Client    // the operator's data account; nil: everybody's own
}

// demoAddress is never dialled: the demo transport calls the simulator in this process.
const demoAddress = "http://demonstration.invalid"

// demoRequests is the budget of a demonstration account: its time runs faster than Alpaca's minute.
const demoRequests = 100_000

// newDialer returns a dialer; demo is nil without the demonstration market. It does no I/O.
func newDialer(addresses config.Alpaca, demo http.RoundTripper) (dialer, error) {
	machine := clock.System()
	d := dialer{
		addresses: addresses, demo: demo,
		accounts: alpaca.NewAccounts(machine), pretended: alpaca.NewAccountsOf(machine, demoRequests, time.Minute),
	}
	if !addresses.SharesData() {
		return d, nil
	}
	var err error
	d.prices, err = d.dial("paper", addresses.DataAccountKey, addresses.DataAccountSecret)
	return d, err
}

// licenceNote is what the operator of a shared data account is told at every start.
const licenceNote = "all users get the market data of DATA_ACCOUNT_KEY: Alpaca's agreement and the exchanges' forbid showing one account's data to other people without a licence for it"

// announceData warns of a shared data account.
func (d dialer) announceData(log *slog.Logger) {
	if d.prices != nil {
		log.Warn(licenceNote)
	}
}

// dial returns a client for a key pair in the given mode: paper, live or demo.
func (d dialer) dial(mode string, keyID, secretKey secret.Text) (*alpaca.Client, error) {
	settings := alpaca.Config{
		KeyID: keyID, SecretKey: secretKey, Feed: d.addresses.DataFeed,
		TradingURL: d.addresses.TradingURL(mode == "paper"), DataURL: d.addresses.DataURL, Transport: d.transport,
		Accounts: d.accounts, Data: d.prices,
	}
	if mode == "demo" {
		if d.demo == nil {
			return nil, fault.Because(app.ErrElsewhere, fault.Unavailable, "This is a demonstration account, and the server runs without the demonstration market. Start it with --demo and act on its pages: the market lives inside that server, where no command reaches it.")
		}
		settings.TradingURL, settings.DataURL, settings.Transport = demoAddress, demoAddress, d.demo
		settings.Accounts, settings.Data = d.pretended, nil
	}
	return alpaca.New(settings)
}

// feedName names the market that a user's bars come from, so that two never mix. Bars are shared
// where nobody has to license them, or the operator did; otherwise each user has an own feed.
func (d dialer) feedName(mode, userID string) string {
	market := d.addresses.DataURL + " " + d.addresses.DataFeed
	switch {
	case mode == "demo":
		return "demo"
	case d.prices != nil:
		return market
	default:
		return market + ofUser + userID
	}
}

// ofUser stands in a feed's name before the user whose it is.
const ofUser = " of "

// ownerless tells feeds of users who have none of the accounts any more.
func ownerless(accounts []trade.BrokerageAccount) func(feed string) bool {
	users := map[string]bool{}
	for _, account := range accounts {
		users[account.UserID] = true
	}
	return func(feed string) bool {
		_, user, owned := strings.Cut(feed, ofUser)
		return owned && !users[user]
	}
}

// brokerages opens users' brokerage accounts; it implements app.Brokerages.
type brokerages struct {
	dialer
	keys app.KeySafe
}

// Open unseals the account's keys and returns a client of the account. It does no I/O beyond the
// database.
func (b brokerages) Open(ctx context.Context, account trade.BrokerageAccount) (app.Brokerage, error) {
	client, err := b.client(ctx, account)
	if err != nil {
		return nil, err
	}
	return client, nil
}

func (b brokerages) client(ctx context.Context, account trade.BrokerageAccount) (*alpaca.Client, error) {
	keyID, secretKey, err := b.keys.Open(ctx, account)
	if err != nil {
		return nil, err
	}
	return b.dial(account.Mode(), keyID, secretKey)
}
