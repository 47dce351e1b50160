package api_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func TestRegisterSignInAndOut(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.visitor()
	v.call("GET", "/api/session", nil).want(200).json(
		`{"signed_in":false,"registration":"open","registration_open":true,"first_user":true,"setup_code_required":false,"demo":false,"version":"test"}`)
	ann := map[string]any{"username": "Ann", "email": "ann@example.com", "password": password}
	v.call("POST", "/api/auth/register", ann).want(201).json(`{"success":true,"message":"You can sign in now, unless the user name or the e-mail address was in use already."}`)
	v.call("GET", "/api/accounts", nil).problem(401)
	v.call("POST", "/api/auth/login", map[string]any{"username": "ANN@example.com", "password": password}).want(200).json(`{"success":true}`)
	v.call("GET", "/api/session", nil).want(200).json(
		`{"signed_in":true,"user":{"username":"Ann","email":"ann@example.com","role":"admin"},"registration":"open","registration_open":true,"first_user":false,"setup_code_required":false,"demo":false,"version":"test"}`)
	v.call("POST", "/api/auth/logout", nil).want(200).json(`{"success":true}`)
	v.call("GET", "/api/accounts", nil).problem(401)

	second := b.user("bob")
	if text := second.call("GET", "/api/session", nil).text; !strings.Contains(text, `"role":"trader"`) {
		t.Fatalf("the second user is %s", text)
	}
	second.call("GET", "/logout", nil, "Sec-Fetch-Site", "same-origin").want(303)
	second.call("GET", "/api/accounts", nil).problem(401)
}

func TestRegistrationRefuses(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user("ann")
	v := b.visitor()
	for _, test := range []struct {
		username, email, password string
		status                    int
		says                      string
	}{
		{"an", "x@example.com", password, 400, "user name"},
		{"a b c", "x@example.com", password, 400, "user name"},
		{strings.Repeat("a", 81), "x@example.com", password, 400, "user name"},
		{"<script>", "x@example.com", password, 400, "user name"},
		{"bob", "nobody", password, 400, "e-mail"},
		{"bob", "Bob <bob@example.com>", password, 400, "e-mail"},
		{"bob", strings.Repeat("b", 115) + "@e.com", password, 400, "e-mail"},
		{"bob", "bob@example.com", "short7c", 400, "at least 8"},
		{"bob", "bob@example.com", strings.Repeat("p", 129), 400, "at most 128"},
		{"bob", "bob@example.com", "Password123", 400, "most common"},
		{"bobby-tables", "bob@example.com", "BOBBY-tables", 400, "must differ"},
	} {
		said := v.call("POST", "/api/auth/register", map[string]any{"username": test.username, "email": test.email, "password": test.password}).problem(test.status)
		if !strings.Contains(said, test.says) {
			t.Errorf("%q %q %q: said %q, want something with %q", test.username, test.email, test.password, said, test.says)
		}
	}
}

