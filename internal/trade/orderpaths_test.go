package trade_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Every state can be reached, and only by events that the table allows.
func TestEveryStateIsReached(t *testing.T) {
	t.Parallel()
	reached := map[trade.OrderState]bool{trade.Journaled: true}
	for waiting := []trade.OrderState{trade.Journaled}; len(waiting) > 0; {
		from := waiting[0]
		waiting = waiting[1:]
		for _, event := range everyEvent {
			order := trade.Order{State: from}
			if order.Apply(event) == nil && !reached[order.State] {
				reached[order.State] = true
				waiting = append(waiting, order.State)
			}
		}
	}
	want := []trade.OrderState{
		trade.Accepted, trade.Canceled, trade.Expired, trade.Filled, trade.Journaled,
		trade.PartiallyFilled, trade.Rejected, trade.Submitting, trade.Unknown,
	}
	if got := slices.Sorted(maps.Keys(reached)); !slices.Equal(got, want) {
		t.Errorf("reached %v, want %v", got, want)
	}
}

// An event that the order has just had changes nothing the second time.
func TestARepeatedEventChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		order := trade.Order{State: trade.Journaled}
		for range rapid.IntRange(1, 20).Draw(t, "events") {
			event := rapid.SampledFrom(everyEvent).Draw(t, "event")
			if order.Apply(event) != nil {
				continue
			}
			again := order
			if err := again.Apply(event); err == nil && again.State != order.State {
				t.Fatalf("%s once is %s, twice %s", event, order.State, again.State)
			}
		}
	})
}

// Alpaca's words for an order that is alive, besides those of its fills, and for its ends.
var (
	aliveWords = []string{
		"new", "accepted", "pending_new", "held", "accepted_for_bidding", "stopped", "suspended", "calculated", "done_for_day",
		"pending_cancel", "pending_replace",
	}
	endWords = []string{"filled", "canceled", "expired", "replaced", "rejected"}
)

// reports is the life of one order as a broker tells it: filled step by step to an end, with any of
// its words between.
func reports(t *rapid.T) []trade.BrokerOrder {
	told := []trade.BrokerOrder{{ID: "b", Status: "pending_new"}, {ID: "b", Status: "new"}}
	filled := int64(0)
	for range rapid.IntRange(0, 4).Draw(t, "parts") {
		word := "partially_filled"
		if rapid.Bool().Draw(t, "aside") {
			word = rapid.SampledFrom(aliveWords).Draw(t, "word")
		} else {
			filled += rapid.Int64Range(1, 5).Draw(t, "part")
		}
		told = append(told, trade.BrokerOrder{ID: "b", Status: word, FilledQty: decimal.NewFromInt(filled)})
	}
	last := trade.BrokerOrder{ID: "b", Status: rapid.SampledFrom(endWords).Draw(t, "end"), FilledQty: decimal.NewFromInt(filled)}
	if last.Status == "filled" {
		last.FilledQty = decimal.NewFromInt(filled + 1)
	}
	return append(told, last)
}

// Whatever the broker says of a living order, at any time, is taken over; nothing it says brings an
// ended one back.
func TestEveryWordOfTheBrokerIsUnderstood(t *testing.T) {
	t.Parallel()
	for _, state := range []trade.OrderState{trade.Journaled, trade.Submitting, trade.Unknown, trade.Accepted, trade.PartiallyFilled} {
		for _, filled := range []int64{2, 5} {
			for _, word := range slices.Concat(aliveWords, endWords, []string{"partially_filled", "a word of tomorrow"}) {
				order := trade.Order{State: state}
				if state == trade.PartiallyFilled {
					order.FilledQty = decimal.NewFromInt(2)
				}
				if err := order.Adopt(trade.BrokerOrder{ID: "b", Status: word, FilledQty: decimal.NewFromInt(filled)}); err != nil {
					t.Errorf("%s, then %q with %d filled: %v", state, word, filled, err)
				}
				if order.State.Terminal() != slices.Contains(endWords, word) || order.State.Unresolved() || !order.FilledQty.Equal(decimal.NewFromInt(filled)) {
					t.Errorf("%s, then %q with %d filled, is %s with %s", state, word, filled, order.State, order.FilledQty)
				}
			}
		}
	}
	for _, state := range []trade.OrderState{trade.Filled, trade.Canceled, trade.Expired, trade.Rejected} {
		for _, word := range slices.Concat(aliveWords, endWords) {
			order := trade.Order{State: state, FilledQty: decimal.NewFromInt(2)}
			_ = order.Adopt(trade.BrokerOrder{ID: "b", Status: word, FilledQty: decimal.NewFromInt(2)})
			if order.State != state {
				t.Errorf("%s became %s by %q", state, order.State, word)
			}
		}
	}
}

