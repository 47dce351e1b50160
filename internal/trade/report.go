package trade

import (
	"time"

	"github.com/shopspring/decimal"
)

// OrderReport is news of one order between cycles: how it stands at the broker now, and what was
// executed of it so far. Reports of one order come in the order of its life, each state once, but
// states may be left out; the last one is always told. Taking a report over twice must change
// nothing, as Order.Adopt and the journal's fills by execution id see to.
type OrderReport struct {
	Event string    // Alpaca's word for what happened: new, fill, partial_fill, canceled, ...
	At    time.Time // UTC, by the broker's clock
	Order BrokerOrder
	Fills []Fill // of this order, oldest first, each under its execution id
	// Whole is false when the broker's list of executions does not add up to Order.FilledQty yet,
	// or could not be read: the list is to be read again later.
	Whole bool
}

// FilledQty is what the report's executions add up to.
func (r OrderReport) FilledQty() decimal.Decimal {
	sum := decimal.Zero
	for _, fill := range r.Fills {
		sum = sum.Add(fill.Qty)
	}
	return sum
}
