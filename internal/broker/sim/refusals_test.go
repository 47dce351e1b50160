package sim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// refused asserts status, code and text of a refusal.
func refused(t *testing.T, status int, body string, wantStatus, wantCode int, wantText string) {
	t.Helper()
	var got wire.Error
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != wantStatus || got.Code != wantCode || got.Message != wantText {
		t.Errorf("HTTP %d %s\nwant %d %d %q", status, body, wantStatus, wantCode, wantText)
	}
}

// Every refusal of an order: status, code and text as collected in errors.json.
func TestOrderRefusals(t *testing.T) {
	t.Parallel()
	const p, b = 40010001, 42210000 // a parameter, a business rule
	long := []string{""}
	cases := map[string]struct {
		before       []string
		order        string
		status, code int
		text         string
	}{
		"no amount":                   {nil, "qty=null", 422, p, "qty or notional is required"},
		"both amounts":                {nil, "notional=5", 422, p, "only one of qty or notional is accepted"},
		"zero":                        {nil, "qty=0", 422, p, "qty must be > 0"},
		"small notional":              {nil, "qty=null notional=0.99", 422, p, "notional must be >= 1.00"},
		"long client id":              {nil, "client_order_id=" + strings.Repeat("x", 129), 422, p, "client_order_id must be no more than 128 characters"},
		"duplicate client id":         {[]string{"client_order_id=a"}, "client_order_id=a", 422, p, "client_order_id must be unique"},
		"limit without a price":       {nil, "type=limit", 422, p, "limit orders require a limit price"},
		"limit of zero":               {nil, "type=limit limit_price=0", 422, p, "limit price must be > 0"},
		"stop without a price":        {nil, "type=stop", 422, p, "stop orders require a stop price"},
		"stop limit with one price":   {nil, "type=stop_limit stop_price=101", 422, p, "stop limit orders require both stop and limit price"},
		"market with a price":         {nil, "limit_price=1", 422, p, "market orders require no stop or limit price"},
		"trail without a distance":    {nil, "type=trailing_stop", 422, p, "trailing stop orders must specify one of trail_price or trail_percent"},
		"trail with two distances":    {nil, "type=trailing_stop trail_price=1 trail_percent=1", 422, p, "trailing stop orders must specify one of trail_price or trail_percent"},
		"narrow trail":                {nil, "type=trailing_stop trail_percent=0.05", 422, p, "trail_percent must be greater than or equal to 0.1"},
		"sub-penny limit":             {nil, "type=limit limit_price=290.123", 422, b, "invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria"},
		"sub-penny stop":              {nil, "type=stop stop_price=290.123", 422, b, "invalid stop_price 290.123. sub-penny increment does not fulfill minimum pricing criteria"},
		"sub-penny leg":               {nil, bracket + " stop_loss.stop_price=97.123", 422, b, "invalid stop_loss.stop_price 97.123. sub-penny increment does not fulfill minimum pricing criteria"},
		"below a dollar, five places": {nil, "type=limit limit_price=0.12345", 422, b, "invalid limit_price 0.12345. sub-penny increment does not fulfill minimum pricing criteria"},
		"fraction gtc":                {nil, "qty=0.5 time_in_force=gtc", 422, b, "fractional orders must be DAY orders"},
		"fraction bracket":            {nil, "qty=0.5 " + bracket, 422, b, "fractional orders must be simple orders"},
		"fraction trailing":           {nil, "qty=0.5 type=trailing_stop trail_price=1", 422, b, "fractional orders must be market, limit, stop, or stop_limit orders"},
		"fraction short":              {nil, "qty=0.5 side=sell", 422, b, "fractional orders cannot be sold short"},
		"whole shares only":           {nil, "symbol=WHOLE qty=0.5", 403, 40310000, `asset "WHOLE" is not fractionable`},
		"extended market":             {nil, "extended_hours=true", 422, b, "extended hours order must be DAY or GTC limit orders"},
		"extended stop":               {nil, "extended_hours=true type=stop stop_price=101", 422, b, "stop orders are not eligible for extended hours trading"},
		"extended bracket":            {nil, "extended_hours=true type=limit limit_price=100 " + bracket, 422, b, "extended hours order must be DAY or GTC limit orders"},
		"unknown":                     {nil, "symbol=NOPE", 422, b, `asset "NOPE" not found`},
		"crypto":                      {nil, "symbol=BTC/USD", 422, b, `asset "BTC/USD" not found`},
		"not tradable":                {nil, "symbol=REST", 422, b, `asset "REST" is not tradable`},
		"hard to borrow":              {nil, "symbol=HARD side=sell", 422, b, `asset "HARD" cannot be sold short`},
		"bracket that exits":          {long, "side=sell order_class=bracket take_profit.limit_price=90 stop_loss.stop_price=110", 422, b, "bracket orders must be entry orders"},
		"intent mismatch":             {nil, "position_intent=sell_to_close side=sell", 422, b, "position intent mismatch, inferred: sell_to_open, specified: sell_to_close"},
		"stop-loss too high":          {nil, "order_class=bracket take_profit.limit_price=110 stop_loss.stop_price=100", 422, b, "stop_loss.stop_price must be <= base_price - 0.01"},
		"take-profit too low":         {nil, "order_class=bracket take_profit.limit_price=100 stop_loss.stop_price=90", 422, b, "take_profit.limit_price must be >= base_price + 0.01"},
		"short stop-loss too low":     {nil, "side=sell order_class=bracket take_profit.limit_price=90 stop_loss.stop_price=100", 422, b, "stop_loss.stop_price must be >= base_price + 0.01"},
		"opg in the session":          {nil, "time_in_force=opg", 403, 40310000, "opg orders must be submitted after 7:00pm and before 9:28am"},
		"buying power":                {nil, "qty=2001", 403, 40310000, "insufficient buying power"},
		"buying power of a short":     {nil, "side=sell qty=1950", 403, 40310000, "insufficient buying power"},
		"more than held":              {long, "side=sell qty=2", 403, 40310000, "insufficient qty available for order (requested: 2, available: 1)"},
		"held by an order":            {[]string{"", "side=sell type=limit limit_price=150"}, "side=sell", 403, 40310000, "insufficient qty available for order (requested: 1, available: 0)"},
		"wash trade, market":          {[]string{"", "side=sell type=limit limit_price=150"}, "", 403, 40310000, "potential wash trade detected. use complex orders"},
		"wash trade, stop":            {[]string{"", "side=sell type=stop stop_price=80"}, "type=limit limit_price=70", 403, 40310000, "potential wash trade detected. use complex orders"},
		"wash trade, limits cross":    {[]string{"", "side=sell type=limit limit_price=150"}, "type=limit limit_price=150", 403, 40310000, "potential wash trade detected. use complex orders"},
		"short beside a long buy":     {[]string{"type=limit limit_price=90"}, "side=sell", 403, 40310000, "cannot open a short sell while a long buy order is open"},
		"long beside a short sale":    {[]string{"side=sell type=limit limit_price=150"}, "", 403, 40310000, "cannot open a long buy while a short sell order is open"},
		"options":                     {nil, "order_class=mleg", 403, 40310000, "account not eligible to trade options"},

		"no symbol":                 {nil, "symbol=", 422, p, "symbol is required"},
		"unknown side":              {nil, "side=hold", 422, p, "side must be buy or sell"},
		"unknown type":              {nil, "type=peg", 422, p, "type must be market, limit, stop, stop_limit or trailing_stop"},
		"unknown time in force":     {nil, "time_in_force=gtd", 422, p, "time_in_force must be day, gtc, opg, cls, ioc or fok"},
		"unknown class":             {nil, "order_class=pair", 422, p, "order_class must be simple, bracket, oco or oto"},
		"unknown intent":            {nil, "position_intent=open", 422, p, "invalid position_intent: open"},
		"ten decimals":              {nil, "qty=0.0000000001", 422, p, "qty must be limited to 9 decimal places"},
		"notional with thousandths": {nil, "qty=null notional=1.999", 422, p, "notional must be limited to 2 decimal places"},
		"huge":                      {nil, "qty=1e20", 422, p, "qty is out of range"},
		"limit with a stop":         {nil, "type=limit limit_price=90 stop_price=90", 422, p, "limit orders require no stop price"},
		"limit with a trail":        {nil, "type=limit limit_price=90 trail_price=1", 422, p, "limit orders require no trail price or percent"},
		"stop with a limit":         {nil, "type=stop stop_price=110 limit_price=111", 422, p, "stop orders require no limit price"},
		"trail with a stop":         {nil, "type=trailing_stop trail_price=1 stop_price=110", 422, p, "trailing stop orders require no stop or limit price"},
		"wide trail":                {nil, "type=trailing_stop trail_percent=100", 422, p, "trail_percent must be less than 100"},
		"trail beyond the price":    {nil, "side=sell type=trailing_stop trail_price=100", 422, b, "trail_price must be less than the current price"},
		"trail at once or never":    {nil, "type=trailing_stop trail_price=1 time_in_force=ioc", 422, b, "trailing stop orders must be DAY or GTC orders"},
		"sub-penny trail":           {nil, "type=trailing_stop trail_price=1.001", 422, b, "invalid trail_price 1.001. sub-penny increment does not fulfill minimum pricing criteria"},
		"sub-penny take-profit":     {nil, bracket + " take_profit.limit_price=110.001", 422, b, "invalid take_profit.limit_price 110.001. sub-penny increment does not fulfill minimum pricing criteria"},
		"sub-penny stop-loss limit": {nil, bracket + " stop_loss.limit_price=89.001", 422, b, "invalid stop_loss.limit_price 89.001. sub-penny increment does not fulfill minimum pricing criteria"},
		"simple with a leg":         {nil, "take_profit.limit_price=110", 422, b, "simple orders have no take_profit or stop_loss"},
		"trailing bracket":          {nil, "type=trailing_stop trail_price=1 " + bracket, 422, b, "trailing stop orders must be simple orders"},
		"half a bracket":            {nil, "order_class=bracket take_profit.limit_price=110", 422, b, "bracket orders require take_profit.limit_price and stop_loss.stop_price"},
		"bracket of no stop price":  {nil, "order_class=bracket take_profit.limit_price=110 stop_loss.limit_price=90", 422, p, "stop_loss.stop_price is required"},
		"bracket of no limit price": {nil, "order_class=bracket take_profit.stop_price=110 stop_loss.stop_price=90", 422, p, "take_profit.limit_price is required"},
		"bracket at once or never":  {nil, "time_in_force=fok " + bracket, 422, b, "bracket orders must be DAY or GTC orders"},
		"oto with two legs":         {nil, "order_class=oto take_profit.limit_price=110 stop_loss.stop_price=90", 422, b, "oto orders require either take_profit.limit_price or stop_loss.stop_price"},
		"oto without a leg":         {nil, "order_class=oto", 422, b, "oto orders require either take_profit.limit_price or stop_loss.stop_price"},
		"oto that exits":            {long, "side=sell order_class=oto stop_loss.stop_price=110", 422, b, "oto orders must be entry orders"},
		"oco with one leg":          {long, "side=sell type=limit limit_price=110 order_class=oco stop_loss.stop_price=90", 422, b, "oco orders require take_profit.limit_price and stop_loss.stop_price"},
		"oco at the market":         {long, "side=sell type=stop stop_price=90 order_class=oco take_profit.limit_price=110 stop_loss.stop_price=90", 422, p, "stop orders require no limit price"},
		"oco that enters":           {nil, "type=limit order_class=oco take_profit.limit_price=90 stop_loss.stop_price=110", 422, b, "oco orders must be exit orders"},
		"oco of crossed legs":       {long, "side=sell type=limit order_class=oco take_profit.limit_price=110 stop_loss.stop_price=110", 422, b, "stop_loss.stop_price must be <= base_price - 0.01"},
		"short take-profit too high": {nil, "side=sell order_class=bracket take_profit.limit_price=100 stop_loss.stop_price=110", 422, b,
			"take_profit.limit_price must be <= base_price - 0.01"},
		"stop at the open":         {nil, "type=stop stop_price=110 time_in_force=opg", 422, b, "opg orders must be market or limit orders"},
		"stop at the close":        {nil, "type=stop stop_price=110 time_in_force=cls", 422, b, "cls orders must be market or limit orders"},
		"fraction at the open":     {nil, "qty=0.5 time_in_force=opg", 422, b, "fractional orders must be DAY orders"},
		"notional gtc":             {nil, "qty=null notional=50 time_in_force=gtc", 422, b, "fractional orders must be DAY orders"},
		"notional short":           {nil, "qty=null notional=50 side=sell", 422, b, "fractional orders cannot be sold short"},
		"extended at once":         {nil, "extended_hours=true type=limit limit_price=90 time_in_force=ioc", 422, b, "extended hours order must be DAY or GTC limit orders"},
		"extended trailing":        {nil, "extended_hours=true type=trailing_stop trail_price=1", 422, b, "stop orders are not eligible for extended hours trading"},
		"covering past zero":       {[]string{"side=sell"}, "qty=2", 403, 40310000, "insufficient qty available for order (requested: 2, available: 1)"},
		"wash trade, other way":    {[]string{"side=sell", "type=limit limit_price=90"}, "side=sell type=limit limit_price=90", 403, 40310000, "potential wash trade detected. use complex orders"},
		"notional beyond the cash": {nil, "qty=null notional=200001", 403, 40310000, "insufficient buying power"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := append([]string{}, quiet...)
			for _, symbol := range []string{"WHOLE", "REST", "HARD"} {
				lines = append(lines, symbol+",2020-06-01T13:30:00Z,100,101,99,100,1000")
			}
			bench := recorded(t, "2020-06-01T14:00:00Z", lines, func(c *sim.Config) {
				c.WholeShares, c.Untradable, c.HardToBorrow = []string{"WHOLE"}, []string{"REST"}, []string{"HARD"}
			})
			for _, before := range c.before {
				bench.place(t, before)
			}
			bench.advance(t, "2020-06-01T14:00:10Z")
			status, _, body := bench.post(t, c.order)
			refused(t, status, body, c.status, c.code, c.text)
			var orders []wire.Order
			_, listed, _ := bench.ask(t, "GET", "/v2/orders?status=all", "")
			if read(t, listed, &orders); len(orders) != len(c.before) {
				t.Errorf("%d orders after the refusal, want %d", len(orders), len(c.before))
			}
		})
	}
}

