package daemon

import (
	"context"
	"log/slog"
	"sync"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// orderListener takes into the journal what brokers say about orders between cycles, and has entries
// that have filled protected. It implements OrderListener. What fails here is found by the next
// comparison or cycle.
type orderListener struct {
	automation *app.Automation
	desk       *desk.Desk
	log        *slog.Logger

	group      sync.WaitGroup // of what protects
	mu         sync.Mutex
	protecting map[string]bool // by account id; true: something has filled since it was begun
}

func newOrderListener(automation *app.Automation, desk *desk.Desk, log *slog.Logger) *orderListener {
	return &orderListener{automation: automation, desk: desk, log: log, protecting: map[string]bool{}}
}

// OrderReported takes over a report of one order.
func (l *orderListener) OrderReported(ctx context.Context, account trade.BrokerageAccount, report trade.OrderReport) {
	entered, err := l.desk.Report(ctx, account.ID, report)
	if err != nil && ctx.Err() == nil {
		l.log.WarnContext(ctx, "an order's news is not in the journal yet", "account", account.ID, "event", report.Event, "error", err)
	}
	if entered {
		l.protect(ctx, account.ID)
	}
}

// OrdersMissed compares journal and broker, which asks about every live order.
func (l *orderListener) OrdersMissed(ctx context.Context, account trade.BrokerageAccount) {
	if err := l.automation.Reconcile(ctx, account.ID); err != nil && ctx.Err() == nil {
		l.log.WarnContext(ctx, "orders not looked at after the stream was away", "account", account.ID, "error", err)
	}
	l.protect(ctx, account.ID)
}

// protect has the account's positions protected, beside the reports that still come: it may have to
// wait for a cycle. Of many entries that fill at the same time the first has it begun, and the
// others have it done once more.
func (l *orderListener) protect(ctx context.Context, accountID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, running := l.protecting[accountID]; running {
		l.protecting[accountID] = true
		return
	}
	l.protecting[accountID] = false
	l.group.Go(func() {
		for again := true; again; again = l.again(ctx, accountID) {
			if err := l.automation.Protect(ctx, accountID); err != nil && ctx.Err() == nil {
				l.log.WarnContext(ctx, "what has filled is protected by the next cycle", "account", accountID, "error", err)
			}
		}
	})
}

// wait returns when nothing is being protected any more; nothing may be reported after it was called.
func (l *orderListener) wait() { l.group.Wait() }

// again reports whether something has filled since the protection began, and otherwise ends it.
func (l *orderListener) again(ctx context.Context, accountID string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.protecting[accountID] && ctx.Err() == nil {
		l.protecting[accountID] = false
		return true
	}
	delete(l.protecting, accountID)
	return false
}
