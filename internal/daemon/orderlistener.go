package daemon

import (
	"context"
	"log/slog"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// orderListener takes into the journal what brokers say about orders between cycles. It implements
// OrderListener. What fails here is found by the next comparison or cycle.
type orderListener struct {
	automation *app.Automation
	desk       *desk.Desk
	log        *slog.Logger
}

// OrderReported takes over a report of one order.
func (l orderListener) OrderReported(ctx context.Context, account trade.BrokerageAccount, report trade.OrderReport) {
	if err := l.desk.Report(ctx, account.ID, report); err != nil && ctx.Err() == nil {
		l.log.WarnContext(ctx, "an order's news is not in the journal yet", "account", account.ID, "event", report.Event, "error", err)
	}
}

// OrdersMissed compares journal and broker, which asks about every live order.
func (l orderListener) OrdersMissed(ctx context.Context, account trade.BrokerageAccount) {
	if err := l.automation.Reconcile(ctx, account.ID); err != nil && ctx.Err() == nil {
		l.log.WarnContext(ctx, "orders not looked at after the stream was away", "account", account.ID, "error", err)
	}
}
