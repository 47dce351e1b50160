package storetest

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func accountStrategies(t *testing.T, w world) {
	owner, stranger := w.user(t, "owner"), w.user(t, "stranger")
	account := w.account(t, owner.ID, "paper")
	strategy, err := w.AccountStrategy(t.Context(), account.ID)
	must(t, err)
	same(t, "as the user does", strategy, trade.AccountStrategy{AccountID: account.ID})

	wanted := trade.DefaultSettings()
	wanted.MaxPositions = 3
	wanted.Risk.MaxExposurePct = decimal.RequireFromString("62.5")
	entry := audit.Entry{Action: audit.StrategyUpdate}
	want(t, w.ChangeAccountStrategy(t.Context(), stranger.ID, account.ID, func(*trade.AccountStrategy) {}, entry), fault.NotFound)
	must(t, w.ChangeAccountStrategy(t.Context(), owner.ID, account.ID, func(s *trade.AccountStrategy) { s.Settings = &wanted }, entry))
	must(t, w.ChangeAccountStrategy(t.Context(), owner.ID, account.ID, func(s *trade.AccountStrategy) { s.Watchlist = []trade.WatchedSymbol{} }, entry))
	strategy, err = w.AccountStrategy(t.Context(), account.ID)
	must(t, err)
	same(t, "settings", *strategy.Settings, wanted)
	same(t, "an empty watchlist is not the user's", strategy.Watchlist != nil, true)

	must(t, w.ChangeAccountStrategy(t.Context(), owner.ID, account.ID, func(s *trade.AccountStrategy) { s.Settings, s.Watchlist = nil, nil }, entry))
	strategy, err = w.AccountStrategy(t.Context(), account.ID)
	must(t, err)
	same(t, "as the user again", strategy.Settings == nil && strategy.Watchlist == nil, true)
	must(t, w.DeleteAccount(t.Context(), owner.ID, account.ID, audit.Entry{Action: audit.AccountDeleted}))
	verifyAudit(t, w.Store)
}

func installationRisk(t *testing.T, w world) {
	limits, err := w.InstallationRisk(t.Context())
	must(t, err)
	same(t, "none", limits, trade.RiskLimits{})
	refused := fault.New(fault.Invalid, "No.")
	_, err = w.ChangeInstallationRisk(t.Context(), func(l *trade.RiskLimits) error { l.MaxOrdersPerDay = 9; return refused }, audit.Entry{})
	want(t, err, fault.Invalid)
	_, err = w.ChangeInstallationRisk(t.Context(), func(l *trade.RiskLimits) error {
		l.DailyLossPct, l.MaxOrdersPerMinute = decimal.RequireFromString("2.5"), 10
		return nil
	}, audit.Entry{Action: audit.RiskChanged})
	must(t, err)
	limits, err = w.InstallationRisk(t.Context())
	must(t, err)
	same(t, "kept", []string{limits.DailyLossPct.String(), decimal.NewFromInt(int64(limits.MaxOrdersPerMinute)).String()}, []string{"2.5", "10"})
	same(t, "refused", limits.MaxOrdersPerDay, 0)
}

func armedAccounts(t *testing.T, w world) {
	owner := w.user(t, "owner")
	account := w.account(t, owner.ID, "live")
	account.Paper = false
	same(t, "a new live account", account.Armed(), false)
	account.ArmedAt = start
	must(t, w.UpdateAccount(t.Context(), account, audit.Entry{Action: audit.AccountArmed}))
	all, err := w.AllAccounts(t.Context())
	must(t, err)
	same(t, "armed", []bool{len(all) == 1, all[0].Armed(), all[0].ArmedAt.Equal(start)}, []bool{true, true, true})
}

func ownStandings(t *testing.T, w world) {
	whole := trade.Standing{AccountID: trade.WholeInstallation, State: trade.Halted, Cause: trade.HaltByPerson, Reason: "Fire drill.", Who: "root", Since: start}
	must(t, w.SetStanding(t.Context(), whole, audit.Entry{Action: audit.TradingHalted}))
	inForce, err := w.Standing(t.Context(), "a")
	must(t, err)
	same(t, "in force", inForce, whole)
	own, err := w.OwnStanding(t.Context(), "a")
	must(t, err)
	same(t, "its own", own, trade.Standing{AccountID: "a", State: trade.Active})
	own, err = w.OwnStanding(t.Context(), trade.WholeInstallation)
	must(t, err)
	same(t, "the installation's", own, whole)
	_, err = w.Reconciliation(t.Context(), "a")
	want(t, err, fault.NotFound)
}

func explains(t *testing.T, w world) {
	decided := newCycle(local, "", start, buy("AAPL", "at1-1", "500.00"), skip("MSFT", trade.SkipHold))
	lease, _ := w.record(t, decided)
	orders, err := w.UnresolvedOrders(t.Context(), local)
	must(t, err)
	fill := trade.Fill{ExecutionID: "e1", OrderID: "b1", Symbol: "AAPL", Side: trade.SideBuy, Qty: decimal.NewFromInt(3), Price: decimal.NewFromInt(131), At: start.Add(time.Minute)}
	claimed, err := w.ClaimOrder(t.Context(), lease, orders[0])
	must(t, err)
	must(t, claimed.Apply(trade.FilledAll))
	must(t, w.RecordOrder(t.Context(), claimed, []trade.Fill{fill}))
	halted := newCycle(local, "", start.Add(time.Hour))
	halted.MarketTime = time.Time{}
	must(t, w.StartCycle(t.Context(), halted))

	before, err := w.Explain(t.Context(), "", local, "AAPL", start.Add(-time.Hour))
	must(t, err)
	same(t, "before everything", before.Newest == nil && before.Cycle == nil, true)
	later, err := w.Explain(t.Context(), "", local, "AAPL", start.Add(2*time.Hour))
	must(t, err)
	decision, ok := later.Decision()
	same(t, "newest cycle, decision, order and fills",
		[]any{later.Newest.ID, later.Cycle.ID, ok, decision.Signal.Symbol, later.Order.State, later.Fills},
		[]any{halted.ID, decided.ID, true, "AAPL", trade.Filled, []trade.Fill{fill}})
	skipped, err := w.Explain(t.Context(), "", local, "MSFT", start.Add(time.Minute))
	must(t, err)
	decision, _ = skipped.Decision()
	same(t, "skipped", []any{decision.Skip, skipped.Order == nil}, []any{trade.SkipHold, true})
	unknown, err := w.Explain(t.Context(), "", local, "TSLA", start.Add(time.Minute))
	must(t, err)
	same(t, "never decided", []bool{unknown.Newest != nil, unknown.Cycle == nil}, []bool{true, true})
	foreign, err := w.Explain(t.Context(), "another user", local, "AAPL", start.Add(2*time.Hour))
	must(t, err)
	same(t, "of another user", foreign.Newest == nil, true)
}