func TestAccountsFromAddingToDeleting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	v.call("GET", "/api/accounts", nil).want(200).json(`[]`)
	v.call("POST", "/api/accounts", map[string]any{"name": " my paper ", "api_key": " PKTESTKEY123\n", "secret_key": "shh"}).
		want(201).json(`{"success":true,"message":"Account added.","name":"my paper","verified":true}`)
	created := b.clock.Now().Truncate(time.Microsecond).Format(time.RFC3339Nano)
	b.clock.Advance(time.Second)
	v.call("POST", "/api/accounts", map[string]any{"name": "live", "api_key": "AKLIVE", "secret_key": "shh", "paper": false}).want(201)
	later := b.clock.Now().Truncate(time.Microsecond).Format(time.RFC3339Nano)
	v.call("GET", "/api/accounts", nil).want(200).json(`[
		{"name":"my paper","api_key":"PKTESTKE...","paper":true,"active":true,"demo":false,"automated":false,"armed":true,"next_run":null,"created_at":"` + created + `"},
		{"name":"live","api_key":"AKLIVE...","paper":false,"active":false,"demo":false,"automated":false,"armed":false,"next_run":null,"created_at":"` + later + `"}]`)

	v.call("POST", "/api/accounts/live/activate", nil).want(200)
	if said := v.call("GET", "/api/account", nil).want(200).text; !strings.Contains(said, `"name":"live","paper":false`) {
		t.Fatalf("the active account is %s", said)
	}
	v.call("DELETE", "/api/accounts/live", nil).want(200).json(`{"success":true}`)
	v.call("GET", "/api/account", nil).want(200).json(`{"equity":100250.5,"last_equity":100000,"cash":90000,"buying_power":180000,
		"portfolio_value":100250.5,"market_open":true,"name":"my paper","paper":true,"demo":false}`)
	v.call("DELETE", "/api/accounts/live", nil).problem(404)
	v.call("POST", "/api/accounts/live/activate", nil).problem(404)
	v.call("PUT", "/api/accounts/live", map[string]any{"name": "x"}).problem(404)
	v.call("DELETE", "/api/accounts/my%20paper", nil).want(200)
	v.call("GET", "/api/account", nil).problem(400)
}

func TestAccountsRefuse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	good := func(name, value string) map[string]any {
		body := map[string]any{"name": "new", "api_key": "PK1", "secret_key": "s", "paper": true}
		body[name] = value
		return body
	}
	for _, test := range []struct {
		body   map[string]any
		status int
		says   string
	}{
		{good("name", "  "), 400, "name"},
		{good("name", strings.Repeat("n", 81)), 400, "name"},
		{good("name", "a\u0000b"), 400, "NUL"},
		{good("name", "a\nb"), 400, "name"},
		{good("name", ".."), 400, "name"},
		{good("name", "paper"), 409, "already"},
		{good("api_key", " "), 400, "API key"},
		{good("api_key", strings.Repeat("k", 129)), 400, "API key"},
		{good("secret_key", "a\r\nX-Evil: 1"), 400, "secret key"},
		{good("secret_key", "käse"), 400, "secret key"},
	} {
		said := v.call("POST", "/api/accounts", test.body).problem(test.status)
		if !strings.Contains(said, test.says) {
			t.Errorf("%v: said %q", test.body, said)
		}
	}
	b.broker.set(func(f *fakeBroker) { f.err = fault.New(fault.BrokerRefused, "Alpaca refused the request.") })
	if said := v.call("POST", "/api/accounts", good("name", "wrong")).problem(502); !strings.Contains(said, "refused these keys") {
		t.Errorf("wrong keys: said %q", said)
	}
	b.broker.set(func(f *fakeBroker) { f.err = errors.New("dial tcp: timeout") })
	v.call("POST", "/api/accounts", good("name", "unsure")).want(201).json(
		`{"success":true,"message":"Account added.","name":"unsure","verified":false,"warning":"Saved, but Alpaca did not answer, so the keys are not verified yet."}`)
	names := v.call("GET", "/api/accounts", nil).want(200).text
	if strings.Contains(names, "wrong") || !strings.Contains(names, "unsure") {
		t.Errorf("stored: %s", names)
	}
	if strings.Contains(b.log.String(), "shh") {
		t.Error("a secret key is in the log")
	}
}