// What may stand beside an order of the other side, and what the refusals add to their text.
func TestOrdersBesideOthers(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet)
	b.place(t, "qty=10")
	b.advance(t, "2020-06-01T14:00:10Z")
	resting := b.place(t, "qty=4 side=sell type=limit limit_price=150")
	b.place(t, "type=limit limit_price=90")
	b.place(t, "type=trailing_stop trail_price=20")
	b.place(t, "order_class=oto take_profit.limit_price=140")
	for order, wants := range map[string][]string{
		"type=limit limit_price=151": {`"existing_order_id":"` + resting.ID, `"reject_reason":"opposite side limit order exists"`},
		"":                           {`"existing_order_id":"` + resting.ID, `"reject_reason":"opposite side market/stop order exists"`},
		"side=sell qty=7 type=limit limit_price=149": {
			`"available":"6"`, `"existing_qty":"10"`, `"held_for_orders":"4"`, `"symbol":"XYZ"`, `"related_orders":["` + resting.ID,
		},
		"symbol=OTHER":                       {"not found"},
		"qty=9000 type=limit limit_price=90": {`"buying_power":"`, `"cost_basis":"810000"`},
	} {
		_, _, body := b.post(t, order)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %s lacks %s", order, body, want)
			}
		}
	}
}

func TestAuctionOrdersHaveTheirHours(t *testing.T) {
	t.Parallel()
	for now, want := range map[string][2]bool{ // of opg and cls
		"13:27:59": {true, true}, "13:28:00": {false, true}, "19:49:59": {false, true}, "19:50:00": {false, false},
		"22:59:59": {false, false}, "23:00:00": {true, true},
	} {
		b := recorded(t, "2020-06-01T"+now+"Z", quiet)
		for i, tif := range []string{"opg", "cls"} {
			status, _, body := b.post(t, "type=limit limit_price=90 time_in_force="+tif)
			if (status == 200) != want[i] || status != 200 && status != 403 {
				t.Errorf("%s at %s: HTTP %d %s", tif, now, status, body)
			}
		}
	}
}

