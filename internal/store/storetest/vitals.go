package storetest

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// vitals counts what operators watch, through everything that changes it.
func vitals(t *testing.T, w world) {
	owner := w.user(t, "owner")
	var accounts []trade.BrokerageAccount
	for _, name := range []string{"one", "two", "three"} {
		account := w.account(t, owner.ID, name)
		account.Automated = name != "three"
		must(t, w.UpdateAccount(t.Context(), account, audit.Entry{Action: audit.AutomationOn}))
		accounts = append(accounts, account)
	}
	w.wantVitals(t, start, 2, 0, map[trade.TradingState]int{trade.Active: 2})

	checked := start.Add(time.Hour)
	w.compared(t, accounts[0].ID, checked, true)
	w.compared(t, accounts[1].ID, checked, false)
	w.compared(t, accounts[2].ID, checked, false) // not automated: nobody trades there
	w.wantVitals(t, checked, 1, 1, map[trade.TradingState]int{trade.Active: 2})
	w.wantVitals(t, checked.Add(time.Microsecond), 2, 1, map[trade.TradingState]int{trade.Active: 2})

	halt := trade.Standing{AccountID: accounts[1].ID, State: trade.Halted, Cause: trade.HaltMismatch, Reason: "Drift.", Who: "alpaca-trader", Since: checked}
	must(t, w.Halt(t.Context(), halt))
	w.wantVitals(t, checked, 0, 1, map[trade.TradingState]int{trade.Active: 1, trade.Halted: 1})
	halt.AccountID, halt.State = trade.WholeInstallation, trade.ReduceOnly
	must(t, w.Halt(t.Context(), halt))
	w.wantVitals(t, checked, 0, 1, map[trade.TradingState]int{trade.ReduceOnly: 1, trade.Halted: 1})

	w.wantPlans(t, accounts)
	w.wantCounts(t)
}

func (w world) compared(t *testing.T, accountID string, at time.Time, passed bool) {
	t.Helper()
	outcome := trade.Reconciliation{AccountID: accountID, CheckedAt: at, Passed: passed}
	must(t, w.RecordReconciliation(t.Context(), w.lease(t, accountID, "here"), outcome, nil, audit.Entry{}))
}

func (w world) wantVitals(t *testing.T, since time.Time, uncompared, drifting int, states map[trade.TradingState]int) {
	t.Helper()
	count, err := w.Uncompared(t.Context(), since)
	must(t, err)
	same(t, "uncompared", count, uncompared)
	count, err = w.Drifting(t.Context())
	must(t, err)
	same(t, "drifting", count, drifting)
	counts, err := w.AutomatedByState(t.Context())
	must(t, err)
	same(t, "states", counts, states)
}

// wantPlans: the earliest plan of an automated account counts.
func (w world) wantPlans(t *testing.T, accounts []trade.BrokerageAccount) {
	t.Helper()
	oldest, err := w.OldestSlot(t.Context())
	must(t, err)
	same(t, "nothing planned", oldest.IsZero(), true)
	for i, account := range accounts {
		must(t, w.SetNextRun(t.Context(), account.ID, start.Add(time.Duration(3-i)*time.Hour)))
	}
	oldest, err = w.OldestSlot(t.Context())
	must(t, err)
	same(t, "the earliest", oldest.Equal(start.Add(2*time.Hour)), true)
}

func (w world) wantCounts(t *testing.T) {
	t.Helper()
	w.record(t, newCycle(local, "", start, buy("AAPL", "at1-1", "500.00"), skip("MSFT", trade.SkipHold)))
	orders, err := w.UnfinishedOrders(t.Context())
	must(t, err)
	same(t, "orders", orders, map[trade.OrderState]int{trade.Journaled: 1})

	before, err := w.AuditNewest(t.Context())
	must(t, err)
	for _, action := range []audit.Action{audit.LoginFailed, audit.LoginFailed, audit.Login} {
		must(t, w.Append(t.Context(), audit.Entry{Action: action}))
	}
	actions, newest, err := w.AuditActions(t.Context(), before)
	must(t, err)
	same(t, "actions", actions, map[audit.Action]int{audit.LoginFailed: 2, audit.Login: 1})
	same(t, "newest", newest, before+3)
	actions, newest, err = w.AuditActions(t.Context(), newest)
	must(t, err)
	same(t, "nothing new", len(actions), 0)
	same(t, "the newest stays", newest, before+3)
	for name, pool := range w.Connections() {
		same(t, name, pool.Open > 0 && pool.Most >= pool.Open, true)
	}
}
