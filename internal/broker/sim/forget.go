package sim

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// A market that runs fast for weeks would remember more and more. When an account has more than
// twice as much as this, the oldest is forgotten: its orders are no longer listed, and its
// portfolio history is exact only from the oldest execution left.
const (
	keptOrders = 2000
	keptFills  = 4000
)

// forget drops the oldest ended orders and folds the oldest activities into Opening. The client
// order ids of dropped orders stay used.
func (a *account) forget() {
	if ended := len(a.Orders) - len(a.open); ended > 2*keptOrders {
		drop := ended - keptOrders
		a.Orders = slices.DeleteFunc(a.Orders, func(o *order) bool {
			if o.isOpen() || drop == 0 {
				return false
			}
			a.use(digest(o.ClientOrderID))
			a.unsaved.dropped = append(a.unsaved.dropped, o.Number)
			drop--
			return true
		})
		a.index()
	}
	if len(a.Fills) <= 2*keptFills {
		return
	}
	folded := a.Fills[:len(a.Fills)-keptFills]
	held := maps.Clone(a.Opening.Held)
	if held == nil {
		held = map[string]decimal.Decimal{}
	}
	for _, f := range folded {
		a.Opening.Cash = a.Opening.Cash.Sub(f.signedAmount())
		if held[f.Symbol] = held[f.Symbol].Add(f.signedQty()); held[f.Symbol].IsZero() {
			delete(held, f.Symbol)
		}
	}
	a.Opening.Held = held
	a.Folded += int64(len(folded))
	a.Fills = slices.Clone(a.Fills[len(folded):])
}