// write is what one process that read the order at some time makes of a report.
// The journal takes it as the store does: unless it is outdated.
func write(known *trade.Order, read trade.Order, report trade.BrokerOrder) {
	if read.Adopt(report) == nil && !read.Outdated(*known) {
		*known = read
	}
}

// Several processes read the order at any time before they write; reports come in any order and
// any number of times. The journal never goes back, and comes to the same end.
func TestReportsInAnyOrderFromAnybodyComeToOneEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		told := reports(t)
		known := trade.Order{State: trade.Submitting, Epoch: 1}
		copies := []trade.Order{known}
		for range rapid.IntRange(0, 30).Draw(t, "writes") {
			before := known
			read := rapid.SampledFrom(copies).Draw(t, "read")
			if rapid.Bool().Draw(t, "gives up") { // a cycle whose answer was lost
				if read.Apply(trade.AnswerLost) == nil && !read.Outdated(known) {
					known = read
				}
			} else {
				write(&known, read, rapid.SampledFrom(told).Draw(t, "report"))
			}
			if known.FilledQty.LessThan(before.FilledQty) || before.State.Terminal() && known.State != before.State ||
				!before.State.Unresolved() && known.State.Unresolved() {
				t.Fatalf("%s with %s filled became %s with %s", before.State, before.FilledQty, known.State, known.FilledQty)
			}
			copies = append(copies, known)
		}
		last := told[len(told)-1]
		write(&known, known, last)
		want := trade.Order{State: trade.Unknown}
		_ = want.Adopt(last)
		if known.State != want.State || !known.FilledQty.Equal(last.FilledQty) {
			t.Fatalf("came to %s with %s, want %s with %s", known.State, known.FilledQty, want.State, last.FilledQty)
		}
	})
}

// What round trips earn is what cash moved while nothing was left, whatever the executions.
func TestRoundTripsEarnWhatMoved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var executions []trade.Execution
		held, cash := decimal.Zero, decimal.Zero
		for range rapid.IntRange(0, 30).Draw(t, "executions") {
			side := rapid.SampledFrom([]trade.Side{trade.SideBuy, trade.SideSell}).Draw(t, "side")
			fill := trade.Fill{Side: side, Qty: decimal.New(rapid.Int64Range(1, 50).Draw(t, "qty"), -1), Price: decimal.New(rapid.Int64Range(1, 5000).Draw(t, "price"), -2)}
			executions = append(executions, trade.Execution{Fill: fill})
			held, cash = held.Add(fill.Signed()), cash.Sub(fill.Signed().Mul(fill.Price))
		}
		if !held.IsZero() { // close it
			fill := trade.Fill{Side: trade.SideSell, Qty: held.Abs(), Price: decimal.NewFromInt(7)}
			if held.IsNegative() {
				fill.Side = trade.SideBuy
			}
			executions = append(executions, trade.Execution{Fill: fill})
			cash = cash.Sub(fill.Signed().Mul(fill.Price))
		}
		sum := decimal.Zero
		for _, closed := range trade.RoundTrips("AAPL", decimal.Zero, executions) {
			sum = sum.Add(closed.Profit)
			if !closed.Qty.IsPositive() {
				t.Fatalf("a trade of %s shares", closed.Qty)
			}
		}
		if !sum.Equal(cash) {
			t.Fatalf("trades earned %s, cash moved by %s", sum, cash)
		}
		for _, closed := range trade.RoundTrips("AAPL", decimal.NewFromInt(1_000_000), executions) {
			t.Fatalf("a trade whose cost is not known: %+v", closed)
		}
	})
}
