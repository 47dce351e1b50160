package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/broker/alpaca"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// follower is a process that shares watches, with a broker that is never reached.
func follower(t *testing.T, s *store.Store) *watchShares {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	watches := brokerages{}.WatchOrders(notebook{}, log)
	watches.open = func(context.Context, trade.BrokerageAccount) (*alpaca.Client, error) {
		return nil, errors.New("out of reach")
	}
	t.Cleanup(watches.Close)
	automation := app.NewAutomation(app.AutomationConfig{Store: s, Clock: clock.System(), Log: log})
	shares := newWatchShares(s, automation, watches, log)
	shares.every = 20 * time.Millisecond
	shares.start()
	t.Cleanup(func() { shares.stop(context.Background()) })
	return shares
}

// followed are the accounts that the process watches.
func (w *watchShares) followed() map[string]bool {
	w.watches.mu.Lock()
	defer w.watches.mu.Unlock()
	ids := map[string]bool{}
	for id := range w.watches.watches {
		ids[id] = true
	}
	return ids
}

// TestWatchesAreSpreadAndTakenOver: each account is watched by one of two processes, a part by each,
// and by the one that is left when the other has died, or has been stopped.
func TestWatchesAreSpreadAndTakenOver(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		s := storetest.Open(t, address(t), store.Options{LeaseLength: 2 * time.Second})
		const accounts = 6
		user := auth.User{ID: uuid.NewString(), Username: "ada", Email: "ada@example.org", PasswordHash: "$argon2id$"}
		if _, err := s.CreateUser(t.Context(), user, []byte("key"), trade.DefaultSettings(), audit.Entry{Action: audit.Register}); err != nil {
			t.Fatal(err)
		}
		for i := range accounts {
			account := trade.BrokerageAccount{ID: uuid.NewString(), UserID: user.ID, Name: fmt.Sprint("account ", i), Paper: true, Automated: true, CreatedAt: time.Now(), SealedKey: []byte("key"), SealedSecret: []byte("secret")}
			if _, err := s.CreateAccount(t.Context(), account, audit.Entry{Action: audit.AccountCreated, Target: "account:" + account.ID}); err != nil {
				t.Fatal(err)
			}
		}
		one := follower(t, s)
		eventually(t, "one process watches all", func() bool { return len(one.followed()) == accounts })
		dying, stopped := follower(t, s), follower(t, s)
		eventually(t, "three processes watch a third each", func() bool {
			all := one.followed()
			maps.Copy(all, dying.followed())
			maps.Copy(all, stopped.followed())
			return len(all) == accounts && len(one.followed()) == accounts/3 && len(dying.followed()) == accounts/3 && len(stopped.followed()) == accounts/3
		})
		dying.end() // without a word to the others
		dying.running.Wait()
		stopped.stop(t.Context())
		eventually(t, "the one that is left watches all", func() bool { return len(one.followed()) == accounts })
		if left := stopped.followed(); len(left) != 0 {
			t.Errorf("the stopped process still watches %v", left)
		}
	})
}

// eventually waits until it is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for deadline := time.Now().Add(30 * time.Second); !so(); <-look.C {
		if time.Now().After(deadline) {
			t.Fatal("not so: " + what)
		}
	}
}
