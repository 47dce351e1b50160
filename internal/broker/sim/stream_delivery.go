package sim

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// delivery is one reader's way through an account's events, with what goes wrong on it.
type delivery struct {
	account *account
	key     string
	cursor  string // id of the last event that was read
	held    []heldUpdate
	due     chan struct{} // a late update may be sent
}

// heldUpdate is an update that is sent later than it happened.
type heldUpdate struct {
	update wire.TradeUpdate
	ready  *atomic.Bool // nil: after the next update
}

// follow starts at the end of the account's events.
func (s *Simulator) follow(a *account, key string) *delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return newDelivery(a, key, a.Log.last())
}

func newDelivery(a *account, key, cursor string) *delivery {
	return &delivery{account: a, key: key, cursor: cursor, due: make(chan struct{}, 1)}
}

// take returns what to send now, and a channel that is closed when more has happened.
func (d *delivery) take(s *Simulator) (send []wire.TradeUpdate, grown <-chan struct{}) {
	s.mu.Lock()
	fresh, grown := slices.Clone(d.account.Log.after(d.cursor)), d.account.Log.wait()
	s.mu.Unlock()
	for _, update := range fresh {
		d.cursor = update.EventID
		send = d.disturb(s, send, update)
	}
	ready := func(h heldUpdate) bool { return h.ready != nil && h.ready.Load() }
	return d.release(send, ready), grown
}

// disturb adds the update to what is sent, or does to it what the faults say.
func (d *delivery) disturb(s *Simulator, send []wire.TradeUpdate, update wire.TradeUpdate) []wire.TradeUpdate {
	f, _ := s.faults.first(faultDuplicate+" "+faultLate+" "+faultReorder, onKey(d.key))
	switch f.Kind {
	case faultLate:
		late := heldUpdate{update, &atomic.Bool{}}
		d.held = append(d.held, late)
		time.AfterFunc(f.Delay.Duration, func() { d.arrive(late) })
		return send
	case faultReorder:
		d.held = append(d.held, heldUpdate{update, nil})
		return send
	case faultDuplicate:
		send = append(send, update)
	}
	return d.release(append(send, update), func(h heldUpdate) bool { return h.ready == nil })
}

// arrive lets a late update go.
func (d *delivery) arrive(late heldUpdate) {
	late.ready.Store(true)
	select {
	case d.due <- struct{}{}:
	default: // the reader will look anyway
	}
}

// release moves what is held and may go to what is sent.
func (d *delivery) release(send []wire.TradeUpdate, may func(heldUpdate) bool) []wire.TradeUpdate {
	d.held = slices.DeleteFunc(d.held, func(h heldUpdate) bool {
		if may(h) {
			send = append(send, h.update)
			return true
		}
		return false
	})
	return send
}
