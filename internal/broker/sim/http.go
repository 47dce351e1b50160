package sim

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const longestBody = 64 << 10

// route is one operation. Paths are matched segment by segment, {name} taking any and {name:a|b}
// one of the words; the standard library's multiplexer is not used because it redirects, which
// Alpaca never does.
type route struct {
	method string
	path   string
	access access
	handle func(*call) (answer, error)
}

// access says what a route needs.
type access int

const (
	open      access = iota // nothing: the simulator's own controls
	data                    // valid keys; runs beside other calls
	trading                 // valid keys; runs alone, and what it changes is saved before the answer
	streaming               // the handler asks for keys and writes its answer itself
)

// routes is everything that the simulator serves.
var routes = []route{
	{"GET", "/v2/account", trading, getAccount},
	{"GET", "/v2/account/portfolio/history", trading, getHistory},
	{"GET", "/v2/account/configurations", trading, getConfigurations},
	{"PATCH", "/v2/account/configurations", trading, changeConfigurations},
	{"GET", "/v2/account/activities", trading, listActivities},
	{"GET", "/v2/account/activities/{type}", trading, listActivities},
	{"GET", "/v2/positions", trading, listPositions},
	{"DELETE", "/v2/positions", trading, closeAllPositions},
	{"GET", "/v2/positions/{asset}", trading, getPosition},
	{"DELETE", "/v2/positions/{asset}", trading, closePosition},
	{"GET", "/v2/positions/{asset}/{quote}", trading, getPosition},
	{"DELETE", "/v2/positions/{asset}/{quote}", trading, closePosition},
	{"GET", "/v2/orders", trading, listOrders},
	{"POST", "/v2/orders", trading, createOrder},
	{"DELETE", "/v2/orders", trading, cancelAllOrders},
	{"GET", "/v2/orders:by_client_order_id", trading, getOrderByClientID},
	{"GET", "/v2/orders/{id}", trading, getOrder},
	{"PATCH", "/v2/orders/{id}", trading, replaceOrder},
	{"DELETE", "/v2/orders/{id}", trading, cancelOrder},
	{"GET", "/v2/watchlists", trading, listWatchlists},
	{"POST", "/v2/watchlists", trading, createWatchlist},
	{"GET", "/v2/watchlists:by_name", trading, onWatchlist(readWatchlist)},
	{"PUT", "/v2/watchlists:by_name", trading, onWatchlist(replaceWatchlist)},
	{"POST", "/v2/watchlists:by_name", trading, onWatchlist(addToWatchlist)},
	{"DELETE", "/v2/watchlists:by_name", trading, deleteWatchlist},
	{"DELETE", "/v2/watchlists:by_name/{symbol}", trading, onWatchlist(removeFromWatchlist)},
	{"GET", "/v2/watchlists/{watchlist}", trading, onWatchlist(readWatchlist)},
	{"PUT", "/v2/watchlists/{watchlist}", trading, onWatchlist(replaceWatchlist)},
	{"POST", "/v2/watchlists/{watchlist}", trading, onWatchlist(addToWatchlist)},
	{"DELETE", "/v2/watchlists/{watchlist}", trading, deleteWatchlist},
	{"DELETE", "/v2/watchlists/{watchlist}/{symbol}", trading, onWatchlist(removeFromWatchlist)},
	{"GET", "/v2/clock", data, getClock},
	{"GET", "/v2/calendar", data, listCalendar},
	{"GET", "/v3/clock", data, getMarketClocks},
	{"GET", "/v3/calendar/{market}", data, getMarketCalendar},
	{"GET", "/v2/options/contracts", data, listOptionContracts},
	{"GET", "/v2/options/contracts/{contract}", data, getOptionContract},
	{"POST", "/v2/positions/{contract}/exercise", data, noOptions},
	{"POST", "/v2/positions/{contract}/do-not-exercise", data, noOptions},
	{"GET", "/v2/wallets", data, noCrypto},
	{"GET", "/v2/wallets/fees/estimate", data, noCrypto},
	{"GET", "/v2/wallets/transfers", data, noCrypto},
	{"POST", "/v2/wallets/transfers", data, noCrypto},
	{"GET", "/v2/wallets/transfers/{id}", data, noCrypto},
	{"GET", "/v2/wallets/whitelists", data, noCrypto},
	{"POST", "/v2/wallets/whitelists", data, noCrypto},
	{"DELETE", "/v2/wallets/whitelists/{id}", data, noCrypto},
	{"GET", "/v1/locates", data, noFeature},
	{"POST", "/v1/locates", data, noFeature},
	{"GET", "/v1/locates/{id}", data, noFeature},
	{"POST", "/v2/tokenization/mint", data, noFeature},
	{"GET", "/v2/tokenization/requests", data, noFeature},
	{"GET", "/v2/assets", data, listAssets},
	{"GET", "/v2/assets/{asset}", data, getAsset},
	{"GET", "/v2/assets/{asset}/{quote}", data, getAsset},
	{"GET", "/v2/corporate_actions/announcements", data, listAnnouncements},
	{"GET", "/v2/corporate_actions/announcements/{id}", data, getAnnouncement},
	{"GET", "/v2/stocks/bars", data, listBars},
	{"GET", "/v2/stocks/bars/latest", data, latest("bar", latestBar)},
	{"GET", "/v2/stocks/trades", data, listTrades},
	{"GET", "/v2/stocks/trades/latest", data, latest("trade", latestTrade)},
	{"GET", "/v2/stocks/quotes", data, listQuotes},
	{"GET", "/v2/stocks/quotes/latest", data, latest("quote", latestQuote)},
	{"GET", "/v2/stocks/auctions", data, listAuctions},
	{"GET", "/v2/stocks/snapshots", data, listSnapshots},
	{"GET", "/v2/stocks/meta/exchanges", data, listExchanges},
	{"GET", "/v2/stocks/meta/conditions/{kind}", data, listConditions},
	{"GET", "/v2/stocks/{symbol}/bars", data, listBars},
	{"GET", "/v2/stocks/{symbol}/bars/latest", data, latest("bar", latestBar)},
	{"GET", "/v2/stocks/{symbol}/trades", data, listTrades},
	{"GET", "/v2/stocks/{symbol}/trades/latest", data, latest("trade", latestTrade)},
	{"GET", "/v2/stocks/{symbol}/quotes", data, listQuotes},
	{"GET", "/v2/stocks/{symbol}/quotes/latest", data, latest("quote", latestQuote)},
	{"GET", "/v2/stocks/{symbol}/auctions", data, listAuctions},
	{"GET", "/v2/stocks/{symbol}/snapshot", data, listSnapshots},
	{"GET", "/v1/corporate-actions", data, listCorporateActions},
	{"GET", "/v1beta1/news", data, listNews},
	{"GET", "/v2/events/trades", streaming, serveEvents},
	{"GET", "/v2beta1/events/activities", streaming, serveActivityEvents},
	{"GET", "/stream", streaming, serveTradingStream},
	{"GET", "/v2/{feed:iex|sip|delayed_sip|boats|overnight|test}", streaming, serveDataStream},
	{"GET", "/_simulator/clock", open, getSimulatorClock},
	{"POST", "/_simulator/advance", open, advanceClock},
	{"GET", "/_simulator", open, getOverview},
	{"POST", "/_simulator/accounts", open, openNewAccount},
	{"GET", "/_simulator/requests", open, listRequests},
	{"GET", "/_simulator/faults", open, listFaults},
	{"POST", "/_simulator/faults", open, createFault},
	{"DELETE", "/_simulator/faults", open, removeFaults},
	{"DELETE", "/_simulator/faults/{id}", open, removeFaults},
}

