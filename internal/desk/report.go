package desk

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Report takes over news of one order between cycles. It reports whether an entry without protection
// of its own has ended with something held: Protect is due. It needs no lease and may run beside cycles
// of any process: an order moves by Order.Adopt only, the journal refuses what is outdated, and
// executions count once. So a report may come late, twice, out of order, or not at all: the next
// cycle asks anyway. Orders that this program did not make are left to the reconciliation.
func (d *Desk) Report(ctx context.Context, accountID string, report trade.OrderReport) (entered bool, err error) {
	order, err := d.Journal.OrderOf(ctx, accountID, report.Order)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if order.Intent.ClientOrderID != report.Order.ClientOrderID { // a leg of it
		return false, d.Journal.RecordFills(ctx, accountID, order.Intent.UserID, report.Fills)
	}
	if !order.Intent.Matches(report.Order) {
		return false, nil // a cycle that holds the lease finds it out and halts
	}
	if moved := order; moved.Adopt(report.Order) != nil { // it contradicts what is known: only its executions count
		return false, d.Journal.RecordFills(ctx, accountID, order.Intent.UserID, report.Fills)
	}
	err = d.takeOver(ctx, &order, report.Order, report.Fills)
	entered = order.Intent.Purpose == trade.Entry && order.Intent.Class == "" && !report.Order.Open() && order.FilledQty.IsPositive()
	return entered, err
}
