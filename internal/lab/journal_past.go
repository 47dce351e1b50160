package lab

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// past is what limits look back on.
type past struct {
	executions map[string][]trade.Execution // by symbol
	closed     map[string][]trade.ClosedTrade
	points     []point
	highest    decimal.Decimal // of all points
}

type point struct {
	slot   time.Time
	equity decimal.Decimal
}

func (p *past) add(slot time.Time, equity decimal.Decimal) {
	p.points = append(p.points, point{slot, equity})
	p.highest = decimal.Max(p.highest, equity)
}

// peak is the highest equity since then.
func (p *past) peak(since time.Time) (highest decimal.Decimal) {
	if since.IsZero() {
		return p.highest
	}
	for _, point := range slices.Backward(p.points) {
		if point.slot.Before(since) {
			break
		}
		highest = decimal.Max(highest, point.equity)
	}
	return highest
}

// trades are the closed ones since then, by exit. What is computed of a symbol holds until its next
// execution.
func (p *past) trades(since time.Time, taken map[string]trade.Adjustment) (trades []trade.ClosedTrade) {
	for _, symbol := range slices.Sorted(maps.Keys(p.executions)) {
		closed, computed := p.closed[symbol]
		if !computed {
			executions := p.executions[symbol]
			slices.SortStableFunc(executions, func(a, b trade.Execution) int { return a.At.Compare(b.At) })
			closed = trade.RoundTrips(symbol, taken[symbol].Qty, executions)
			p.closed[symbol] = closed
		}
		for _, each := range closed {
			if !each.ExitAt.Before(since) {
				trades = append(trades, each)
			}
		}
	}
	slices.SortStableFunc(trades, func(a, b trade.ClosedTrade) int { return a.ExitAt.Compare(b.ExitAt) })
	return trades
}

const day = 24 * time.Hour

// note keeps what follows from a change of the order.
func (j *journal) note(order *trade.Order) {
	if order.BrokerOrderID != "" {
		j.owners[order.BrokerOrderID] = order.Intent.ClientOrderID
	}
	if order.State.Terminal() {
		j.open = slices.DeleteFunc(j.open, func(o *trade.Order) bool { return o == order })
	}
	if order.Intent.Purpose == trade.Entry && order.FilledQty.IsPositive() {
		if newest := j.entries[order.Intent.Symbol]; newest == nil || !order.Intent.BarEnd.Before(newest.Intent.BarEnd) {
			j.entries[order.Intent.Symbol] = order
		}
	}
	j.changed = append(slices.DeleteFunc(j.changed, func(o *trade.Order) bool {
		return o == order || order.UpdatedAt.Sub(o.UpdatedAt) > day
	}), order)
}

// take keeps executions that are not known yet.
func (j *journal) take(fills []trade.Fill) {
	for _, fill := range fills {
		if j.known[fill.ExecutionID] {
			continue
		}
		j.known[fill.ExecutionID] = true
		execution := trade.Execution{Fill: fill, Stop: j.stopped(fill.OrderID)}
		j.fills = append(j.fills, execution)
		j.past.executions[fill.Symbol] = append(j.past.executions[fill.Symbol], execution)
		delete(j.past.closed, fill.Symbol)
		j.held[fill.Symbol] = j.held[fill.Symbol].Add(fill.Signed())
	}
}

// stopped reports whether the broker's order is a stop.
func (j *journal) stopped(brokerOrderID string) bool {
	order, ours := j.byID[j.owners[brokerOrderID]]
	if !ours {
		return false
	}
	for _, leg := range order.Legs {
		if leg.BrokerOrderID == brokerOrderID {
			return leg.Type.Stops()
		}
	}
	return order.Intent.Type.Stops()
}

// RecordFills keeps executions that are not known yet.
func (j *journal) RecordFills(_ context.Context, _, _ string, fills []trade.Fill) error {
	j.take(fills)
	return nil
}

// Expected returns what should be held.
func (j *journal) Expected(context.Context, string) (map[string]decimal.Decimal, error) {
	expected := make(map[string]decimal.Decimal, len(j.held))
	for symbol, qty := range j.held {
		if !qty.IsZero() {
			expected[symbol] = qty
		}
	}
	return expected, nil
}

// Foreign returns symbols of which something was taken over; nobody else trades here.
func (j *journal) Foreign(context.Context, string) (map[string]bool, error) {
	foreign := map[string]bool{}
	for symbol, adjustment := range j.taken {
		if !adjustment.Qty.IsZero() {
			foreign[symbol] = true
		}
	}
	return foreign, nil
}

// TakenOver returns what was taken over without an execution.
func (j *journal) TakenOver(context.Context, string) (map[string]trade.Adjustment, error) {
	return maps.Clone(j.taken), nil
}

// TrackRecord returns what limits ask for.
func (j *journal) TrackRecord(_ context.Context, _ string, since, now time.Time) (trade.TrackRecord, error) {
	record := trade.TrackRecord{Trades: j.past.trades(since, j.taken), Peak: j.past.peak(since)}
	for _, order := range slices.Backward(j.orders) {
		if order.Intent.CreatedAt.Before(now.Add(-day - time.Hour)) {
			break
		}
		if !order.SubmittedAt.Before(now.Add(-day)) {
			record.OrderTimes = append(record.OrderTimes, order.SubmittedAt)
		}
	}
	slices.SortFunc(record.OrderTimes, time.Time.Compare)
	return record, nil
}

// Rejections returns how many of the newest answered orders were refused one after the other.
func (j *journal) Rejections(_ context.Context, _ string, since time.Time) (count int, err error) {
	var answered []*trade.Order
	for _, order := range j.changed {
		if !order.UpdatedAt.Before(since) && (order.BrokerOrderID != "" || order.State == trade.Rejected) {
			answered = append(answered, order)
		}
	}
	slices.SortFunc(answered, func(a, b *trade.Order) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(a.Intent.ClientOrderID, b.Intent.ClientOrderID))
	})
	for count < min(len(answered), mostRejections) && answered[count].State == trade.Rejected {
		count++
	}
	return count, nil
}

const mostRejections = 10
