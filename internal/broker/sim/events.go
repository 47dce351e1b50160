package sim

import (
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
)

// The kinds of events that the simulator makes (RULES 8.2).
const (
	eventAccepted    = "accepted"
	eventPendingNew  = "pending_new"
	eventNew         = "new"
	eventHeld        = "held"
	eventFill        = "fill"
	eventPartialFill = "partial_fill"
	eventCanceled    = "canceled"
	eventExpired     = "expired"
	eventReplaced    = "replaced"
	eventRejected    = "rejected"
)

// keptEvents is how many of an account's newest events are remembered at least.
const keptEvents = 1000

// eventLog is an account's append-only record of what happened to its orders, oldest first. It is
// part of the state, so that a stream goes on after a restart where its reader left it. All
// of it is read and written with the exchange locked.
type eventLog struct {
	Events []wire.TradeUpdate `json:"events,omitempty"`
	Count  uint64             `json:"count"`   // of all events ever
	LastAt time.Time          `json:"last_at"` // ids never go back in time

	grown chan struct{} // closed at the next event; nil while nobody waits
}

// add records what happened to the order.
func (l *eventLog) add(account string, kind string, o wire.Order, at time.Time) *wire.TradeUpdate {
	l.Count++
	l.LastAt = later(l.LastAt, at)
	l.Events = append(l.Events, wire.TradeUpdate{
		AccountID: account, At: at, EventID: ulid(l.LastAt, account, l.Count), Event: kind,
		ExecutionID: uuid.NewString(), Order: o, Timestamp: at,
	})
	if len(l.Events) > 2*keptEvents {
		l.Events = slices.Clone(l.Events[len(l.Events)-keptEvents:])
	}
	if l.grown != nil {
		close(l.grown)
		l.grown = nil
	}
	return &l.Events[len(l.Events)-1]
}

// addExecution records a fill or partial fill.
func (l *eventLog) addExecution(account, kind string, o wire.Order, f fill, held decimal.Decimal) {
	event := l.add(account, kind, o, f.At)
	event.ExecutionID = f.executionID()
	event.Price, event.Qty = decimal.NewNullDecimal(f.Price), decimal.NewNullDecimal(f.Qty)
	event.PositionQty = decimal.NewNullDecimal(held)
}

// executionID is the UUID of the execution's activity id.
func (f fill) executionID() string {
	_, id, _ := strings.Cut(f.ID, "::")
	return id
}

// after returns the events that follow the one with the id, oldest first; all that are remembered
// when the id is older than these. Callers do not change them.
func (l *eventLog) after(id string) []wire.TradeUpdate {
	first, _ := slices.BinarySearchFunc(l.Events, id, func(e wire.TradeUpdate, id string) int {
		if e.EventID <= id {
			return -1
		}
		return 1
	})
	return l.Events[first:]
}

// since returns the events at or after the moment, oldest first.
func (l *eventLog) since(moment time.Time) []wire.TradeUpdate {
	first, _ := slices.BinarySearchFunc(l.Events, moment, func(e wire.TradeUpdate, moment time.Time) int {
		if e.At.Before(moment) {
			return -1
		}
		return 1
	})
	return l.Events[first:]
}

// restore adds an event that was saved.
func (l *eventLog) restore(content []byte) error {
	l.Events = append(l.Events, wire.TradeUpdate{})
	return json.Unmarshal(content, &l.Events[len(l.Events)-1])
}

// last is the id of the newest event; empty when there is none.
func (l *eventLog) last() string {
	if len(l.Events) == 0 {
		return ""
	}
	return l.Events[len(l.Events)-1].EventID
}

// wait returns a channel that is closed when the next event is added.
func (l *eventLog) wait() <-chan struct{} {
	if l.grown == nil {
		l.grown = make(chan struct{})
	}
	return l.grown
}

// crockford is the alphabet of ULIDs.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// ulid is 26 characters that sort by time, then by the account's count of events.
func ulid(at time.Time, account string, count uint64) string {
	var id [20]byte // base32 takes 5 bits a character from the left: 128 bits stand behind 2 empty ones
	binary.BigEndian.PutUint64(id[4:12], uint64(at.UnixMilli())<<16)
	copy(id[10:12], account)
	binary.BigEndian.PutUint64(id[12:20], count)
	return crockford.EncodeToString(id[:])[6:]
}