func TestChangingAnAccount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	change := func(body map[string]any) answer { return v.call("PUT", "/api/accounts/paper", body) }

	change(map[string]any{"automated": true}).want(200)
	if got := v.call("GET", "/api/accounts", nil).text; !strings.Contains(got, `"automated":true`) {
		t.Fatalf("automation is not on: %s", got)
	}
	if said := change(map[string]any{"api_key": "PKNEW"}).problem(400); !strings.Contains(said, "belong together") {
		t.Errorf("one key alone: %q", said)
	}
	if said := change(map[string]any{"paper": false, "automated": true}).problem(400); !strings.Contains(said, "live first") {
		t.Errorf("live and automation at once: %q", said)
	}
	before := b.broker.lastOpened()
	change(map[string]any{"paper": false}).want(200)
	after := b.broker.lastOpened()
	if after.Paper || after.Automated || string(after.SealedKey) == string(before.SealedKey) {
		t.Errorf("moved to live: paper %v, automated %v, sealed again %v", after.Paper, after.Automated, string(after.SealedKey) != string(before.SealedKey))
	}
	if got := v.call("GET", "/api/accounts", nil).text; !strings.Contains(got, `"automated":false`) || !strings.Contains(got, `"paper":false`) {
		t.Errorf("after the move to live: %s", got)
	}
	change(map[string]any{"api_key": "AKNEWKEY99", "secret_key": "other", "name": "paper"}).want(200)
	if got := v.call("GET", "/api/accounts", nil).text; !strings.Contains(got, "AKNEWKEY...") {
		t.Errorf("new keys: %s", got)
	}
	b.broker.set(func(f *fakeBroker) { f.err = fault.New(fault.BrokerRefused, "no") })
	change(map[string]any{"api_key": "AKBAD", "secret_key": "other"}).problem(502)
	if got := v.call("GET", "/api/accounts", nil).text; !strings.Contains(got, "AKNEWKEY...") {
		t.Errorf("refused keys were stored: %s", got)
	}
	b.broker.set(func(f *fakeBroker) { f.err = nil })
	v.call("POST", "/api/accounts", map[string]any{"name": "second", "api_key": "PK2", "secret_key": "s"}).want(201)
	change(map[string]any{"name": "second"}).problem(409)
	change(map[string]any{"name": "renamed"}).want(200)
	change(map[string]any{"name": "again"}).problem(404)
}

func TestWatchlist(t *testing.T) {
	t.Parallel()
	b := setup(t)
	without := b.user("bob")
	if said := without.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).problem(400); said != "Add a brokerage account first." {
		t.Errorf("without an account: %q", said)
	}
	v := b.withAccount("ann")
	v.call("GET", "/api/watchlist", nil).want(200).json(`[]`)
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "aapl"}).want(201).json(`{"success":true,"symbol":"AAPL","name":"Apple Inc. Common Stock"}`)
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "MSFT"}).want(201)
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).problem(409)
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "ZZZZ"}).problem(404)
	for _, bad := range []string{"", "AAPLE1", "ABCDEF", "BRK.B", "<b>", "Ä", "A A"} {
		v.call("POST", "/api/watchlist", map[string]any{"symbol": bad}).problem(400)
	}
	v.call("GET", "/api/watchlist", nil).want(200).json(`[{"symbol":"AAPL","name":"Apple Inc. Common Stock"},{"symbol":"MSFT","name":"Microsoft Corporation"}]`)
	v.call("DELETE", "/api/watchlist/aapl", nil).want(200).json(`{"success":true}`)
	v.call("DELETE", "/api/watchlist/AAPL", nil).problem(404)
	v.call("DELETE", "/api/watchlist/toolong", nil).problem(400)
}