// What is refused by the hour of the day says until when.
func TestClosingOrdersAreRefusedInTime(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T19:50:00Z", quiet)
	status, _, body := b.post(t, "time_in_force=cls")
	refused(t, status, body, 403, 40310000, "cls orders must be submitted after 7:00pm and before 3:55pm")
}

// An account of less than $2,000 cannot sell short (Regulation T).
func TestSmallAccountsDoNotSellShort(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet, func(c *sim.Config) { c.Cash = *dec("1999.99") })
	status, _, body := b.post(t, "side=sell")
	refused(t, status, body, 403, 40310000, "account is not allowed to short")
}

// Every refusal of a replacement or a cancellation; the order stays what it was.
func TestReplaceRefusals(t *testing.T) {
	t.Parallel()
	const p, r = 40010001, 42210000
	for name, c := range map[string]struct {
		order, change string
		status, code  int
		text          string
	}{
		"stop price of a limit":    {"type=limit limit_price=90", `{"stop_price":"80"}`, 422, p, "limit orders require no stop price"},
		"limit price of a stop":    {"type=stop stop_price=110", `{"limit_price":"80"}`, 422, p, "stop orders require no limit price"},
		"trail of a limit":         {"type=limit limit_price=90", `{"trail":"1"}`, 422, p, "limit orders require no trail price or percent"},
		"sub-penny":                {"type=limit limit_price=90", `{"limit_price":"80.001"}`, 422, r, "invalid limit_price 80.001. sub-penny increment does not fulfill minimum pricing criteria"},
		"zero":                     {"type=limit limit_price=90", `{"qty":"0"}`, 422, p, "qty must be > 0"},
		"a fraction":               {"type=limit limit_price=90", `{"qty":"1.5"}`, 422, r, "qty of fractional orders cannot be changed"},
		"of a fraction":            {"qty=1.5 type=limit limit_price=90", `{"qty":"2"}`, 422, r, "qty of fractional orders cannot be changed"},
		"of a notional":            {"qty=null notional=50 type=limit limit_price=90", `{"limit_price":"80"}`, 422, r, "notional orders cannot be replaced"},
		"quantity of a bracket":    {"type=limit limit_price=90 order_class=bracket take_profit.limit_price=110 stop_loss.stop_price=80", `{"qty":"2"}`, 422, r, "qty of bracket orders cannot be changed"},
		"a taken id":               {"type=limit limit_price=90 client_order_id=mine", `{"client_order_id":"mine"}`, 422, p, "client_order_id must be unique"},
		"a long id":                {"type=limit limit_price=90", `{"client_order_id":"` + strings.Repeat("x", 129) + `"}`, 422, p, "client_order_id must be no more than 128 characters"},
		"unknown time in force":    {"type=limit limit_price=90", `{"time_in_force":"gtd"}`, 422, p, "time_in_force must be day, gtc, opg, cls, ioc or fok"},
		"too late for the opening": {"type=limit limit_price=90", `{"time_in_force":"opg"}`, 403, 40310000, "opg orders must be submitted after 7:00pm and before 9:28am"},
		"narrow trail":             {"type=trailing_stop trail_percent=5", `{"trail":"0.05"}`, 422, p, "trail_percent must be greater than or equal to 0.1"},
		"beyond the buying power":  {"type=limit limit_price=90", `{"qty":"9999"}`, 403, 40310000, "insufficient buying power"},
		"no JSON":                  {"type=limit limit_price=90", `{`, 422, 40010000, "failed to decode request body"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := recorded(t, "2020-06-01T14:00:00Z", quiet)
			placed := b.place(t, c.order)
			b.advance(t, "2020-06-01T14:00:10Z")
			status, body, _ := b.ask(t, "PATCH", "/v2/orders/"+placed.ID, c.change)
			refused(t, status, body, c.status, c.code, c.text)
			if got := b.order(t, placed.ID); got.Status != "new" || got.ReplacedBy != nil {
				t.Errorf("afterwards %+v", got)
			}
		})
	}
	b := recorded(t, "2020-06-01T21:00:00Z", quiet)
	queued := b.place(t, "type=limit limit_price=90")
	status, body, _ := b.ask(t, "PATCH", "/v2/orders/"+queued.ID, `{"limit_price":"91"}`)
	refused(t, status, body, 422, r, "cannot replace order in accepted status")
	for _, method := range []string{"PATCH", "DELETE"} {
		status, body, _ = b.ask(t, method, "/v2/orders/none", `{}`)
		refused(t, status, body, 404, 40410000, "order not found for none")
	}
	if status, body, _ := b.ask(t, "DELETE", "/v2/orders/"+queued.ID, ""); status != 204 || body != "" {
		t.Errorf("canceled: HTTP %d %s", status, body)
	}
	for _, method := range []string{"PATCH", "DELETE"} {
		status, body, _ = b.ask(t, method, "/v2/orders/"+queued.ID, `{}`)
		refused(t, status, body, 422, r, `order is already in "canceled" state`)
	}
}

