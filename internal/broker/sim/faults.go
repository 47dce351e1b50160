package sim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
)

// The kinds of faults. Those of requests and events strike once unless Times says otherwise; those
// of the market last until they are deleted or their Until.
const (
	faultLatency     = "latency"      // the answer takes Delay longer
	faultRateLimit   = "rate_limit"   // 429
	faultServerError = "server_error" // 500
	faultTimeout     = "timeout"      // 504; with After the request is carried out first
	faultDrop        = "drop"         // the request is carried out, the connection ends without an answer
	faultMalformed   = "malformed"    // the request is carried out, half of the answer's JSON is sent
	faultHTML        = "html_401"     // the page that a proxy in front of Alpaca sends

	faultSocketDrop     = "socket_drop"      // open streams end at once, without a close frame
	faultSocketHalfOpen = "socket_half_open" // open streams stay open and silent

	faultDuplicate = "event_duplicate" // a trade update is sent twice
	faultLate      = "event_late"      // a trade update is sent Delay later
	faultReorder   = "event_reorder"   // a trade update is sent after the one that follows it

	faultPartialCancel = "partial_cancel" // an order of Symbol fills Fraction of its quantity, the rest is canceled
	faultHalt          = "halt"           // Symbol does not trade from From until Until
	faultEarlyClose    = "early_close"    // the session of Date ends at Close
	faultClockSkew     = "clock_skew"     // the clocks of /v2 and /v3 are off by Delay
)

// mostFaults bounds the list; spent ones stay on it until they are deleted, for their counts.
const mostFaults = 1000

// Fault is something that goes wrong on purpose.
type Fault struct {
	ID   int    `json:"id"`
	Kind string `json:"kind"`

	// Which requests: all that fit what is given.
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"` // a prefix
	Key    string `json:"key,omitempty"`  // an account's key id

	From  time.Time `json:"from,omitzero"`  // market time; zero: at once
	Until time.Time `json:"until,omitzero"` // market time; zero: until deleted
	Skip  int       `json:"skip,omitempty"` // spares so many first
	Times int       `json:"times"`          // strikes so often; 0: once, or always for a state of the market; -1: always

	Delay  Span   `json:"delay,omitzero"`
	After  bool   `json:"after,omitempty"`
	Symbol string `json:"symbol,omitempty"`

	At    time.Time `json:"at,omitzero"` // when a trade was that is told, corrected or canceled later
	Price float64   `json:"price,omitempty"`
	Size  int       `json:"size,omitempty"` // shares of a late trade; 0: 100

	Fraction float64 `json:"fraction,omitempty"` // above 0 and below 1
	Date     string  `json:"date,omitempty"`     // YYYY-MM-DD; empty: the day of From, or today
	Close    string  `json:"close,omitempty"`    // HH:MM in New York

	Struck int `json:"struck"`

	seen   int
	ending time.Time // of an early close
}

// Span is a length of time, written "1.5s".
type Span struct{ time.Duration }

// MarshalJSON writes the span as Go does.
func (s Span) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Span) UnmarshalJSON(content []byte) error {
	var text string
	if err := json.Unmarshal(content, &text); err != nil {
		return err
	}
	parsed, err := time.ParseDuration(text)
	s.Duration = parsed
	return err
}

// stateKinds are states of the market, not strikes.
const stateKinds = faultHalt + " " + faultEarlyClose + " " + faultClockSkew + " " + revisionKinds

var faultKinds = strings.Fields(faultLatency + " " + faultRateLimit + " " + faultServerError + " " + faultTimeout + " " +
	faultDrop + " " + faultMalformed + " " + faultHTML + " " + faultSocketDrop + " " + faultSocketHalfOpen + " " +
	faultDuplicate + " " + faultLate + " " + faultReorder + " " + faultPartialCancel + " " + stateKinds)

// prepare checks the fault and fills in what it left out.
func (f *Fault) prepare(now time.Time) error {
	const longest = time.Hour
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("kind must be one of %s", strings.Join(faultKinds, ", "))
	case f.Skip < 0 || f.Times < -1:
		return fmt.Errorf("skip must be at least 0, times at least -1")
	case f.Delay.Duration > longest || f.Delay.Duration < -longest || f.Delay.Duration < 0 && f.Kind != faultClockSkew:
		return fmt.Errorf("delay must be between 0s and 1h")
	case oneOf(f.Kind, faultLatency+" "+faultLate+" "+faultClockSkew) && f.Delay.Duration == 0:
		return fmt.Errorf("%s needs a delay, such as \"500ms\"", f.Kind)
	case oneOf(f.Kind, faultHalt+" "+faultPartialCancel) && f.Symbol == "":
		return fmt.Errorf("%s needs a symbol", f.Kind)
	case f.Kind == faultPartialCancel && (f.Fraction <= 0 || f.Fraction >= 1):
		return fmt.Errorf("partial_cancel needs a fraction above 0 and below 1")
	}
	if f.From.IsZero() && oneOf(f.Kind, stateKinds) {
		f.From = now
	}
	if f.Times == 0 && oneOf(f.Kind, stateKinds) {
		f.Times = -1
	}
	f.Struck, f.seen = 0, 0
	switch {
	case f.Kind == faultEarlyClose:
		return f.prepareClose()
	case oneOf(f.Kind, revisionKinds):
		return f.prepareRevision()
	default:
		return nil
	}
}