func TestIndicatorSwitches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	v.call("GET", "/api/indicators", nil).want(200).json(`{"rsi":{"enabled":true,"name":"RSI"},"sma":{"enabled":true,"name":"SMA Crossover"},
		"macd":{"enabled":true,"name":"MACD"},"bollinger":{"enabled":true,"name":"Bollinger Bands"},
		"schedule":{"enabled":false,"name":"Automated Trading"},"signal_mode":"majority","signal_min_agree":2}`)
	v.call("PUT", "/api/indicators", map[string]any{"rsi": false, "signal_mode": "any", "signal_min_agree": 1}).
		want(200).json(`{"success":true,"updated":{"rsi":false,"signal_mode":"any","signal_min_agree":1}}`)
	if said := v.call("PUT", "/api/indicators", map[string]any{"schedule_enabled": true, "macd": false}).problem(400); said != "Add a brokerage account first." {
		t.Errorf("automation without an account: %q", said)
	}
	if got := v.call("GET", "/api/indicators", nil).text; !strings.Contains(got, `"macd":{"enabled":true`) {
		t.Errorf("a refused change was half done: %s", got)
	}
	for _, bad := range []string{`{"rsi":"yes"}`, `{"rsi":null}`, `{"signal_mode":"most"}`, `{"signal_min_agree":5}`, `{"signal_min_agree":0}`, `{"signal_min_agree":1.5}`, `{"stochastic":true}`} {
		v.call("PUT", "/api/indicators", bad).problem(400)
	}
	v.call("POST", "/api/accounts", map[string]any{"name": "paper", "api_key": "PK", "secret_key": "s"}).want(201)
	v.call("PUT", "/api/indicators", map[string]any{"schedule_enabled": true}).want(200).json(`{"success":true,"updated":{"schedule_enabled":true}}`)
	if got := v.call("GET", "/api/indicators", nil).text; !strings.Contains(got, `"schedule":{"enabled":true`) || !strings.Contains(got, `"rsi":{"enabled":false`) {
		t.Errorf("switches: %s", got)
	}
	if got := v.call("GET", "/api/scheduler-status", nil).text; !strings.Contains(got, `"automation":true`) {
		t.Errorf("status: %s", got)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	const defaults = `{"timeframe":"1Hour","lookback_days":30,"rsi":{"enabled":true,"period":14,"overbought":70,"oversold":30},
		"sma":{"enabled":true,"short_period":50,"long_period":200},"macd":{"enabled":true,"fast_period":12,"slow_period":26,"signal_period":9},
		"bollinger":{"enabled":true,"period":20,"std_dev":2},"signal_mode":"majority","signal_min_agree":2,"order_type":"market",
		"time_in_force":"day","position_size_pct":10,"max_positions":5,"allow_short":false,
		"execution":{"size_by":"percent","dollars":0,"shares":0,"risk_pct":0,"atr_period":0,"atr_multiple":0,"whole_shares":false,
			"limit_offset_pct":0,"max_slippage_pct":0,"extended_hours":false,"stop_loss_pct":0,"take_profit_pct":0,"trailing_stop_pct":0,"foreign":"adopt"},
		"risk":{"max_exposure_pct":0,"max_symbol_pct":0,"max_sector_pct":0,"sectors":{},"max_orders_per_minute":0,"max_orders_per_day":0,
			"daily_loss_pct":0,"max_drawdown":{"percent":0,"lookback_days":0,"pause_minutes":0},"consecutive_losses":{"trades":0,"pause_minutes":0},
			"cooldown_minutes":0,"stoploss_guard":{"trades":0,"lookback_minutes":0,"pause_minutes":0,"per_symbol":false},
			"low_profit_symbols":{"trades":0,"lookback_minutes":0,"pause_minutes":0,"required_pct":0},
			"max_bar_age_minutes":0,"max_price_gap_pct":0,"max_spread_pct":0,"min_price":0,"min_volume":0},
		"schedule_kind":"bar_close","schedule_interval_minutes":60,"schedule_cron":null,"schedule_market_hours_only":true,"schedule_extended_hours":false}`
	v.call("GET", "/api/settings", nil).want(200).json(defaults)
	v.call("PUT", "/api/settings", defaults).want(200).json(`{"success":true,"settings":` + defaults + `}`)

	v.call("PUT", "/api/settings", `{"rsi":{"period":7},"position_size_pct":2.5,"schedule_cron":"35 15 * * 1-5"}`).want(200)
	got := v.call("GET", "/api/settings", nil).want(200).text
	for _, want := range []string{`"period":7,"overbought":70`, `"position_size_pct":2.5`, `"schedule_cron":"35 15 * * 1-5"`, `"long_period":200`} {
		if !strings.Contains(got, want) {
			t.Errorf("after a partial change there is no %s in %s", want, got)
		}
	}
	v.call("PUT", "/api/settings", `{"schedule_cron":null}`).want(200)
	if got := v.call("GET", "/api/settings", nil).text; !strings.Contains(got, `"schedule_cron":null`) {
		t.Errorf("the cron expression was not cleared: %s", got)
	}
	for _, test := range []struct{ body, says string }{
		{`{"rsi":{"period":0}}`, "rsi.period must be between"},
		{`{"sma":{"short_period":200}}`, "sma.short_period must be below long_period"},
		{`{"bollinger":{"std_dev":11}}`, "bollinger.std_dev"},
		{`{"timeframe":"2Hour"}`, `"timeframe"`},
		{`{"position_size_pct":0}`, "position_size_pct must be above 0"},
		{`{"max_positions":0}`, "max_positions"},
		{`{"schedule_interval_minutes":0}`, "schedule_interval_minutes"},
		{`{"schedule_cron":"every day"}`, "schedule_cron needs five fields"},
		{`{"schedule_cron":"61 * * * *"}`, "schedule_cron cannot be read"},
		{`{"schedule_cron":"TZ=UTC 1 1 1 1"}`, "schedule_cron needs"},
		{`{"schedule_cron":5}`, `"schedule_cron" must be: string`},
		{`{"rsi":{"periods":3}}`, `"rsi.periods" is not known`},
		{`{"rsi":null}`, `"rsi"`},
		{`{"max_positions":"5"}`, `"max_positions" must be: integer`},
		{`{"order_type":"stop"}`, "order_type"},
	} {
		if said := v.call("PUT", "/api/settings", test.body).problem(400); !strings.Contains(said, test.says) {
			t.Errorf("%s: said %q, want something with %q", test.body, said, test.says)
		}
	}
}

