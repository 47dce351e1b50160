package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// tradingAnswer is the part of GET /api/trading that the tests read.
type tradingAnswer struct {
	Account struct {
		Armed         bool
		Standing, Own struct{ Scope, State, Cause, Reason, Who string }
	}
	Installation struct{ State string }
}

func (v *visitor) trading() tradingAnswer {
	v.t.Helper()
	var answer tradingAnswer
	v.call("GET", "/api/trading", nil).want(200).decode(&answer)
	return answer
}

// TestAHaltLastsUntilSomebodyResumes: halting is one click, lifting it needs a fresh factor and a
// journal that agrees with the broker.
func TestAHaltLastsUntilSomebodyResumes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	if state := v.trading().Account.Standing.State; state != "active" {
		t.Errorf("at first: %s", state)
	}
	v.call("POST", "/api/trading/halt", map[string]any{"state": "reduce_only", "reason": "Earnings."}).want(200)
	v.call("POST", "/api/trading/halt", map[string]any{}).want(200)
	v.call("POST", "/api/trading/halt", map[string]any{"state": "reduce_only"}).want(200) // never looser
	if own := v.trading().Account.Own; own.State != "halted" || own.Cause != "person" || own.Who != "ann" {
		t.Errorf("halted: %+v", own)
	}
	b.desk.set(func(f *fakeDesk) {
		f.found = trade.Reconciliation{InARow: 2, Drift: []trade.Drift{{Symbol: "AAPL", Expected: dollars("3"), Broker: dollars("4")}}}
	})
	if said := v.call("POST", "/api/trading/resume", map[string]any{}).problem(409); !strings.Contains(said, "AAPL 4 at the broker, 3 by the journal") {
		t.Errorf("resumed while they differ: %s", said)
	}
	v.call("POST", "/api/accounts/paper/reconcile", map[string]any{}).want(200)
	v.call("POST", "/api/accounts/paper/reconcile", map[string]any{"adopt": true}).want(200)
	b.clock.Advance(6 * time.Minute)
	v.call("POST", "/api/trading/resume", map[string]any{}).problem(403)
	v.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
	v.call("POST", "/api/trading/resume", map[string]any{"state": "reduce_only"}).want(200)
	v.call("POST", "/api/trading/resume", map[string]any{}).want(200)
	if own := v.trading().Account.Own; own.State != "active" || own.Reason != "" {
		t.Errorf("resumed: %+v", own)
	}
	b.desk.set(func(f *fakeDesk) { f.err = fault.New(fault.BrokerDown, "The broker is away.") })
	v.call("POST", "/api/trading/halt", map[string]any{"all": true}).want(200)
	v.call("POST", "/api/trading/resume", map[string]any{"all": true}).problem(502)
}

func TestEverythingIsClosed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("POST", "/api/trading/flatten", map[string]any{"dry_run": true}).want(200)
	if v.trading().Account.Own.State != "active" {
		t.Error("a dry run changed the state")
	}
	answer := v.call("POST", "/api/trading/flatten", map[string]any{"reason": "Enough."}).want(200).text
	if !strings.Contains(answer, `"symbol":"AAPL"`) || !strings.Contains(answer, `"pending":false`) {
		t.Errorf("answered %s", answer)
	}
	b.clock.Advance(time.Second)
	v.call("POST", "/api/trading/flatten", map[string]any{}).want(200)
	b.desk.set(func(f *fakeDesk) {
		if f.dryRuns != 1 || len(f.flattened) != 2 || f.flattened[0].State != trade.Halted || f.flattened[0].Reason != "Enough." {
			t.Errorf("the desk was asked for %d dry runs and %+v", f.dryRuns, f.flattened)
		}
		if f.flattened[0].Since.Equal(f.flattened[1].Since) {
			t.Error("two requests share the time that names their orders")
		}
	})
	if v.trading().Account.Own.State != "halted" {
		t.Error("it is not halted afterwards")
	}
}

