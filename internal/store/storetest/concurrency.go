package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const crowd = 8

func leaseExcludes(t *testing.T, w world) {
	ctx := t.Context()
	first := w.lease(t, "a", "one")
	same(t, "renewed by its holder", w.lease(t, "a", "one"), first)
	_, err := w.AcquireLease(ctx, "a", "two")
	want(t, err, fault.Conflict)
	w.lease(t, "b", "two") // another account
	must(t, w.ReleaseLease(ctx, first))
	second := w.lease(t, "a", "two")
	if second.Epoch <= first.Epoch {
		t.Errorf("the epoch went from %d to %d", first.Epoch, second.Epoch)
	}
	must(t, w.ReleaseLease(ctx, first)) // too late to free another's lease
	_, err = w.AcquireLease(ctx, "a", "one")
	want(t, err, fault.Conflict)
}

// hasty is the same database with a lease that expires at once.
func (w world) hasty(t *testing.T) *store.Store {
	return w.again(t, func(o *store.Options) { o.LeaseLength = time.Microsecond })
}

func leaseExpires(t *testing.T, w world) {
	first, err := w.hasty(t).AcquireLease(t.Context(), "a", "one")
	must(t, err)
	deadline, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	second, err := w.AcquireLease(deadline, "a", "two")
	for fault.Is(err, fault.Conflict) { // within the same microsecond
		second, err = w.AcquireLease(deadline, "a", "two")
	}
	must(t, err)
	if second.Epoch <= first.Epoch {
		t.Errorf("the epoch went from %d to %d", first.Epoch, second.Epoch)
	}
}

func staleHolderIsRefused(t *testing.T, w world) {
	ctx, hasty := t.Context(), w.hasty(t)
	stale, err := hasty.AcquireLease(ctx, local, "one")
	must(t, err)
	cycle := newCycle(local, "", start, buy("AAPL", "at1-1", "1"))
	must(t, w.StartCycle(ctx, cycle))
	_, err = w.RecordDecisions(ctx, stale, cycle)
	must(t, err)
	orders, err := w.UnresolvedOrders(ctx, local)
	must(t, err)
	order := orders[0]

	fresh, err := w.AcquireLease(ctx, local, "two")
	for fault.Is(err, fault.Conflict) {
		fresh, err = w.AcquireLease(ctx, local, "two")
	}
	must(t, err)
	_, err = w.ClaimOrder(ctx, stale, order)
	want(t, err, fault.Conflict)
	late := newCycle(local, "", start.Add(time.Hour), buy("MSFT", "at1-2", "1"))
	must(t, w.StartCycle(ctx, late))
	_, err = w.RecordDecisions(ctx, stale, late)
	want(t, err, fault.Conflict)

	claimed, err := w.ClaimOrder(ctx, fresh, order)
	must(t, err)
	order.Epoch = stale.Epoch // what the stale holder still believes
	must(t, w.RecordOrder(ctx, order, nil))
	orders, err = w.UnresolvedOrders(ctx, local)
	must(t, err)
	same(t, "the later claim stands", []any{orders[0].State, orders[0].Epoch}, []any{claimed.State, fresh.Epoch})

	next, err := w.AcquireLease(ctx, local, "two")
	must(t, err)
	must(t, w.ReleaseLease(ctx, next))
	third := w.lease(t, local, "three")
	_, err = w.ClaimOrder(ctx, third, orders[0]) // left in submitting by a holder that died
	must(t, err)
}

func manyRegisterAtOnce(t *testing.T, w world) {
	made := together(t, crowd, fault.Conflict, func(ctx context.Context, i int) error {
		_, err := w.CreateUser(ctx, newUser(fmt.Sprint("user", i)), []byte{1}, trade.DefaultSettings(), audit.Entry{Action: audit.Register})
		return err
	})
	same(t, "made", made, crowd)
	admins := 0
	for i := range crowd {
		user, err := w.UserByLogin(t.Context(), fmt.Sprint("user", i))
		must(t, err)
		if user.Role == auth.Admin {
			admins++
		}
	}
	same(t, "admins", admins, 1)
	made = together(t, crowd, fault.Conflict, func(ctx context.Context, _ int) error {
		_, err := w.CreateUser(ctx, newUser("same"), []byte{1}, trade.DefaultSettings(), audit.Entry{Action: audit.Register})
		return err
	})
	same(t, "of one name", made, 1)
	same(t, "entries", len(verifyAudit(t, w.Store)), crowd+1)
}

