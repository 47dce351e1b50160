package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// meter adds up what the steps of cycles take, waiting included, and counts statements. It is a
// bun.QueryHook.
type meter struct {
	mu                  sync.Mutex
	took                map[string]time.Duration
	count               map[string]int
	statements, commits atomic.Int64
}

func newMeter() *meter {
	m := &meter{}
	m.reset()
	return m
}

func (m *meter) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took, m.count = map[string]time.Duration{}, map[string]int{}
	m.statements.Store(0)
	m.commits.Store(0)
}

// time begins a step; what it returns ends it.
func (m *meter) time(step string) func() {
	begun := time.Now()
	return func() {
		took := time.Since(begun)
		m.mu.Lock()
		m.took[step] += took
		m.count[step]++
		m.mu.Unlock()
	}
}

func (m *meter) report(cycles int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var text strings.Builder
	fmt.Fprintf(&text, "  statements a cycle %.1f, transactions a cycle %.2f (without the queue's)\n",
		float64(m.statements.Load())/float64(cycles), float64(m.commits.Load())/float64(cycles))
	for _, step := range slices.SortedFunc(maps.Keys(m.took), func(a, b string) int { return int(m.took[b] - m.took[a]) }) {
		fmt.Fprintf(&text, "  %-22s %8.0f ms in all, %6d times, %7.2f ms each\n", step,
			m.took[step].Seconds()*1000, m.count[step], m.took[step].Seconds()*1000/float64(m.count[step]))
	}
	return text.String()
}

func (m *meter) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (m *meter) AfterQuery(_ context.Context, event *bun.QueryEvent) {
	m.statements.Add(1)
	if event.Query == "COMMIT" {
		m.commits.Add(1)
	}
}

type meteredBars struct {
	desk.Bars
	meter *meter
}

func (b meteredBars) Closed(ctx context.Context, source market.Source, name string, symbols []string, timeframe trade.Timeframe, need int, now time.Time) (map[string][]trade.Bar, error) {
	defer b.meter.time("bars")()
	return b.Bars.Closed(ctx, source, name, symbols, timeframe, need, now)
}

type meteredBrokerages struct {
	app.Brokerages
	meter *meter
}

func (b meteredBrokerages) Open(ctx context.Context, account trade.BrokerageAccount) (app.Brokerage, error) {
	defer b.meter.time("open keys")()
	brokerage, err := b.Brokerages.Open(ctx, account)
	return meteredBroker{brokerage, b.meter}, err
}

type meteredBroker struct {
	app.Brokerage
	meter *meter
}

func (b meteredBroker) Clock(ctx context.Context) (trade.MarketClock, error) {
	defer b.meter.time("broker: clock")()
	return b.Brokerage.Clock(ctx)
}

func (b meteredBroker) Account(ctx context.Context) (trade.Account, error) {
	defer b.meter.time("broker: account")()
	return b.Brokerage.Account(ctx)
}

func (b meteredBroker) Positions(ctx context.Context) ([]trade.Position, error) {
	defer b.meter.time("broker: positions")()
	return b.Brokerage.Positions(ctx)
}

func (b meteredBroker) OpenOrders(ctx context.Context) ([]trade.BrokerOrder, error) {
	defer b.meter.time("broker: open orders")()
	return b.Brokerage.OpenOrders(ctx)
}

func (b meteredBroker) Fills(ctx context.Context, after time.Time) ([]trade.Fill, error) {
	defer b.meter.time("broker: fills")()
	return b.Brokerage.Fills(ctx, after)
}

func (b meteredBroker) Submit(ctx context.Context, intent trade.Intent) (trade.BrokerOrder, error) {
	defer b.meter.time("broker: submit")()
	return b.Brokerage.Submit(ctx, intent)
}

func (b meteredBroker) OrderByClientID(ctx context.Context, id string) (trade.BrokerOrder, error) {
	defer b.meter.time("broker: order")()
	return b.Brokerage.OrderByClientID(ctx, id)
}

type meteredJournal struct {
	*store.Store
	meter *meter
}

func (j meteredJournal) AcquireLease(ctx context.Context, accountID, holder string) (trade.Lease, error) {
	defer j.meter.time("lease")()
	return j.Store.AcquireLease(ctx, accountID, holder)
}

func (j meteredJournal) ReleaseLease(ctx context.Context, lease trade.Lease) error {
	defer j.meter.time("release")()
	return j.Store.ReleaseLease(ctx, lease)
}

func (j meteredJournal) StartCycle(ctx context.Context, cycle trade.Cycle) error {
	defer j.meter.time("start")()
	return j.Store.StartCycle(ctx, cycle)
}

func (j meteredJournal) RecordDecisions(ctx context.Context, lease trade.Lease, cycle trade.Cycle) (trade.Cycle, error) {
	defer j.meter.time("record decisions")()
	return j.Store.RecordDecisions(ctx, lease, cycle)
}

func (j meteredJournal) FinishCycle(ctx context.Context, cycle trade.Cycle) error {
	defer j.meter.time("finish")()
	return j.Store.FinishCycle(ctx, cycle)
}

func (j meteredJournal) ClaimOrder(ctx context.Context, lease trade.Lease, order trade.Order) (trade.Order, error) {
	defer j.meter.time("claim order")()
	return j.Store.ClaimOrder(ctx, lease, order)
}

func (j meteredJournal) RecordOrder(ctx context.Context, order trade.Order, fills []trade.Fill) error {
	defer j.meter.time("record order")()
	return j.Store.RecordOrder(ctx, order, fills)
}

func (j meteredJournal) UnresolvedOrders(ctx context.Context, accountID string) ([]trade.Order, error) {
	defer j.meter.time("recover: unresolved")()
	return j.Store.UnresolvedOrders(ctx, accountID)
}

func (j meteredJournal) LiveOrders(ctx context.Context, accountID string) ([]trade.Order, error) {
	defer j.meter.time("recover: live")()
	return j.Store.LiveOrders(ctx, accountID)
}

func (j meteredJournal) Owners(ctx context.Context, accountID string, ids []string) (map[string]string, error) {
	defer j.meter.time("owners")()
	return j.Store.Owners(ctx, accountID, ids)
}

func (j meteredJournal) Standing(ctx context.Context, accountID string) (trade.Standing, error) {
	defer j.meter.time("standing")()
	return j.Store.Standing(ctx, accountID)
}

func (j meteredJournal) RecordFills(ctx context.Context, accountID, userID string, fills []trade.Fill) error {
	defer j.meter.time("reconcile: fills")()
	return j.Store.RecordFills(ctx, accountID, userID, fills)
}

func (j meteredJournal) Expected(ctx context.Context, accountID string) (map[string]decimal.Decimal, error) {
	defer j.meter.time("reconcile: expected")()
	return j.Store.Expected(ctx, accountID)
}

func (j meteredJournal) Reconciliation(ctx context.Context, accountID string) (trade.Reconciliation, error) {
	defer j.meter.time("reconcile: last")()
	return j.Store.Reconciliation(ctx, accountID)
}

func (j meteredJournal) RecordReconciliation(ctx context.Context, lease trade.Lease, outcome trade.Reconciliation, taken []trade.Adjustment, entry audit.Entry) error {
	defer j.meter.time("reconcile: record")()
	return j.Store.RecordReconciliation(ctx, lease, outcome, taken, entry)
}