func TestDashboardReads(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
	b.broker.set(func(f *fakeBroker) {
		f.positions = []trade.Position{{
			Symbol: "AAPL", Qty: dollars("-3.5"), AvgEntryPrice: dollars("200.25"), MarketValue: dollars("-700"),
			CurrentPrice: dollars("200"), UnrealizedPL: dollars("0.875"), UnrealizedPLPC: dollars("0.0012"),
		}}
		f.open = []trade.BrokerOrder{{ID: "o2", ClientOrderID: "at1-b", Symbol: "SPY", Side: trade.SideBuy, Type: "market", Notional: some("100.50"), Status: "new", SubmittedAt: at("2026-03-02T14:59:00Z")}}
		f.closed = []trade.BrokerOrder{{ID: "o1", ClientOrderID: "at1-a", Symbol: "AAPL", Side: trade.SideSell, Type: "market", Qty: some("3.5"), FilledQty: dollars("3.5"), FilledAvgPrice: some("200.25"), Status: "filled", SubmittedAt: at("2026-03-01T14:59:00Z"), FilledAt: at("2026-03-01T15:00:00Z")}}
		f.history = trade.PortfolioHistory{Timestamp: []int64{1, 2}, Equity: []float64{100, 101}, ProfitLoss: []float64{0, 1}, ProfitLossPct: []float64{0, 0.01}, BaseValue: 100}
		f.signals = map[string]trade.Signal{"AAPL": {
			Action: trade.Buy, Strength: 50, Price: 200, BarStart: at("2026-03-01T05:00:00Z"), BarEnd: at("2026-03-01T21:00:00Z"),
			Votes: []trade.Vote{
				{Indicator: "rsi", Action: trade.Buy, Values: []trade.Value{{Name: "rsi", Number: 27.4}}, Reason: "RSI 27.4 < 30"},
				{Indicator: "sma", Problem: "sma needs 200 bars, has 143"},
			},
		}}
		f.prices = map[string]float64{"AAPL": 202}
	})
	v.call("GET", "/api/positions", nil).want(200).json(`[{"symbol":"AAPL","side":"short","qty":-3.5,"avg_entry":200.25,"current_price":200,"market_value":-700,"unrealized_pl":0.875,"unrealized_plpc":0.0012}]`)
	const open = `{"id":"o2","client_order_id":"at1-b","symbol":"SPY","side":"buy","type":"market","qty":null,"notional":"100.5","filled_qty":"0","filled_avg_price":null,"status":"new","submitted_at":"2026-03-02T14:59:00Z","filled_at":null}`
	const closed = `{"id":"o1","client_order_id":"at1-a","symbol":"AAPL","side":"sell","type":"market","qty":"3.5","notional":null,"filled_qty":"3.5","filled_avg_price":"200.25","status":"filled","submitted_at":"2026-03-01T14:59:00Z","filled_at":"2026-03-01T15:00:00Z"}`
	v.call("GET", "/api/orders?status=all", nil).want(200).json(`[` + open + `,` + closed + `]`)
	v.call("GET", "/api/orders", nil).want(200).json(`[` + closed + `]`)
	v.call("GET", "/api/orders?status=odd", nil).problem(400)
	v.call("GET", "/api/signals", nil).want(200).json(`[{"symbol":"AAPL","name":"Apple Inc. Common Stock","action":"buy","strength":50,
		"details":{"rsi_signal":"buy","sma_signal":null,"macd_signal":null,"bb_signal":null},"price":202,"change_pct":1.0000000000000009,"values":{"rsi":27.4},
		"bar_time":"2026-03-01T05:00:00Z","votes":[
			{"indicator":"rsi","action":"buy","values":[{"name":"rsi","number":27.4}],"reason":"RSI 27.4 < 30","problem":""},
			{"indicator":"sma","action":"","values":[],"reason":"","problem":"sma needs 200 bars, has 143"}]}]`)
	for period, timeframe := range map[string]string{"": "1D", "?period=1D": "15Min", "?period=1W": "1H", "?period=1A": "1D"} {
		v.call("GET", "/api/portfolio-history"+period, nil).want(200).json(
			`{"timestamp":[1,2],"equity":[100,101],"profit_loss":[0,1],"profit_loss_pct":[0,0.01],"base_value":100,"timeframe":"` + timeframe + `"}`)
	}
	v.call("GET", "/api/portfolio-history?period=2D", nil).problem(400)
	v.call("GET", "/api/scheduler-status", nil).want(200).json(`{"running":false,"automation":false,"next_run":null,"demo":false,"market_open":true,
		"market_time":"2026-03-02T15:00:00Z","next_open":"2026-03-03T14:30:00Z","next_close":"2026-03-02T21:00:00Z"}`)
}