// TestALiveAccountIsArmedFirst: a fresh factor and the name typed again; other keys disarm it.
func TestALiveAccountIsArmedFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("POST", "/api/accounts", map[string]any{"name": "live", "api_key": "AKLIVE12345", "secret_key": "shh", "paper": false}).want(201)
	on := map[string]any{"automated": true}
	v.call("PUT", "/api/accounts/live", on).problem(409)
	v.call("POST", "/api/accounts/live/arm", map[string]any{"confirm_name": "Live"}).problem(400)
	v.call("POST", "/api/accounts/paper/arm", map[string]any{"confirm_name": "paper"}).problem(400)
	v.call("POST", "/api/accounts/live/arm", map[string]any{"confirm_name": "live"}).want(200)
	v.call("PUT", "/api/accounts/live", on).want(200)
	v.call("PUT", "/api/accounts/live", map[string]any{"api_key": "AKLIVE99999", "secret_key": "other"}).want(200)
	if accounts := v.call("GET", "/api/accounts", nil).text; !strings.Contains(accounts, `"automated":false,"armed":false`) {
		t.Errorf("with other keys: %s", accounts)
	}
	v.call("POST", "/api/accounts/live/arm", map[string]any{"confirm_name": "live"}).want(200)
	v.call("PUT", "/api/accounts/live", on).want(200)
	v.call("DELETE", "/api/accounts/live/arm", nil).want(200)
	if accounts := v.call("GET", "/api/accounts", nil).text; strings.Contains(accounts, `"automated":true`) {
		t.Errorf("disarmed, it goes on: %s", accounts)
	}
	b.clock.Advance(6 * time.Minute)
	v.call("POST", "/api/accounts/live/arm", map[string]any{"confirm_name": "live"}).problem(403)
}

func TestAnAccountHasItsOwnStrategy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	v.call("POST", "/api/watchlist", map[string]any{"symbol": "AAPL"}).want(201)
	strategy := v.call("PUT", "/api/accounts/paper/strategy", map[string]any{"max_positions": 2, "risk": map[string]any{"max_orders_per_day": 3}}).want(200).text
	if !strings.HasPrefix(strategy, `{"own":true`) || !strings.Contains(strategy, `"max_positions":2`) {
		t.Errorf("own: %s", strategy)
	}
	if users := v.call("GET", "/api/settings", nil).text; !strings.Contains(users, `"max_positions":5`) {
		t.Errorf("the user's settings changed with it: %s", users)
	}
	b.clock.Advance(6 * time.Minute)
	v.call("PUT", "/api/accounts/paper/strategy", map[string]any{"risk": map[string]any{"max_orders_per_day": 2}}).want(200)
	v.call("PUT", "/api/accounts/paper/strategy", map[string]any{"risk": map[string]any{"max_orders_per_day": 4}}).problem(403)
	v.call("DELETE", "/api/accounts/paper/strategy", nil).problem(403) // the limit would be off
	v.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
	v.call("DELETE", "/api/accounts/paper/strategy", nil).want(200)
	v.call("PUT", "/api/accounts/paper/strategy", map[string]any{"max_positions": 0}).problem(400)
	for field, body := range map[string]map[string]any{
		"stop_los_pct":     {"execution": map[string]any{"stop_los_pct": 3}},
		"max_orders_a_day": {"risk": map[string]any{"max_orders_a_day": 3}},
		"own":              {"own": true},
	} {
		if said := v.call("PUT", "/api/accounts/paper/strategy", body).problem(400); !strings.Contains(said, field) {
			t.Errorf("%v: %s", body, said)
		}
	}

	v.call("PUT", "/api/accounts/paper/watchlist", map[string]any{"symbols": []string{"msft", "MSFT", "SPY"}}).want(200).
		json(`{"own":true,"symbols":[{"symbol":"MSFT","name":"Microsoft Corporation"},{"symbol":"SPY","name":"SPDR S&P 500"}]}`)
	v.call("PUT", "/api/accounts/paper/watchlist", map[string]any{"symbols": []string{"NOPE"}}).problem(404)
	v.call("PUT", "/api/accounts/paper/watchlist", map[string]any{"symbols": []string{}}).want(200).json(`{"own":true,"symbols":[]}`)
	v.call("DELETE", "/api/accounts/paper/watchlist", nil).want(200).
		json(`{"own":false,"symbols":[{"symbol":"AAPL","name":"Apple Inc. Common Stock"}]}`)
}

