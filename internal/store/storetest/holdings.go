package storetest

import (
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func accountLifecycle(t *testing.T, w world) {
	ctx, ann := t.Context(), w.user(t, "ann").ID
	_, err := w.ActiveAccount(ctx, ann)
	want(t, err, fault.NotFound)
	made := w.account(t, ann, "Main")
	found, err := w.AccountByName(ctx, ann, "Main")
	must(t, err)
	same(t, "as made", found, made)
	if !found.Active || found.Automated || found.CreatedAt.IsZero() || !found.NextRunAt.IsZero() {
		t.Errorf("a first account: %+v", found)
	}
	_, err = w.CreateAccount(ctx, newAccount(ann, "Main"), audit.Entry{})
	want(t, err, fault.Conflict)

	found.Name, found.Paper, found.Automated = "Renamed", false, true
	found.SealedKey, found.SealedSecret, found.APIKeyHint = []byte{9}, []byte{8}, "AK765432"
	must(t, w.UpdateAccount(ctx, found, audit.Entry{Action: audit.AccountUpdated}))
	changed, err := w.AccountByName(ctx, ann, "Renamed")
	must(t, err)
	same(t, "changed", changed, found)

	w.account(t, ann, "Other")
	changed.Name = "Other"
	want(t, w.UpdateAccount(ctx, changed, audit.Entry{}), fault.Conflict)
	same(t, "entries", len(verifyAudit(t, w.Store)), 4)
}

func oneActiveAccount(t *testing.T, w world) {
	ctx, ann := t.Context(), w.user(t, "ann").ID
	first, second, third := w.account(t, ann, "1"), w.account(t, ann, "2"), w.account(t, ann, "3")
	active := func(wanted string) {
		t.Helper()
		account, err := w.ActiveAccount(ctx, ann)
		must(t, err)
		same(t, "active", account.Name, wanted)
	}
	active("1")
	must(t, w.ActivateAccount(ctx, ann, third.ID, audit.Entry{Action: audit.AccountActivated}))
	active("3")
	must(t, w.ActivateAccount(ctx, ann, third.ID, audit.Entry{Action: audit.AccountActivated}))
	active("3")
	must(t, w.DeleteAccount(ctx, ann, second.ID, audit.Entry{Action: audit.AccountDeleted}))
	active("3")
	must(t, w.DeleteAccount(ctx, ann, third.ID, audit.Entry{Action: audit.AccountDeleted}))
	active("1")
	must(t, w.DeleteAccount(ctx, ann, first.ID, audit.Entry{Action: audit.AccountDeleted}))
	_, err := w.ActiveAccount(ctx, ann)
	want(t, err, fault.NotFound)
	want(t, w.DeleteAccount(ctx, ann, first.ID, audit.Entry{}), fault.NotFound)
	if !w.account(t, ann, "4").Active {
		t.Error("the first account after the last one is not active")
	}
}

func accountsOfOthers(t *testing.T, w world) {
	ctx, ann, ben := t.Context(), w.user(t, "ann").ID, w.user(t, "ben").ID
	hers := w.account(t, ann, "Main")
	mine := w.account(t, ben, "Main") // the same name for another user
	stolen := hers
	stolen.UserID, stolen.Name = ben, "Stolen"
	want(t, w.UpdateAccount(ctx, stolen, audit.Entry{}), fault.NotFound)
	want(t, w.DeleteAccount(ctx, ben, hers.ID, audit.Entry{}), fault.NotFound)
	want(t, w.ActivateAccount(ctx, ben, hers.ID, audit.Entry{}), fault.NotFound)
	account, err := w.ActiveAccount(ctx, ben)
	must(t, err)
	same(t, "still active", account.ID, mine.ID)
	list, err := w.ListAccounts(ctx, ann)
	must(t, err)
	same(t, "hers", list, []trade.BrokerageAccount{hers})
	_, err = w.AccountByName(ctx, "nobody", "Main")
	want(t, err, fault.NotFound)
}

func automatedAccounts(t *testing.T, w world) {
	ctx, ann, ben := t.Context(), w.user(t, "ann").ID, w.user(t, "ben").ID
	w.account(t, ann, "by hand")
	for _, user := range []string{ann, ben} {
		account := w.account(t, user, "automatic")
		account.Automated = true
		must(t, w.UpdateAccount(ctx, account, audit.Entry{Action: audit.AutomationOn}))
	}
	due, err := w.AutomatedAccounts(ctx)
	must(t, err)
	same(t, "automated", len(due), 2)
	next := start.Add(time.Hour)
	must(t, w.SetNextRun(ctx, due[0].ID, next))
	_, err = w.Writer().ExecContext(ctx, "UPDATE users SET disabled = TRUE WHERE username = 'ben'")
	must(t, err)
	due, err = w.AutomatedAccounts(ctx)
	must(t, err)
	if len(due) != 1 || due[0].UserID != ann || !due[0].NextRunAt.Equal(next) {
		t.Errorf("due %+v", due)
	}
	must(t, w.SetNextRun(ctx, due[0].ID, time.Time{}))
	due, err = w.AutomatedAccounts(ctx)
	must(t, err)
	same(t, "no plan", due[0].NextRunAt.IsZero(), true)
}

// slotsPlannedWithRecords moves an account on with the record of its slot, and never back: not where the slot
// has its record, and not where the plan was forgotten or is further.
func slotsPlannedWithRecords(t *testing.T, w world) {
	ctx, ann := t.Context(), w.user(t, "ann").ID
	account := w.account(t, ann, "automatic")
	account.Automated = true
	must(t, w.UpdateAccount(ctx, account, audit.Entry{Action: audit.AutomationOn}))
	slot := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
	begin := func(hours, next int) error {
		cycle := newCycle(account.ID, ann, slot(hours))
		cycle.NextRun = slot(next)
		return w.StartCycle(ctx, cycle)
	}
	planned := func(what string, want time.Time) {
		t.Helper()
		account, err := w.AutomatedAccount(ctx, account.ID)
		must(t, err)
		same(t, what, account.NextRunAt.Equal(want), true)
	}
	must(t, w.SetNextRun(ctx, account.ID, slot(1)))
	must(t, begin(1, 2))
	planned("with the record", slot(2))
	want(t, begin(1, 3), fault.Conflict)
	planned("after a slot that has run", slot(2))
	must(t, w.SetNextRun(ctx, account.ID, slot(6)))
	must(t, begin(3, 4))
	planned("an account that is further", slot(6))
	must(t, w.SetNextRun(ctx, account.ID, time.Time{}))
	must(t, begin(6, 7))
	planned("an account whose plan was forgotten", time.Time{})
}
