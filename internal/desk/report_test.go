package desk_test

import (
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Old and new reports of the same orders come many times, in any order, while a cycle runs.
func TestReportsBesideACycleChangeNothingTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		h := setup(t, address)
		h.done(t, h.cycle())
		fills, err := h.client.Fills(t.Context(), busy)
		if err != nil || len(fills) < 2 {
			t.Fatalf("%d executions, %v; the test needs two", len(fills), err)
		}
		var reports []trade.OrderReport
		for _, orders := range h.orders(t) {
			late := trade.OrderReport{Order: orders[0]}
			for _, fill := range fills {
				if fill.OrderID == orders[0].ID {
					late.Fills = append(late.Fills, fill)
				}
			}
			early := trade.OrderReport{Order: orders[0]}
			early.Order.Status, early.Order.FilledQty = "new", decimal.Zero
			reports = append(reports, late, early)
		}
		foreign := trade.OrderReport{Order: trade.BrokerOrder{ID: "foreign", ClientOrderID: "foreign", Status: "filled"}}
		var telling sync.WaitGroup
		for worker := range 4 {
			telling.Go(func() {
				for i := range reports {
					if _, err := h.desk.Report(t.Context(), "account", reports[(i+worker)%len(reports)]); err != nil {
						t.Error(err)
					}
				}
				if _, err := h.desk.Report(t.Context(), "account", foreign); err != nil {
					t.Error(err)
				}
			})
		}
		h.done(t, h.cycle())
		telling.Wait()
		for id, order := range h.journal(t) {
			if order.State != trade.Filled || !order.FilledQty.IsPositive() {
				t.Errorf("%s is %s with %s filled", id, order.State, order.FilledQty)
			}
		}
		h.asExpected(t)
		h.oneOrderEach(t)
	})
}