func TestAnAdministratorHaltsEverybody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.user("root") // the first user is administrator
	ann := b.withAccount("ann")
	b.clock.Advance(6 * time.Minute)
	root.call("PUT", "/api/admin/trading", map[string]any{"state": "halted", "reason": "Fire drill.", "limits": map[string]any{"max_orders_per_day": 9}}).want(200)
	if trading := ann.trading(); trading.Account.Standing.State != "halted" || trading.Account.Standing.Scope != "installation" || trading.Account.Own.State != "active" {
		t.Errorf("ann sees %+v", trading)
	}
	root.call("PUT", "/api/admin/trading", map[string]any{"state": "active"}).problem(403)
	root.call("PUT", "/api/admin/trading", map[string]any{"limits": map[string]any{"max_orders_per_day": 10}}).problem(403)
	root.call("PUT", "/api/admin/trading", map[string]any{"limits": map[string]any{"max_orders_a_day": 8}}).problem(400)
	root.call("PUT", "/api/admin/trading", map[string]any{"limits": map[string]any{"max_orders_per_day": 8}}).want(200)
	root.call("POST", "/api/auth/step-up", map[string]any{"password": password}).want(200)
	report := root.call("PUT", "/api/admin/trading", map[string]any{"state": "active"}).want(200).text
	if !strings.Contains(report, `"max_orders_per_day":8`) || !strings.Contains(report, `"accounts":1`) || ann.trading().Installation.State != "active" {
		t.Errorf("resumed: %s", report)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	account, err := b.store.ActiveAccount(t.Context(), b.id("ann"))
	if err != nil {
		t.Fatal(err)
	}
	slot := at("2026-03-02T15:00:00Z")
	cycle := trade.Cycle{ID: "c1", AccountID: account.ID, UserID: account.UserID, Slot: slot, MarketTime: slot, Decisions: []trade.Decision{
		{Signal: trade.Signal{Symbol: "AAPL", Action: trade.Hold}, Skip: trade.SkipHold},
	}}
	lease, err := b.store.AcquireLease(t.Context(), account.ID, "test")
	if err == nil {
		err = b.store.StartCycle(t.Context(), cycle)
	}
	if err == nil {
		_, err = b.store.RecordDecisions(t.Context(), lease, cycle)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"symbol=aapl", "symbol=AAPL&account=paper&at=2026-03-02T15:00:00Z"} {
		if said := v.call("GET", "/api/explain?"+query, nil).want(200).text; !strings.Contains(said, `"sentence":"Skipped AAPL: no signal."`) {
			t.Errorf("%s: %s", query, said)
		}
	}
	if said := v.call("GET", "/api/explain?symbol=AAPL&at=2026-03-02T14:00:00Z", nil).want(200).text; !strings.Contains(said, "No cycle") {
		t.Errorf("before the first cycle: %s", said)
	}
	v.call("GET", "/api/explain?symbol=AAPL&at=yesterday", nil).problem(400)
	if said := b.user("bob").call("GET", "/api/explain?symbol=AAPL&account=paper", nil).problem(404); strings.Contains(said, "AAPL") {
		t.Errorf("bob is told %s", said)
	}
}

// One call closes the positions of every user's accounts, and needs a fresh factor.
func TestAnAdministratorClosesEverything(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := b.user("root") // the first user is administrator
	ann, bob := b.withAccount("ann"), b.withAccount("bob")
	root.call("POST", "/api/admin/trading/flatten", map[string]any{"dry_run": true}).want(200)
	if state := ann.trading().Account.Standing.State; state != "active" {
		t.Errorf("after a dry run ann is %s", state)
	}
	answer := root.call("POST", "/api/admin/trading/flatten", map[string]any{"reason": "Fire."}).want(200).text
	if !strings.Contains(answer, `"accounts":2`) || !strings.Contains(answer, `"failed":0`) || !strings.Contains(answer, `"pending":0`) {
		t.Errorf("the answer is %s", answer)
	}
	for name, v := range map[string]*visitor{"ann": ann, "bob": bob} {
		if seen := v.trading(); seen.Account.Standing.State != "halted" || seen.Account.Standing.Scope != "installation" {
			t.Errorf("%s sees %+v", name, seen.Account.Standing)
		}
		v.call("POST", "/api/admin/trading/flatten", map[string]any{}).problem(403)
	}
	b.clock.Advance(6 * time.Minute)
	root.call("POST", "/api/admin/trading/flatten", map[string]any{}).problem(403)
}
