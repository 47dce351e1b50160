package sim

import (
	"encoding/json"
	"fmt"
)

// unsaved is what of an account the keeper does not have yet. Activities and events only grow and
// are forgotten from the front; of them it is enough to know how far they were saved.
type unsaved struct {
	touched bool     // the account is on the exchange's list
	orders  []*order // that changed, each once
	dropped []int64  // numbers of orders that were forgotten
	used    []uint64 // digests of their client order ids

	activities, oldestActivity int64 // number after the last that is kept, and of the first
	events, oldestEvent        int64
}

// mark notes that the order is to be saved. How far an order has met the market's prices is not
// worth a save: what follows from the prices follows again.
func (a *account) mark(o *order) {
	if !o.marked {
		o.marked = true
		a.unsaved.orders = append(a.unsaved.orders, o)
	}
}

// touch puts the account on the list of those that the next save looks at.
func (e *exchange) touch(a *account) {
	if !a.unsaved.touched {
		a.unsaved.touched = true
		e.touched = append(e.touched, a)
	}
}

// markOpen has all open orders saved as far as they have met the market's prices.
func (e *exchange) markOpen() {
	for _, a := range e.accounts {
		for _, o := range a.open {
			a.mark(o)
			e.touch(a)
		}
	}
}

// firstEvent is the number of the oldest event that is remembered; events count from 1.
func (l *eventLog) firstEvent() int64 { return int64(l.Count) - int64(len(l.Events)) + 1 }

// wasSaved notes that the keeper has all of the account.
func (a *account) wasSaved() {
	for _, o := range a.unsaved.orders {
		o.marked = false
	}
	a.unsaved = unsaved{
		oldestActivity: a.Folded, activities: a.Folded + int64(len(a.Fills)),
		oldestEvent: a.Log.firstEvent(), events: int64(a.Log.Count) + 1,
	}
}

// addChanges adds to the change what the keeper does not have of the account.
func (a *account) addChanges(change *Change) error {
	w := changeWriter{change: change, account: a.key}
	head := *a
	head.Orders, head.Fills, head.UsedIDs, head.Log.Events = nil, nil, nil, nil
	w.put(AccountRow, 0, head)
	for _, o := range a.unsaved.orders {
		w.put(OrderRow, o.Number, o)
	}
	for number := max(a.unsaved.activities, a.Folded); number < a.Folded+int64(len(a.Fills)); number++ {
		w.put(ActivityRow, number, a.Fills[number-a.Folded])
	}
	first := a.Log.firstEvent()
	for number := max(a.unsaved.events, first); number <= int64(a.Log.Count); number++ {
		w.put(EventRow, number, a.Log.Events[number-first])
	}
	for _, digest := range a.unsaved.used {
		change.Put = append(change.Put, Row{Kind: UsedIDRow, Account: a.key, Number: int64(digest)})
	}
	for _, number := range a.unsaved.dropped {
		w.drop(OrderRow, number, number+1)
	}
	w.drop(ActivityRow, a.unsaved.oldestActivity, min(a.Folded, a.unsaved.activities))
	w.drop(EventRow, a.unsaved.oldestEvent, min(first, a.unsaved.events))
	return w.err
}

// changeWriter adds an account's rows to a change.
type changeWriter struct {
	change  *Change
	account string
	err     error // the first one
}

func (w *changeWriter) put(kind RowKind, number int64, value any) {
	content, err := json.Marshal(value)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("encode %s %d: %w", kind, number, err)
	}
	w.change.Put = append(w.change.Put, Row{Kind: kind, Account: w.account, Number: number, Content: content})
}

// drop removes the rows from the first number up to, and without, the end.
func (w *changeWriter) drop(kind RowKind, first, end int64) {
	for number := first; number < end; number++ {
		w.change.Drop = append(w.change.Drop, Row{Kind: kind, Account: w.account, Number: number})
	}
}