func manyAddAccountsAtOnce(t *testing.T, w world) {
	ann := w.user(t, "ann").ID
	made := together(t, crowd, fault.Conflict, func(ctx context.Context, i int) error {
		_, err := w.CreateAccount(ctx, newAccount(ann, fmt.Sprint("account", i)), audit.Entry{Action: audit.AccountCreated})
		return err
	})
	same(t, "made", made, crowd)
	list, err := w.ListAccounts(t.Context(), ann)
	must(t, err)
	active := 0
	for _, account := range list {
		if account.Active {
			active++
		}
	}
	same(t, "active", active, 1)
	together(t, crowd, fault.NotFound, func(ctx context.Context, i int) error {
		if i%2 == 0 {
			return w.DeleteAccount(ctx, ann, list[i].ID, audit.Entry{Action: audit.AccountDeleted})
		}
		return w.ActivateAccount(ctx, ann, list[i].ID, audit.Entry{Action: audit.AccountActivated})
	})
	_, err = w.ActiveAccount(t.Context(), ann)
	must(t, err)
	verifyAudit(t, w.Store)
}

func manyAppendAtOnce(t *testing.T, w world) {
	second := w.again(t, func(*store.Options) {})
	const each = 20
	done := together(t, crowd, fault.Unavailable, func(ctx context.Context, i int) error {
		for n := range each {
			if err := []*store.Store{w.Store, second}[i%2].Append(ctx, audit.Entry{Action: audit.Login, Target: fmt.Sprint(i, n)}); err != nil {
				return err
			}
		}
		return nil
	})
	same(t, "goroutines that wrote all", done, crowd)
	same(t, "entries without a gap", len(verifyAudit(t, w.Store)), crowd*each)
}

func manyClaimOneOrder(t *testing.T, w world) {
	lease, order := w.order(t, "at1-1")
	second := w.again(t, func(*store.Options) {})
	claimed := together(t, crowd, fault.Conflict, func(ctx context.Context, i int) error {
		_, err := []*store.Store{w.Store, second}[i%2].ClaimOrder(ctx, lease, order)
		return err
	})
	same(t, "claims", claimed, 1)
}

func manyTakeOneLease(t *testing.T, w world) {
	taken := together(t, crowd, fault.Conflict, func(ctx context.Context, i int) error {
		_, err := w.AcquireLease(ctx, "a", fmt.Sprint("holder", i))
		return err
	})
	same(t, "holders", taken, 1)
}

func manyStartOneCycle(t *testing.T, w world) {
	started := together(t, crowd, fault.Conflict, func(ctx context.Context, _ int) error {
		return w.StartCycle(ctx, newCycle("a", "u", start))
	})
	same(t, "cycles", started, 1)
}

// stopping cancels the context before one statement of a transaction runs.
type stopping struct {
	cancel context.CancelFunc
	after  int
}

// BeforeQuery counts down and cancels.
func (s *stopping) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	if s.after--; s.after < 0 {
		s.cancel()
	}
	return ctx
}

// AfterQuery does nothing.
func (s *stopping) AfterQuery(context.Context, *bun.QueryEvent) {}

func cancelledWritesLeaveNothing(t *testing.T, w world) {
	for after := range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		hooked := w.again(t, func(o *store.Options) { o.Hook = &stopping{cancel, after} })
		_, err := hooked.CreateUser(ctx, newUser("ann"), []byte{1}, trade.DefaultSettings(), audit.Entry{Action: audit.Register})
		cancel()
		if err == nil {
			if after < 5 {
				t.Fatalf("nothing was cancelled before statement %d", after)
			}
			verifyAudit(t, w.Store)
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before statement %d: %v", after, err)
		}
		count, err := w.CountUsers(t.Context())
		must(t, err)
		same(t, fmt.Sprint("users after a cancellation before statement ", after), count, 0)
		same(t, "entries", len(verifyAudit(t, w.Store)), 0)
	}
	t.Error("no number of statements was enough")
}

func failedWritesLeaveNothing(t *testing.T, w world) {
	lease := w.lease(t, local, "holder")
	cycle := newCycle(local, "", start, buy("AAPL", "at1-1", "1"), buy("MSFT", "at1-2", "1"))
	cycle.Decisions[1].Intent.ID = cycle.Decisions[0].Intent.ID // the second insert must fail
	must(t, w.StartCycle(t.Context(), cycle))
	if _, err := w.RecordDecisions(t.Context(), lease, cycle); err == nil {
		t.Fatal("two intents of one id were written")
	}
	orders, err := w.UnresolvedOrders(t.Context(), local)
	must(t, err)
	same(t, "orders", len(orders), 0)
	same(t, "entries", len(verifyAudit(t, w.Store)), 0)
	cycle.Decisions[1] = buy("MSFT", "at1-2", "1")
	_, err = w.RecordDecisions(t.Context(), lease, cycle)
	must(t, err)
}