// call is one request on its way through a handler.
type call struct {
	*Simulator
	writer  http.ResponseWriter // for handlers that stream
	request *http.Request
	path    map[string]string // values of the {names}
	query   url.Values
	account *account // of the keys, unless access is open
	now     time.Time
	dirty   bool // the handler changed something that must be saved
}

// answer is a success; a nil body sends none.
type answer struct {
	status int
	body   any
}

func ok(body any) (answer, error) { return answer{http.StatusOK, body}, nil }

// router serves the routes.
type router struct{ simulator *Simulator }

func newRouter(s *Simulator) http.Handler { return router{s} }

func (rt router) serve(w http.ResponseWriter, r *http.Request) (answer, error) {
	chosen, path, err := match(r)
	if err != nil {
		return answer{}, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return answer{}, invalidParameter("the query is malformed")
	}
	r.Body = http.MaxBytesReader(w, r.Body, longestBody)
	c := &call{Simulator: rt.simulator, writer: w, request: r, path: path, query: query}
	switch chosen.access {
	case open, streaming:
		c.now = c.Now()
		return chosen.handle(c)
	case data:
		if err := c.enter(); err != nil {
			return answer{}, err
		}
		return chosen.handle(c)
	default:
		return c.alone(chosen.handle)
	}
}

// enter checks the keys for a call that needs nothing of its account.
func (c *call) enter() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.authenticate()
}