func TestNotionalSalesDoNotQueueBesideSales(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet)
	b.place(t, "qty=10")
	b.advance(t, "2020-06-01T21:00:00Z")
	b.place(t, "qty=2 side=sell")
	status, _, body := b.post(t, "qty=null notional=100 side=sell")
	refused(t, status, body, 403, 40310000, "unable to open new notional orders while having open closing position orders")
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet)
	if _, body, _ := b.ask(t, "GET", "/v2/account/configurations", ""); !strings.Contains(body, `"fractional_trading":true`) || !strings.Contains(body, `"max_margin_multiplier":"4"`) {
		t.Error(body)
	}
	change := func(body string) string {
		t.Helper()
		status, answer, _ := b.ask(t, "PATCH", "/v2/account/configurations", body)
		if status != 200 {
			t.Errorf("%s: HTTP %d %s", body, status, answer)
		}
		return answer
	}
	for fields, c := range map[string]struct{ order, text string }{
		`{"suspend_trade":true}`:                             {"", "new orders are rejected by user request"},
		`{"suspend_trade":false,"no_shorting":true}`:         {"side=sell", "account is not allowed to short"},
		`{"suspend_trade":false,"fractional_trading":false}`: {"qty=0.5", "fractional trading is disabled for this account"},
	} {
		change(fields)
		status, _, body := b.post(t, c.order)
		refused(t, status, body, 403, 40310000, c.text)
		change(`{"suspend_trade":false,"no_shorting":false,"fractional_trading":true}`)
	}
	if answer := change(`{"max_margin_multiplier":1,"dtbp_check":"","trade_confirm_email":"none"}`); !strings.Contains(answer, `"max_margin_multiplier":"1"`) || !strings.Contains(answer, `"trade_confirm_email":"none"`) {
		t.Error(answer)
	}
	var account wire.Account
	_, body, _ := b.ask(t, "GET", "/v2/account", "")
	if read(t, body, &account); account.BuyingPower.String() != "100000" || account.Multiplier.String() != "1" {
		t.Error(body)
	}
	for _, wrong := range []string{`{"max_margin_multiplier":"3"}`, `{"trade_confirm_email":"some"}`, `{"max_options_trading_level":9}`, `{"no_shorting":"x"}`, `[]`} {
		if status, answer, _ := b.ask(t, "PATCH", "/v2/account/configurations", wrong); status != 422 {
			t.Errorf("%s: HTTP %d %s", wrong, status, answer)
		}
	}
}

