package sim_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// bench is a simulator on a server and a client of the official SDK.
type bench struct {
	simulator *sim.Simulator
	server    *httptest.Server
	trading   *alpaca.Client
	data      *marketdata.Client
}

// setup serves the synthetic market, held at the time.
func setup(t testing.TB, now string) bench {
	t.Helper()
	return serve(t, sim.Config{Market: sim.NewSynthetic(1), Now: at(t, now)})
}

func serve(t testing.TB, config sim.Config) bench {
	t.Helper()
	simulator, err := sim.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(spectest.Checked(t, simulator.Handler()))
	t.Cleanup(server.Close)
	b := bench{simulator: simulator, server: server}
	b.trading, b.data = b.client("key", "secret")
	return b
}

// patient waits longer than the SDK's ten seconds, which are little on a machine that is busy.
var patient = &http.Client{Timeout: 2 * time.Minute}

func (b bench) client(key, secret string) (*alpaca.Client, *marketdata.Client) {
	return alpaca.NewClient(alpaca.ClientOpts{APIKey: key, APISecret: secret, BaseURL: b.server.URL, RetryLimit: -1, HTTPClient: patient}),
		marketdata.NewClient(marketdata.ClientOpts{APIKey: key, APISecret: secret, BaseURL: b.server.URL, RetryLimit: -1, HTTPClient: patient})
}

func (b bench) advance(t testing.TB, to string) {
	t.Helper()
	if err := b.simulator.Advance(at(t, to)); err != nil {
		t.Fatal(err)
	}
}

func dec(text string) *decimal.Decimal {
	d := decimal.RequireFromString(text)
	return &d
}

