package desk_test

import (
	"context"
	"log/slog"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// memory is a journal without a database, as far as a cycle without orders needs one. It remembers
// executions by their ids, as the store does.
type memory struct {
	engine.Journal // what is not overridden must not be called

	last  *trade.Reconciliation
	fills map[string]trade.Fill
	taken map[string]decimal.Decimal
}

func (m *memory) AcquireLease(_ context.Context, accountID, holder string) (trade.Lease, error) {
	return trade.Lease{AccountID: accountID, Holder: holder, Epoch: 1}, nil
}
func (m *memory) ReleaseLease(context.Context, trade.Lease) error { return nil }
func (m *memory) StartCycle(context.Context, trade.Cycle) error   { return nil }
func (m *memory) FinishCycle(context.Context, trade.Cycle) error  { return nil }
func (m *memory) Halt(context.Context, trade.Standing) error      { return nil }
func (m *memory) RecordDecisions(_ context.Context, _ trade.Lease, cycle trade.Cycle) (trade.Cycle, error) {
	return cycle, nil
}
func (m *memory) UnresolvedOrders(context.Context, string) ([]trade.Order, error) { return nil, nil }
func (m *memory) LiveOrders(context.Context, string) ([]trade.Order, error)       { return nil, nil }
func (m *memory) Owners(context.Context, string, []string) (map[string]string, error) {
	return nil, nil
}
func (m *memory) Standing(context.Context, string) (trade.Standing, error) {
	return trade.Standing{State: trade.Active}, nil
}
func (m *memory) TakenOver(context.Context, string) (map[string]trade.Adjustment, error) {
	return nil, nil
}

func (m *memory) RecordFills(_ context.Context, _, _ string, fills []trade.Fill) error {
	for _, fill := range fills {
		m.fills[fill.ExecutionID] = fill
	}
	return nil
}

func (m *memory) Expected(context.Context, string) (map[string]decimal.Decimal, error) {
	sums := map[string]decimal.Decimal{}
	for symbol, qty := range m.taken {
		sums[symbol] = qty
	}
	for _, fill := range m.fills {
		sums[fill.Symbol] = sums[fill.Symbol].Add(fill.Signed())
	}
	return sums, nil
}

func (m *memory) Reconciliation(context.Context, string) (trade.Reconciliation, error) {
	if m.last == nil {
		return trade.Reconciliation{}, fault.New(fault.NotFound, "Never.")
	}
	return *m.last, nil
}

func (m *memory) RecordReconciliation(ctx context.Context, _ trade.Lease, outcome trade.Reconciliation, taken []trade.Adjustment, _ audit.Entry) error {
	m.last = &outcome
	expected, err := m.Expected(ctx, outcome.AccountID)
	for _, adjustment := range taken {
		m.taken[adjustment.Symbol] = m.taken[adjustment.Symbol].Add(adjustment.Qty.Sub(expected[adjustment.Symbol]))
	}
	return err
}

// ledgerBroker is a broker whose lists of executions are what a test makes them.
type ledgerBroker struct {
	desk.Broker // what is not overridden must not be called

	now       time.Time
	positions map[string]decimal.Decimal
	list      func(after time.Time) []trade.Fill
}

func (b *ledgerBroker) Clock(context.Context) (trade.MarketClock, error) {
	return trade.MarketClock{Timestamp: b.now, IsOpen: true}, nil
}
func (b *ledgerBroker) Fills(_ context.Context, after time.Time) ([]trade.Fill, error) {
	return b.list(after), nil
}
func (b *ledgerBroker) Account(context.Context) (trade.Account, error)          { return trade.Account{}, nil }
func (b *ledgerBroker) OpenOrders(context.Context) ([]trade.BrokerOrder, error) { return nil, nil }
func (b *ledgerBroker) Changes(context.Context, time.Time) ([]trade.Change, error) {
	return nil, nil
}
func (b *ledgerBroker) Positions(context.Context) ([]trade.Position, error) {
	positions := make([]trade.Position, 0, len(b.positions))
	for symbol, qty := range b.positions {
		positions = append(positions, trade.Position{Symbol: symbol, Qty: qty})
	}
	return positions, nil
}

// noBars has none.
type noBars struct{}

func (noBars) Closed(context.Context, market.Source, string, []string, trade.Timeframe, int, time.Time) (map[string][]trade.Bar, error) {
	return map[string][]trade.Bar{}, nil
}

func ledgerDesk(journal engine.Journal) *desk.Desk {
	ids := 0
	return desk.New(desk.Config{
		Journal: journal, Bars: noBars{}, Clock: clock.System(), Log: slog.New(slog.DiscardHandler), Holder: "test",
		NewID: func() string { ids++; return strconv.Itoa(ids) }, Settling: []time.Duration{0},
	})
}

// The broker tells executions late, twice and out of order, in pages that overlap; as long as all
// are told in the end and positions are their sum, nothing drifts. One that is never told drifts.
func TestReconciliationCountsEveryExecutionOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		broker := &ledgerBroker{now: busy, positions: map[string]decimal.Decimal{"OLD": decimal.NewFromInt(5)}}
		var all []trade.Fill
		broker.list = func(after time.Time) []trade.Fill {
			var told []trade.Fill
			for _, fill := range all {
				if fill.At.Before(after) {
					continue
				}
				for range rapid.IntRange(1, 2).Draw(rt, "times") {
					told = append(told, fill)
				}
			}
			return rapid.Permutation(told).Draw(rt, "told")
		}
		journal := &memory{fills: map[string]trade.Fill{}, taken: map[string]decimal.Decimal{}}
		trading := ledgerDesk(journal)
		run := desk.Run{AccountID: "account", Broker: broker, SimulatedTime: true}
		for range rapid.IntRange(1, 8).Draw(rt, "rounds") {
			for range rapid.IntRange(0, 5).Draw(rt, "executions") {
				fill := trade.Fill{
					ExecutionID: strconv.Itoa(len(all)), Symbol: rapid.SampledFrom([]string{"AAPL", "OLD"}).Draw(rt, "symbol"),
					Side: rapid.SampledFrom([]trade.Side{trade.SideBuy, trade.SideSell}).Draw(rt, "side"),
					Qty:  decimal.NewFromInt(rapid.Int64Range(1, 9).Draw(rt, "qty")), At: broker.now.Add(time.Second),
				}
				if journal.last != nil { // before the first look, it is in the positions
					all = append(all, fill)
				}
				broker.positions[fill.Symbol] = broker.positions[fill.Symbol].Add(fill.Signed())
			}
			broker.now = broker.now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Hour}).Draw(rt, "pause"))
			if outcome, err := trading.Reconcile(t.Context(), run); err != nil || !outcome.Passed {
				rt.Fatalf("%+v, %v", outcome, err)
			}
		}
		broker.positions["AAPL"] = broker.positions["AAPL"].Add(decimal.NewFromInt(1)) // never told
		for times := 1; times <= 2; times++ {
			if outcome, err := trading.Reconcile(t.Context(), run); err != nil || outcome.Passed || outcome.InARow != times || len(outcome.Drift) != 1 {
				rt.Fatalf("an execution that was never told: %+v, %v", outcome, err)
			}
		}
	})
}