func TestWhatAccountsDoNotHave(t *testing.T) {
	t.Parallel()
	b := recorded(t, "2020-06-01T14:00:00Z", quiet)
	for request, want := range map[string]string{
		"GET /v2/options/contracts":               `200 {"option_contracts":[],"next_page_token":null}`,
		"GET /v2/options/contracts/X":             `404 {"code":40410000,"message":"option contract not found: X"}`,
		"POST /v2/positions/X/exercise":           `403 {"code":40310000,"message":"account not eligible to trade options"}`,
		"GET /v2/wallets":                         `403 {"code":40310000,"message":"crypto is not enabled for this account"}`,
		"GET /v1/locates":                         `403 {"code":40310000,"message":"this feature is not enabled for this account"}`,
		"POST /v2/positions/X/do-not-exercise":    `403 {"code":40310000,"message":"account not eligible to trade options"}`,
		"GET /v2/wallets/fees/estimate":           `403 {"code":40310000,"message":"crypto is not enabled for this account"}`,
		"GET /v2/wallets/transfers":               `403 {"code":40310000,"message":"crypto is not enabled for this account"}`,
		"POST /v2/wallets/transfers":              `403 {"code":40310000,"message":"crypto is not enabled for this account"}`,
		"GET /v2/wallets/transfers/X":             `403 {"code":40310000,"message":"crypto is not enabled for this account"}`,
		"GET /v2/wallets/whitelists":              `403 {"code":40310000,"message":"crypto is not enabled for this account"}`,
		"POST /v2/wallets/whitelists":             `403 {"code":40310000,"message":"crypto is not enabled for this account"}`,
		"DELETE /v2/wallets/whitelists/X":         `403 {"code":40310000,"message":"crypto is not enabled for this account"}`,
		"POST /v1/locates":                        `403 {"code":40310000,"message":"this feature is not enabled for this account"}`,
		"GET /v1/locates/X":                       `403 {"code":40310000,"message":"this feature is not enabled for this account"}`,
		"POST /v2/tokenization/mint":              `403 {"code":40310000,"message":"this feature is not enabled for this account"}`,
		"GET /v2/tokenization/requests":           `403 {"code":40310000,"message":"this feature is not enabled for this account"}`,
		"GET /v2/positions/BTC/USD?symbol=BTCUSD": `404 {"code":40410000,"message":"position does not exist"}`,
	} {
		method, path, _ := strings.Cut(request, " ")
		status, body, _ := b.ask(t, method, path, "")
		if got := fmt.Sprintf("%d %s", status, body); got != want {
			t.Errorf("%s: %s, want %s", request, got, want)
		}
	}
}