// alone runs a handler with the exchange to itself and saves what it changed.
func (c *call) alone(handle func(*call) (answer, error)) (answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.authenticate(); err != nil {
		return answer{}, err
	}
	result, err := handle(c)
	if err != nil || !c.dirty {
		return result, err
	}
	c.exchange.touch(c.account)
	c.exchange.settleAccount(c.account, c.now)
	return result, c.record()
}

// authenticate finds or opens the account of the keys, and brings the exchange up to date. The lock is held.
func (c *call) authenticate() error {
	key, secret := c.keys()
	found, opened, refused := c.exchange.authenticate(key, secret, c.Now())
	if refused != nil {
		return refused
	}
	now, err := c.settled(found)
	if err != nil {
		return err
	}
	c.account, c.now = found, now
	if opened {
		return c.record()
	}
	return nil
}

// match finds the route of the request.
func match(r *http.Request) (route, map[string]string, error) {
	var elsewhere bool
	segments := strings.Split(r.URL.EscapedPath(), "/")
	for _, candidate := range routes {
		path, fits := matchPath(strings.Split(candidate.path, "/"), segments)
		if fits && candidate.method == r.Method {
			return candidate, path, nil
		}
		elsewhere = elsewhere || fits
	}
	if elsewhere {
		return route{}, nil, &refusal{status: http.StatusMethodNotAllowed, code: 40510000, message: "method not allowed"}
	}
	return route{}, nil, notFound("endpoint not found")
}

func matchPath(pattern, segments []string) (values map[string]string, fits bool) {
	if len(pattern) != len(segments) {
		return nil, false
	}
	values = map[string]string{}
	for i, part := range pattern {
		segment, err := url.PathUnescape(segments[i])
		switch {
		case err != nil:
			return nil, false
		case strings.HasPrefix(part, "{") && segment != "":
			name, words, limited := strings.Cut(strings.Trim(part, "{}"), ":")
			if limited && !slices.Contains(strings.Split(words, "|"), segment) {
				return nil, false
			}
			values[name] = segment
		case part != segment:
			return nil, false
		}
	}
	return values, true
}

// decode reads the body as one JSON value. No Content-Type is asked for: Alpaca's Go SDK sends none.
func (c *call) decode(into any) error {
	decoder := json.NewDecoder(c.request.Body)
	err := decoder.Decode(into)
	if err == nil {
		_, err = decoder.Token()
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF) && decoder.InputOffset() > 0:
		return nil
	case errors.As(err, &tooLong):
		return &refusal{status: http.StatusRequestEntityTooLarge, code: codeUndecodable, message: "request body is too large"}
	default:
		return &refusal{status: http.StatusUnprocessableEntity, code: codeUndecodable, message: "failed to decode request body"}
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	content, isEncoded := body.(encoded)
	if !isEncoded {
		var err error
		if content, err = json.Marshal(body); err != nil {
			panic(err) // our own types always encode
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(content) // the client went away: nothing to do
	if isEncoded {
		content.recycle()
	}
}

// newRequestID is 32 hexadecimal digits.
func newRequestID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // crypto/rand does not fail
	return hex.EncodeToString(id[:])
}