func (b bench) buy(t testing.TB, symbol, qty, clientID string) *alpaca.Order {
	t.Helper()
	order, err := b.trading.PlaceOrder(alpaca.PlaceOrderRequest{
		Symbol: symbol, Qty: dec(qty), Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day, ClientOrderID: clientID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return order
}

func TestSDKReadsAnEmptyAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	account, err := b.trading.GetAccount()
	if err != nil {
		t.Fatal(err)
	}
	if account.Status != "ACTIVE" || account.Cash.String() != "100000" || account.Equity.String() != "100000" ||
		account.LastEquity.String() != "100000" || account.BuyingPower.String() != "200000" || !account.ShortingEnabled {
		t.Errorf("account %+v", account)
	}
	if positions, err := b.trading.GetPositions(); err != nil || len(positions) != 0 {
		t.Errorf("positions %v, error %v", positions, err)
	}
	if orders, err := b.trading.GetOrders(alpaca.GetOrdersRequest{Status: "all"}); err != nil || len(orders) != 0 {
		t.Errorf("orders %v, error %v", orders, err)
	}
}

func TestSDKOrderFillsAtTheNextPrint(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:02Z") // prints are at full five seconds
	placed := b.buy(t, "AAPL", "10", "first")
	if placed.Status != "pending_new" || placed.ClientOrderID != "first" || !placed.FilledQty.IsZero() {
		t.Errorf("placed %+v", placed)
	}
	b.advance(t, "2026-11-20T15:00:04Z")
	if order, err := b.trading.GetOrder(placed.ID); err != nil || order.Status != "new" {
		t.Errorf("before the print: %+v, %v", order, err)
	}
	b.advance(t, "2026-11-20T15:01:00Z")
	order, err := b.trading.GetOrderByClientOrderID("first")
	if err != nil {
		t.Fatal(err)
	}
	print, _ := sim.NewSynthetic(1).LastPrint("AAPL", at(t, "2026-11-20T15:00:05Z"))
	if order.Status != "filled" || order.FilledAvgPrice.InexactFloat64() != print.Price || !order.FilledAt.Equal(at(t, "2026-11-20T15:00:05Z")) {
		t.Errorf("order %+v, print %+v", order, print)
	}
	position, err := b.trading.GetPosition("AAPL")
	if err != nil || position.Qty.String() != "10" || !position.AvgEntryPrice.Equal(*order.FilledAvgPrice) || position.Side != "long" {
		t.Errorf("position %+v, error %v", position, err)
	}
	account, err := b.trading.GetAccount()
	if err != nil || !account.Cash.Equal(decimal.NewFromInt(100000).Sub(position.CostBasis)) ||
		!account.Equity.Equal(account.Cash.Add(*position.MarketValue)) {
		t.Errorf("account %+v, error %v", account, err)
	}
	fills, err := b.trading.GetAccountActivities(alpaca.GetAccountActivitiesRequest{ActivityTypes: []string{"FILL"}})
	if err != nil || len(fills) != 1 || fills[0].OrderID != order.ID || fills[0].Qty.String() != "10" || fills[0].ID[:17] != "20261120100005000" {
		t.Errorf("fills %+v, error %v", fills, err)
	}
}

func TestSDKOrderInAClosedMarketWaitsForTheOpen(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-21T15:00:00Z") // Saturday
	placed := b.buy(t, "MSFT", "1.5", "")
	if placed.Status != "accepted" || placed.ClientOrderID == "" {
		t.Errorf("placed %+v", placed)
	}
	b.advance(t, "2026-11-23T14:30:00Z")
	order, err := b.trading.GetOrder(placed.ID)
	bar, _ := sim.NewSynthetic(1).Daily("MSFT", at(t, "2026-11-23T14:30:00Z"), at(t, "2026-11-23T14:30:00Z"))
	if err != nil || order.Status != "filled" || order.FilledAvgPrice.InexactFloat64() != bar.Open {
		t.Errorf("order %+v, error %v, open %v", order, err, bar.Open)
	}
}

func TestSDKCancels(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-21T15:00:00Z")
	placed := b.buy(t, "MSFT", "1", "")
	if err := b.trading.CancelOrder(placed.ID); err != nil {
		t.Fatal(err)
	}
	if order, err := b.trading.GetOrder(placed.ID); err != nil || order.Status != "canceled" || order.CanceledAt == nil {
		t.Errorf("order %+v, error %v", order, err)
	}
	wantError(t, b.trading.CancelOrder(placed.ID), 422, 42210000, `order is already in "canceled" state`)
	wantError(t, b.trading.CancelOrder("nonsense"), 404, 40410000, "order not found for nonsense")
	b.buy(t, "MSFT", "1", "")
	b.buy(t, "AAPL", "1", "")
	if err := b.trading.CancelAllOrders(); err != nil {
		t.Error(err)
	}
	if open, err := b.trading.GetOrders(alpaca.GetOrdersRequest{}); err != nil || len(open) != 0 {
		t.Errorf("open %v, error %v", open, err)
	}
}

func wantError(t testing.TB, err error, status, code int, message string) {
	t.Helper()
	var answer *alpaca.APIError
	if !errors.As(err, &answer) || answer.StatusCode != status || answer.Code != code || answer.Message != message {
		t.Errorf("error %v, want HTTP %d %d %q", err, status, code, message)
	}
}

func TestSDKOrderRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-21T15:00:00Z")
	b.buy(t, "KO", "1", "taken")
	base := alpaca.PlaceOrderRequest{Symbol: "AAPL", Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day}
	for name, c := range map[string]struct {
		change       func(*alpaca.PlaceOrderRequest)
		status, code int
		message      string
	}{
		"no amount":     {func(r *alpaca.PlaceOrderRequest) {}, 422, 40010001, "qty or notional is required"},
		"both amounts":  {func(r *alpaca.PlaceOrderRequest) { r.Qty, r.Notional = dec("1"), dec("1") }, 422, 40010001, "only one of qty or notional is accepted"},
		"zero":          {func(r *alpaca.PlaceOrderRequest) { r.Qty = dec("0") }, 422, 40010001, "qty must be > 0"},
		"small":         {func(r *alpaca.PlaceOrderRequest) { r.Notional = dec("0.99") }, 422, 40010001, "notional must be >= 1.00"},
		"fine notional": {func(r *alpaca.PlaceOrderRequest) { r.Notional = dec("1.999") }, 422, 40010001, "notional must be limited to 2 decimal places"},
		"huge":          {func(r *alpaca.PlaceOrderRequest) { r.Qty = dec("1e20") }, 422, 40010001, "qty is out of range"},
		"duplicate":     {func(r *alpaca.PlaceOrderRequest) { r.Qty, r.ClientOrderID = dec("1"), "taken" }, 422, 40010001, "client_order_id must be unique"},
		"unknown":       {func(r *alpaca.PlaceOrderRequest) { r.Qty, r.Symbol = dec("1"), "NOPE" }, 422, 42210000, `asset "NOPE" not found`},
		"fraction gtc":  {func(r *alpaca.PlaceOrderRequest) { r.Qty, r.TimeInForce = dec("1.5"), alpaca.GTC }, 422, 42210000, "fractional orders must be DAY orders"},
		"too dear":      {func(r *alpaca.PlaceOrderRequest) { r.Notional = dec("300000") }, 403, 40310000, "insufficient buying power"},
		"sub-penny": {func(r *alpaca.PlaceOrderRequest) { r.Qty, r.Type, r.LimitPrice = dec("1"), alpaca.Limit, dec("5.123") }, 422, 42210000,
			"invalid limit_price 5.123. sub-penny increment does not fulfill minimum pricing criteria"},
		"fraction short": {func(r *alpaca.PlaceOrderRequest) { r.Qty, r.Side = dec("1.5"), alpaca.Sell }, 422, 42210000, "fractional orders cannot be sold short"},
		"opposite":       {func(r *alpaca.PlaceOrderRequest) { r.Symbol, r.Qty, r.Side = "KO", dec("1"), alpaca.Sell }, 403, 40310000, "cannot open a short sell while a long buy order is open"},
	} {
		t.Run(name, func(t *testing.T) {
			request := base
			c.change(&request)
			_, err := b.trading.PlaceOrder(request)
			wantError(t, err, c.status, c.code, c.message)
		})
	}
	if open, err := b.trading.GetOrders(alpaca.GetOrdersRequest{Status: "all"}); err != nil || len(open) != 1 {
		t.Errorf("%d orders after refusals, want 1; %v", len(open), err)
	}
}

