package desk

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// NewsKind says what happened.
type NewsKind string

// The kinds.
const (
	NewsOrder     NewsKind = "order"     // an order's state changed: Order
	NewsRejection NewsKind = "rejection" // the broker refused it: Order
	NewsFill      NewsKind = "fill"      // executions of it are known: Order
	NewsHalt      NewsKind = "halt"      // a state was put in force by the program: Standing
	NewsDrift     NewsKind = "drift"     // journal and broker differ: Reconciliation
)

// News is something that happened to an account, told once it is in the journal. It may be told
// again after a crash, or never: what must not be missed is read from the journal.
type News struct {
	Kind           NewsKind
	AccountID      string
	UserID         string // empty on the command line
	At             time.Time
	Order          *trade.Order
	Standing       *trade.Standing
	Reconciliation *trade.Reconciliation
}

// tellOrder tells what the order has come to since it was before.
func (d *Desk) tellOrder(before trade.OrderState, filled bool, order trade.Order) {
	kind := NewsOrder
	switch {
	case order.State == trade.Rejected && before != trade.Rejected:
		kind = NewsRejection
	case filled:
		kind = NewsFill
	case order.State == before:
		return
	}
	d.Tell(News{Kind: kind, AccountID: order.Intent.AccountID, UserID: order.Intent.UserID, At: order.UpdatedAt, Order: &order})
}