func TestAPoorBrokerIsSaidInOneSentence(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
	reads := []string{"/api/account", "/api/positions", "/api/orders", "/api/portfolio-history", "/api/signals"}
	for _, trouble := range []error{
		fault.New(fault.BrokerDown, "Alpaca could not be reached."), fault.New(fault.BrokerRefused, "Alpaca refused the request."), errors.New("SECRET detail"),
	} {
		b.broker.set(func(f *fakeBroker) { f.err = trouble })
		for _, path := range reads {
			if said := v.call("GET", path, nil).problem(502); strings.Contains(said, "SECRET") {
				t.Errorf("%s tells the cause: %s", path, said)
			}
		}
		v.call("GET", "/api/scheduler-status", nil).want(200)
	}
	if !strings.Contains(b.log.String(), "SECRET detail") {
		t.Error("the cause is not in the log")
	}
}

func TestWithoutAnAccountPagesSayWhatToDo(t *testing.T) {
	t.Parallel()
	v := setup(t).user("ann")
	for _, path := range []string{"/api/account", "/api/positions", "/api/orders", "/api/portfolio-history", "/api/signals", "/api/cycles"} {
		if said := v.call("GET", path, nil).problem(400); said != "Add a brokerage account first." {
			t.Errorf("%s: %q", path, said)
		}
	}
	v.call("GET", "/api/scheduler-status", nil).want(200).json(
		`{"running":false,"automation":false,"next_run":null,"demo":false,"market_open":false,"market_time":null,"next_open":null,"next_close":null}`)
}