// prepareClose finds the session that ends early and when.
func (f *Fault) prepareClose() error {
	day := f.From
	if f.Date != "" {
		given, err := time.ParseInLocation(time.DateOnly, f.Date, market.NewYork)
		if err != nil {
			return fmt.Errorf("date must be YYYY-MM-DD")
		}
		day = given
	}
	session, ok := market.SessionOn(day)
	if !ok {
		return fmt.Errorf("%s is not a trading day", day.In(market.NewYork).Format(time.DateOnly))
	}
	if f.Close == "" {
		f.Close = "13:00"
	}
	clock, err := time.Parse("15:04", f.Close)
	if err != nil {
		return fmt.Errorf("close must be HH:MM")
	}
	year, month, date := session.Date.Date()
	f.ending = time.Date(year, month, date, clock.Hour(), clock.Minute(), 0, 0, market.NewYork).UTC()
	if !session.Contains(f.ending) {
		return fmt.Errorf("close must be between the session's open and its usual close")
	}
	f.Date, f.From, f.Until = session.Date.Format(time.DateOnly), f.ending, session.Close
	return nil
}

// over reports whether the fault has struck as often as it should.
func (f *Fault) over() bool { return f.Times >= 0 && f.Struck >= max(1, f.Times) }

// lasts reports whether the market time is in the fault's window.
func (f *Fault) lasts(now time.Time) bool {
	return !now.Before(f.From) && (f.Until.IsZero() || now.Before(f.Until))
}

// faults are all that go wrong on purpose. Its lock is taken last.
type faults struct {
	now func() time.Time // the market's

	mu      sync.Mutex
	list    []*Fault
	lastID  int
	markets atomic.Int32 // number of states of the market, so that without any nothing is looked up
}

// add checks and arms the fault.
func (fs *faults) add(f Fault) (Fault, error) {
	if err := f.prepare(fs.now()); err != nil {
		return Fault{}, err
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if len(fs.list) >= mostFaults {
		return Fault{}, fmt.Errorf("there are %d faults already; delete some", mostFaults)
	}
	fs.lastID++
	f.ID = fs.lastID
	fs.list = append(fs.list, &f)
	fs.count()
	return f, nil
}

// count keeps the number of states of the market. The lock is held.
func (fs *faults) count() {
	number := int32(0)
	for _, f := range fs.list {
		if oneOf(f.Kind, faultHalt+" "+faultEarlyClose+" "+revisionKinds) {
			number++
		}
	}
	fs.markets.Store(number)
}

// last is the id of the newest one; 0 when there never was one.
func (fs *faults) last() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.lastID
}

// all returns copies, oldest first.
func (fs *faults) all() []Fault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	copies := make([]Fault, len(fs.list))
	for i, f := range fs.list {
		copies[i] = *f
	}
	return copies
}

// remove deletes the fault with the id, or all for 0, and returns how many there were.
func (fs *faults) remove(id int) int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	before := len(fs.list)
	fs.list = slices.DeleteFunc(fs.list, func(f *Fault) bool { return id == 0 || f.ID == id })
	fs.count()
	return before - len(fs.list)
}

// strike counts and returns the faults of the kinds that the test takes and whose turn it is.
func (fs *faults) strike(kinds string, takes func(*Fault) bool) []Fault {
	now := fs.now()
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var struck []Fault
	for _, f := range fs.list {
		if !oneOf(f.Kind, kinds) || f.over() || !f.lasts(now) || !takes(f) {
			continue
		}
		if f.seen++; f.seen <= f.Skip {
			continue
		}
		f.Struck++
		struck = append(struck, *f)
	}
	return struck
}

// first is the first of strike's faults.
func (fs *faults) first(kinds string, takes func(*Fault) bool) (Fault, bool) {
	if struck := fs.strike(kinds, takes); len(struck) > 0 {
		return struck[0], true
	}
	return Fault{}, false
}

// onKey takes faults for every account, or for the key's.
func onKey(key string) func(*Fault) bool {
	return func(f *Fault) bool { return f.Key == "" || f.Key == key }
}

// skew is how far the clocks that the market shows are off.
func (fs *faults) skew(key string) time.Duration {
	var sum time.Duration
	for _, f := range fs.strike(faultClockSkew, onKey(key)) {
		sum += f.Delay.Duration
	}
	return sum
}

// halted returns when trading of the symbol began to rest at the moment, and when it goes on
// (zero: that is not known).
func (fs *faults) halted(symbol string, at time.Time) (from, until time.Time, halted bool) {
	if fs.markets.Load() == 0 {
		return time.Time{}, time.Time{}, false
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.list {
		if (f.Kind == faultEarlyClose || f.Kind == faultHalt && f.Symbol == symbol) && f.lasts(at) {
			f.Struck++
			return f.From, f.Until, true
		}
	}
	return time.Time{}, time.Time{}, false
}

// closing is when the session ends: earlier than usual, if a fault says so.
func (fs *faults) closing(session market.Session) time.Time {
	if fs.markets.Load() == 0 {
		return session.Close
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.list {
		if f.Kind == faultEarlyClose && session.Contains(f.ending) {
			return f.ending
		}
	}
	return session.Close
}

// partial is the share of an order of the symbol that fills before the rest is canceled; ok is
// false when nothing goes wrong.
func (fs *faults) partial(key, symbol string) (fraction float64, ok bool) {
	f, ok := fs.first(faultPartialCancel, func(f *Fault) bool { return f.Symbol == symbol && onKey(key)(f) })
	return f.Fraction, ok
}