func TestSDKSharesAreNotSoldTwiceNorPastZero(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	b.buy(t, "AAPL", "10", "")
	b.advance(t, "2026-11-21T15:00:00Z")
	sell := func(qty string) error {
		_, err := b.trading.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: dec(qty), Side: alpaca.Sell, Type: alpaca.Market, TimeInForce: alpaca.Day})
		return err
	}
	wantError(t, sell("11"), 403, 40310000, "insufficient qty available for order (requested: 11, available: 10)")
	if err := sell("4"); err != nil {
		t.Fatal(err)
	}
	wantError(t, sell("7"), 403, 40310000, "insufficient qty available for order (requested: 7, available: 6)")
	position, err := b.trading.GetPosition("AAPL")
	if err != nil || position.QtyAvailable.String() != "6" {
		t.Errorf("position %+v, error %v", position, err)
	}
	_, err = b.trading.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "AAPL", Qty: dec("1"), Side: alpaca.Buy, Type: alpaca.Market, TimeInForce: alpaca.Day})
	wantError(t, err, 403, 40310000, "potential wash trade detected. use complex orders")
}

func TestSDKShortAndCover(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	order := func(side alpaca.Side, qty string) error {
		_, err := b.trading.PlaceOrder(alpaca.PlaceOrderRequest{Symbol: "TSLA", Qty: dec(qty), Side: side, Type: alpaca.Market, TimeInForce: alpaca.Day})
		return err
	}
	if err := order(alpaca.Sell, "10"); err != nil {
		t.Fatal(err)
	}
	b.advance(t, "2026-11-20T16:00:00Z")
	position, err := b.trading.GetPosition("TSLA")
	if err != nil || position.Qty.String() != "-10" || position.Side != "short" || !position.MarketValue.IsNegative() || !position.AvgEntryPrice.IsPositive() {
		t.Errorf("position %+v, error %v", position, err)
	}
	wantError(t, order(alpaca.Buy, "11"), 403, 40310000, "insufficient qty available for order (requested: 11, available: 10)")
	if err := order(alpaca.Buy, "10"); err != nil {
		t.Fatal(err)
	}
	b.advance(t, "2026-11-20T17:00:00Z")
	_, err = b.trading.GetPosition("TSLA")
	wantError(t, err, 404, 40410000, "position does not exist")
	account, err := b.trading.GetAccount()
	if err != nil || !account.Cash.Equal(account.Equity) || account.Cash.Equal(decimal.NewFromInt(100000)) {
		t.Errorf("account %+v, error %v", account, err)
	}
}