// recordCycle journals a finished cycle with one order and one skip for the user's active account.
func (b *bench) recordCycle(name string) trade.Cycle {
	b.t.Helper()
	ctx := b.t.Context()
	account, err := b.store.ActiveAccount(ctx, b.id(name))
	if err != nil {
		b.t.Fatal(err)
	}
	lease, err := b.store.AcquireLease(ctx, account.ID, "test")
	if err != nil {
		b.t.Fatal(err)
	}
	slot := at("2026-03-02T15:00:00Z")
	barEnd := at("2026-03-02T14:00:00Z")
	id := trade.ClientOrderID(account.ID, "r1", "AAPL", barEnd, trade.Entry, 1)
	cycle := trade.Cycle{ID: uuid.NewString(), AccountID: account.ID, UserID: account.UserID, Slot: slot, MarketTime: slot, StartedAt: slot, Outcome: trade.CycleRunning}
	if err := b.store.StartCycle(ctx, cycle); err != nil {
		b.t.Fatal(err)
	}
	cycle.Decisions = []trade.Decision{
		{Signal: trade.Signal{Symbol: "AAPL", Action: trade.Buy, Strength: 75, BarStart: at("2026-03-02T13:00:00Z"), BarEnd: barEnd, Price: 200}, Intent: &trade.Intent{
			ID: uuid.NewString(), AccountID: account.ID, UserID: account.UserID, CycleID: cycle.ID, ClientOrderID: id, Symbol: "AAPL",
			Side: trade.SideBuy, Type: trade.MarketOrder, TimeInForce: trade.TIFDay, Notional: some("1000.25"), Purpose: trade.Entry,
			Reason: "Bought $1,000.25 of AAPL because RSI 27.4 < 30.", BarEnd: barEnd, Attempt: 1, Deadline: slot.Add(time.Hour), CreatedAt: slot,
		}},
		{Signal: trade.Signal{Symbol: "MSFT", Action: trade.Hold}, Skip: trade.SkipHold},
	}
	if cycle, err = b.store.RecordDecisions(ctx, lease, cycle); err != nil {
		b.t.Fatal(err)
	}
	cycle.Outcome, cycle.FinishedAt = trade.CycleDone, slot.Add(time.Second)
	if err := b.store.FinishCycle(ctx, cycle); err != nil {
		b.t.Fatal(err)
	}
	return cycle
}

func TestCyclesExplainThemselves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("GET", "/api/cycles", nil).want(200).json(`[]`)
	cycle := b.recordCycle("ann")
	v.call("GET", "/api/cycles?limit=5", nil).want(200).json(`[{"id":"` + cycle.ID + `","slot":"2026-03-02T15:00:00Z","market_time":"2026-03-02T15:00:00Z",
		"started_at":"2026-03-02T15:00:00Z","finished_at":"2026-03-02T15:00:01Z","outcome":"done","problem":"","dry_run":false,"decisions":[
		{"symbol":"AAPL","action":"buy","strength":75,"votes":[],"bar_time":"2026-03-02T13:00:00Z","price":200,"skip":null,
		 "sentence":"Bought $1,000.25 of AAPL because RSI 27.4 < 30.",
		 "order":{"client_order_id":"` + cycle.Decisions[0].Intent.ClientOrderID + `","side":"buy","qty":null,"notional":1000.25,"state":"journaled"}},
		{"symbol":"MSFT","action":"hold","strength":0,"votes":[],"bar_time":null,"price":0,"skip":"hold","sentence":"Skipped MSFT: no signal.","order":null}]}]`)
	for _, bad := range []string{"0", "101", "-1", "x", "1e3"} {
		v.call("GET", "/api/cycles?limit="+bad, nil).problem(400)
	}
}
