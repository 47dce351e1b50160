package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// OrderListener takes over what brokers say about orders between two cycles. Calls for one account
// come one after the other, those for several accounts at the same time.
type OrderListener interface {
	// OrderReported takes over a report. It may be an order that this program did not make.
	OrderReported(ctx context.Context, account trade.BrokerageAccount, report trade.OrderReport)
	// OrdersMissed is called when reports may have been missed: at the beginning, and whenever the
	// stream is back. The listener looks at the account's live orders itself.
	OrdersMissed(ctx context.Context, account trade.BrokerageAccount)
}

// OrderWatches keeps one watch for each account that it is told to follow: Alpaca's stream of order
// events, and asking while that is down. It is safe for concurrent use.
type OrderWatches struct {
	open     func(context.Context, trade.BrokerageAccount) (*alpaca.Client, error)
	listener OrderListener
	log      *slog.Logger
	options  alpaca.WatchOptions

	ctx     context.Context //nolint:containedctx // ends with Close; every watch hangs on it
	cancel  context.CancelFunc
	group   sync.WaitGroup
	mu      sync.Mutex
	watches map[string]*orderWatch // by account id

	connected atomic.Int64 // streams that are up
}

// orderWatch is one account's.
type orderWatch struct {
	account trade.BrokerageAccount
	cancel  context.CancelFunc
}

const (
	// mostNewWatches is how many streams one call of Follow opens, so that a start with thousands of
	// accounts does not fall upon the broker at once.
	mostNewWatches = 50
	// watchPause is how long an account is left alone whose watch has ended by itself: its keys were
	// refused, or could not be unsealed.
	watchPause = 5 * time.Minute
)

// WatchOrders returns watches that tell the listener; none runs before Follow. Close them.
func (b brokerages) WatchOrders(listener OrderListener, log *slog.Logger) *OrderWatches {
	ctx, cancel := context.WithCancel(context.Background())
	return &OrderWatches{
		open: b.client, listener: listener, log: log, ctx: ctx, cancel: cancel, watches: map[string]*orderWatch{},
	}
}

// Follow makes these the accounts that are watched: it starts what is missing, at most
// mostNewWatches at a time, ends what is not among them, and begins anew where the keys have
// changed. Calling it at every tick costs next to nothing.
func (w *OrderWatches) Follow(accounts []trade.BrokerageAccount) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx.Err() != nil {
		return
	}
	wanted := make(map[string]bool, len(accounts))
	for _, account := range accounts {
		wanted[account.ID] = true
	}
	for id, watch := range w.watches {
		if !wanted[id] {
			watch.cancel()
			delete(w.watches, id)
		}
	}
	started := 0
	for _, account := range accounts {
		running, known := w.watches[account.ID]
		if known && running.sameKeys(account) || started == mostNewWatches {
			continue
		}
		if known {
			running.cancel()
		}
		w.start(account)
		started++
	}
}

func (o *orderWatch) sameKeys(account trade.BrokerageAccount) bool {
	return o.account.Mode() == account.Mode() && bytes.Equal(o.account.SealedKey, account.SealedKey) &&
		bytes.Equal(o.account.SealedSecret, account.SealedSecret)
}

// start begins a watch. The lock is held.
func (w *OrderWatches) start(account trade.BrokerageAccount) {
	ctx, cancel := context.WithCancel(w.ctx)
	w.watches[account.ID] = &orderWatch{account, cancel}
	w.group.Go(func() {
		defer cancel()
		for ctx.Err() == nil {
			w.report(account, w.watch(ctx, account))
			rest(ctx, watchPause)
		}
	})
}

// watch runs until it fails for good, or the context ends.
func (w *OrderWatches) watch(ctx context.Context, account trade.BrokerageAccount) error {
	client, err := w.open(ctx, account)
	if err != nil {
		return err
	}
	options := w.options
	connected := false
	note := func(up bool) {
		if up != connected {
			connected = up
			w.connected.Add(map[bool]int64{true: 1, false: -1}[up])
		}
	}
	defer func() { note(false) }()
	options.Connected = func(up bool) {
		note(up)
		w.log.Debug("stream of orders", "account", account.ID, "up", up)
		if up {
			w.listener.OrdersMissed(ctx, account)
		}
	}
	return client.WatchOrders(ctx, options, func(report trade.OrderReport) {
		w.listener.OrderReported(ctx, account, report)
	})
}

func (w *OrderWatches) report(account trade.BrokerageAccount, err error) {
	if w.ctx.Err() == nil && err != nil && fault.KindOf(err) != fault.Conflict {
		w.log.Warn("orders of the account are not watched for a while", "account", account.ID, "cause", err)
	}
}

// rest waits, or until the context ends.
func rest(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Watching returns how many accounts are followed.
func (w *OrderWatches) Watching() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.watches)
}

// Connected returns how many of them are told by a stream now; the others are asked for.
func (w *OrderWatches) Connected() int { return int(w.connected.Load()) }

// Close ends all watches and waits for them.
func (w *OrderWatches) Close() {
	w.mu.Lock()
	w.cancel()
	w.mu.Unlock()
	w.group.Wait()
}