func TestSDKClockAndCalendar(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-27T15:00:00Z") // a half day
	clock, err := b.trading.GetClock()
	if err != nil || !clock.IsOpen || !clock.NextClose.Equal(at(t, "2026-11-27T18:00:00Z")) || !clock.NextOpen.Equal(at(t, "2026-11-30T14:30:00Z")) ||
		!clock.Timestamp.Equal(at(t, "2026-11-27T15:00:00Z")) {
		t.Errorf("clock %+v, error %v", clock, err)
	}
	days, err := b.trading.GetCalendar(alpaca.GetCalendarRequest{Start: at(t, "2026-11-25T00:00:00Z"), End: at(t, "2026-11-30T00:00:00Z")})
	if err != nil || len(days) != 3 || days[1].Date != "2026-11-27" || days[1].Close != "13:00" || days[2].Date != "2026-11-30" {
		t.Errorf("calendar %+v, error %v", days, err)
	}
}

func TestSDKAssets(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	assets, err := b.trading.GetAssets(alpaca.GetAssetsRequest{Status: "active"})
	if err != nil || len(assets) < 40 {
		t.Errorf("%d assets, error %v", len(assets), err)
	}
	asset, err := b.trading.GetAsset("AAPL")
	if err != nil || asset.Name != "Apple Inc." || !asset.Tradable || !asset.Fractionable || !asset.EasyToBorrow {
		t.Errorf("asset %+v, error %v", asset, err)
	}
	if same, err := b.trading.GetAsset(asset.ID); err != nil || same.Symbol != "AAPL" {
		t.Errorf("asset by id %+v, error %v", same, err)
	}
	_, err = b.trading.GetAsset("NOPE")
	wantError(t, err, 404, 40410000, "asset not found for NOPE")
}

func TestSDKBarsAreTheSameInPagesOfAnySize(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T18:17:00Z")
	request := marketdata.GetBarsRequest{
		TimeFrame: marketdata.NewTimeFrame(5, marketdata.Min), Start: at(t, "2026-11-19T14:30:00Z"), End: at(t, "2026-11-20T18:15:00Z"), PageLimit: 10000,
	}
	symbols := []string{"TSLA", "AAPL", "NOPE", "SPY"}
	whole, err := b.data.GetMultiBars(symbols, request)
	if err != nil || len(whole) != 3 || len(whole["AAPL"]) != 78+46 {
		t.Fatalf("%d symbols, %d bars, error %v", len(whole), len(whole["AAPL"]), err)
	}
	for _, size := range []int{7, 124, 125, 371} {
		request.PageLimit = size
		paged, err := b.data.GetMultiBars(symbols, request)
		if err != nil {
			t.Fatal(err)
		}
		for symbol, bars := range whole {
			if len(paged[symbol]) != len(bars) || paged[symbol][len(bars)-1] != bars[len(bars)-1] {
				t.Errorf("pages of %d: %d bars of %s, want %d", size, len(paged[symbol]), symbol, len(bars))
			}
		}
	}
	request.Sort, request.PageLimit = marketdata.SortDesc, 50
	reversed, err := b.data.GetBars("AAPL", request)
	if err != nil || len(reversed) != len(whole["AAPL"]) || reversed[0] != whole["AAPL"][len(reversed)-1] || reversed[len(reversed)-1] != whole["AAPL"][0] {
		t.Errorf("%d reversed bars, error %v", len(reversed), err)
	}
}