// Ten thousand cycles leave neither goroutines nor memory behind.
func TestCyclesLeaveNothingBehind(t *testing.T) {
	journal := &memory{fills: map[string]trade.Fill{}, taken: map[string]decimal.Decimal{}}
	trading := ledgerDesk(journal)
	broker := &ledgerBroker{now: busy, list: func(time.Time) []trade.Fill { return nil }}
	cycles := func(count int) (goroutines int, heap uint64) {
		for i := range count {
			run := desk.Run{
				AccountID: strconv.Itoa(i % 100), Broker: broker, Settings: trade.DefaultSettings(),
				Symbols: symbols, Slot: busy, SimulatedTime: true,
			}
			if cycle, err := trading.RunCycle(t.Context(), run); err != nil || cycle.Outcome != trade.CycleDone {
				t.Fatalf("%s %q, %v", cycle.Outcome, cycle.Problem, err)
			}
		}
		runtime.GC()
		runtime.GC()
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		return runtime.NumGoroutine(), now.HeapAlloc
	}
	beforeGoroutines, beforeHeap := cycles(500)
	goroutines, heap := cycles(10_000)
	if goroutines > beforeGoroutines {
		t.Errorf("%d goroutines after 500 cycles, %d after 10,000 more", beforeGoroutines, goroutines)
	}
	const room = 1 << 20
	if heap > beforeHeap+room {
		t.Errorf("%d bytes on the heap after 500 cycles, %d after 10,000 more", beforeHeap, heap)
	}
}
