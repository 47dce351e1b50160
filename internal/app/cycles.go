package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// CycleReport is a cycle and where its orders stand now.
type CycleReport struct {
	trade.Cycle
	States map[string]trade.OrderState // by client order id
}

// mostCycles is how many cycles may be asked for at once.
const mostCycles = 100

// Cycles returns the active account's newest cycles, newest first. limit is 1 to 100.
func (a *App) Cycles(ctx context.Context, p auth.Principal, limit int) ([]CycleReport, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	if limit < 1 || limit > mostCycles {
		return nil, fault.New(fault.Invalid, "The limit must be between 1 and %d.", mostCycles)
	}
	account, err := a.Store.ActiveAccount(ctx, p.UserID)
	if fault.Is(err, fault.NotFound) {
		return nil, errNoAccount
	}
	if err != nil {
		return nil, err
	}
	cycles, err := a.Store.Cycles(ctx, p.UserID, account.ID, limit)
	if err != nil {
		return nil, err
	}
	return a.reportCycles(ctx, p.UserID, account.ID, cycles)
}

// laterOrders is how many newer orders than those of the cycles may be in the journal already.
const laterOrders = 50

// reportCycles joins the account's newest cycles with the states of their orders.
func (a *App) reportCycles(ctx context.Context, userID, accountID string, cycles []trade.Cycle) ([]CycleReport, error) {
	states := make(map[string]trade.OrderState)
	if ordered := countIntents(cycles); ordered > 0 {
		orders, err := a.Store.JournaledOrders(ctx, userID, accountID, ordered+laterOrders)
		if err != nil {
			return nil, err
		}
		for _, order := range orders {
			states[order.Intent.ClientOrderID] = order.State
		}
	}
	reports := make([]CycleReport, len(cycles))
	for i, cycle := range cycles {
		reports[i] = CycleReport{cycle, states}
	}
	return reports, nil
}

// reportCycle is reportCycles for a live page, which is better shown a cycle without the states of
// its orders than none.
func (a *App) reportCycle(ctx context.Context, cycle trade.Cycle) CycleReport {
	reports, err := a.reportCycles(ctx, cycle.UserID, cycle.AccountID, []trade.Cycle{cycle})
	if err != nil {
		a.Logger.WarnContext(ctx, "read the states of a cycle's orders", "cycle", cycle.ID, "cause", err)
		return CycleReport{Cycle: cycle}
	}
	return reports[0]
}

func countIntents(cycles []trade.Cycle) int {
	count := 0
	for _, cycle := range cycles {
		for _, decision := range cycle.Decisions {
			if decision.Ordered() {
				count++
			}
		}
	}
	return count
}