func TestSDKBarsOfHoursAndDays(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:10:00Z")
	hours, err := b.data.GetBars("AAPL", marketdata.GetBarsRequest{TimeFrame: marketdata.OneHour, Start: at(t, "2026-11-20T00:00:00Z")})
	if err != nil || len(hours) != 2 || !hours[0].Timestamp.Equal(at(t, "2026-11-20T14:00:00Z")) || !hours[1].Timestamp.Equal(at(t, "2026-11-20T15:00:00Z")) {
		t.Errorf("hours %+v, error %v", hours, err)
	}
	days, err := b.data.GetBars("AAPL", marketdata.GetBarsRequest{TimeFrame: marketdata.OneDay, Start: at(t, "2026-11-16T00:00:00Z")})
	if err != nil || len(days) != 5 || !days[4].Timestamp.Equal(at(t, "2026-11-20T05:00:00Z")) || days[4].Close != hours[1].Close {
		t.Errorf("days %+v, error %v", days, err)
	}
	latest, err := b.data.GetLatestBars([]string{"AAPL", "NOPE"}, marketdata.GetLatestBarRequest{})
	if err != nil || len(latest) != 1 || latest["AAPL"].Close != days[4].Close || !latest["AAPL"].Timestamp.Equal(at(t, "2026-11-20T15:10:00Z")) {
		t.Errorf("latest %+v, error %v", latest, err)
	}
	if one, err := b.data.GetLatestBar("AAPL", marketdata.GetLatestBarRequest{}); err != nil || *one != latest["AAPL"] {
		t.Errorf("latest %+v, error %v", one, err)
	}
	if _, err := b.data.GetBars("AAPL", marketdata.GetBarsRequest{TimeFrame: marketdata.NewTimeFrame(99, marketdata.Min)}); err == nil {
		t.Error("99Min is a timeframe")
	}
}

func TestSDKPortfolioHistoryOfADemoAccount(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:10:00Z")
	if err := b.simulator.OpenDemoAccount("demo", "demo"); err != nil {
		t.Fatal(err)
	}
	trading, _ := b.client("demo", "demo")
	account, err := trading.GetAccount()
	if err != nil {
		t.Fatal(err)
	}
	positions, err := trading.GetPositions()
	if err != nil || len(positions) != 3 {
		t.Errorf("positions %+v, error %v", positions, err)
	}
	for period, want := range map[string]struct {
		timeframe alpaca.TimeFrame
		points    int
	}{"1D": {alpaca.Min15, 3}, "1W": {alpaca.Hour1, 36}, "1M": {alpaca.Day1, 24}, "3M": {alpaca.Day1, 66}, "6M": {alpaca.Day1, 129}, "1A": {alpaca.Day1, 252}} {
		history, err := trading.GetPortfolioHistory(alpaca.GetPortfolioHistoryRequest{Period: period, TimeFrame: want.timeframe})
		if err != nil {
			t.Fatal(err)
		}
		n := len(history.Equity)
		if n != want.points || len(history.Timestamp) != n || len(history.ProfitLoss) != n || len(history.ProfitLossPct) != n {
			t.Errorf("%s: %d points, want %d", period, n, want.points)
			continue
		}
		if !history.Equity[n-1].Equal(account.Equity) || want.timeframe != alpaca.Hour1 && !history.BaseValue.Add(history.ProfitLoss[n-1]).Round(2).Equal(account.Equity) {
			t.Errorf("%s: last equity %s of base %s, account %s", period, history.Equity[n-1], history.BaseValue, account.Equity)
		}
		if !time.Unix(history.Timestamp[n-1], 0).Before(b.simulator.Now()) || !market.IsOpen(time.Unix(history.Timestamp[0], 0)) {
			t.Errorf("%s: from %d to %d", period, history.Timestamp[0], history.Timestamp[n-1])
		}
	}
}

func BenchmarkGetAccount(b *testing.B) {
	bench := setup(b, "2026-11-20T15:10:00Z")
	if err := bench.simulator.OpenDemoAccount("key", "secret"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := bench.trading.GetAccount(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetBarsOfEightSymbols(b *testing.B) {
	bench := setup(b, "2026-11-20T15:10:00Z")
	symbols := []string{"AAPL", "MSFT", "NVDA", "TSLA", "AMZN", "GOOG", "META", "SPY"}
	for b.Loop() {
		if _, err := bench.data.GetMultiBars(symbols, marketdata.GetBarsRequest{
			TimeFrame: marketdata.NewTimeFrame(5, marketdata.Min), Start: time.Date(2026, 11, 10, 14, 30, 0, 0, time.UTC), PageLimit: 10000,
		}); err != nil {
			b.Fatal(err)
		}
	}
}
