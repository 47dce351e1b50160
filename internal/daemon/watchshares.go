package daemon

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// shareEvery is how often the processes on one database share the accounts' order events anew: well
// inside a lease's 20 s.
const shareEvery = 5 * time.Second

// watchShares has this process watch its part of the automated accounts: brokers take one
// connection an account, and several processes that watch the same would only throw each other
// out. What a process watched that has died is taken over when its lease is over.
type watchShares struct {
	store      *store.Store
	automation *app.Automation
	watches    *OrderWatches
	log        *slog.Logger
	holder     string
	every      time.Duration

	end     context.CancelFunc
	running sync.WaitGroup
}

func newWatchShares(database *store.Store, automation *app.Automation, watches *OrderWatches, log *slog.Logger) *watchShares {
	return &watchShares{store: database, automation: automation, watches: watches, log: log, holder: uuid.NewString(), every: shareEvery}
}

func (w *watchShares) start() {
	ctx, end := context.WithCancel(context.Background())
	w.end = end
	w.running.Go(func() {
		again := time.NewTicker(w.every)
		defer again.Stop()
		for {
			if err := w.share(ctx); err != nil && ctx.Err() == nil {
				w.log.Warn("order events stay with who watches them now", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-again.C:
			}
		}
	})
}

// share follows the accounts that are this process's.
func (w *watchShares) share(ctx context.Context) error {
	accounts, err := w.automation.Automated(ctx)
	if err != nil {
		return err
	}
	ids, byID := make([]string, len(accounts)), make(map[string]trade.BrokerageAccount, len(accounts))
	for i, account := range accounts {
		ids[i], byID[account.ID] = account.ID, account
	}
	mine, err := w.store.ShareWatches(ctx, w.holder, ids)
	if err != nil {
		return err
	}
	followed := make([]trade.BrokerageAccount, len(mine))
	for i, id := range mine {
		followed[i] = byID[id]
	}
	w.watches.Follow(followed)
	return nil
}

// stop ends the watches and leaves the accounts to the others.
func (w *watchShares) stop(ctx context.Context) {
	if w.end == nil {
		return
	}
	w.end()
	w.running.Wait()
	w.watches.Follow(nil)
	if err := w.store.LeaveWatches(ctx, w.holder); err != nil {
		w.log.Warn("what is watched here is taken over when its lease ends", "error", err)
	}
}
