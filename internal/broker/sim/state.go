package sim

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// stateVersion is that of states written now; older ones are upgraded when they are read.
//
// Version 1 knew market orders only, and no settings, watchlists, events or corporate actions.
// Versions 1 and 2 were one JSON file; see Upgrade.
const stateVersion = 3

// Keeper keeps the simulator's state over a restart. It belongs to the simulator, which calls it
// from one goroutine at a time and closes it.
type Keeper interface {
	// Name is what a person calls it: its file.
	Name() string
	// Load gives every row to take: accounts first, and of an account each kind in the order of its
	// numbers. found is false when nothing was ever saved. An error means that what is kept cannot
	// be trusted.
	Load(take func(Row) error) (header Header, found bool, err error)
	// Save replaces the header, writes and drops rows, all of it or nothing. When it returns nil the
	// change outlasts a kill and a loss of power.
	Save(change Change) error
	Close() error
}

// Header is what a state knows beside its accounts.
type Header struct {
	Version int       `json:"version"`
	Market  string    `json:"market"`  // its name: a state goes on with the same prices only
	Now     time.Time `json:"now"`     // the market's time
	SavedAt time.Time `json:"savedat"` // the machine's time
}

// RowKind is what a row holds.
type RowKind string

// The kinds of rows.
const (
	AccountRow  RowKind = "account"  // an account's sums, positions and settings; its number is 0
	OrderRow    RowKind = "order"    // numbered by submission
	ActivityRow RowKind = "activity" // executions, fees, dividends, in the order of time
	EventRow    RowKind = "event"    // what happened to orders, for streams
	UsedIDRow   RowKind = "used_id"  // the digest, as the number, of a forgotten client order id
)

// RowKinds are all kinds, in the order in which Load gives them.
var RowKinds = []RowKind{AccountRow, OrderRow, ActivityRow, EventRow, UsedIDRow}

// Row is a piece of the state. Kind, Account and Number name it.
type Row struct {
	Kind    RowKind
	Account string // the key that opens it
	Number  int64
	Content []byte // JSON; empty for UsedIDRow and for rows that are dropped
}

// Change is what a save writes.
type Change struct {
	Header Header
	Put    []Row // new ones, and ones that replace theirs
	Drop   []Row
}

// load reads what the keeper keeps. A state that is damaged or belongs to another market is an
// error: starting anew over it would lose somebody's accounts.
func load(keeper Keeper, source Market) (header Header, accounts map[string]*account, err error) {
	accounts = map[string]*account{}
	header, found, err := keeper.Load(func(row Row) error { return restore(accounts, row) })
	switch {
	case err != nil:
		return header, nil, fault.Because(err, fault.Invalid, "%s is not a state file of the simulator, or it is damaged; name another file, or move it away to start anew.", keeper.Name())
	case !found:
		return header, accounts, nil
	case header.Version > stateVersion:
		return header, nil, fault.New(fault.Invalid, "The state file %s was written by a newer version of this program; use that, or name another file.", keeper.Name())
	case header.Market != source.Name():
		return header, nil, fault.New(fault.Invalid, "The state file %s belongs to another market (%s, not %s); name another file, or start with that market.", keeper.Name(), header.Market, source.Name())
	}
	for key, a := range accounts {
		if !a.whole() {
			return header, nil, fault.New(fault.Invalid, "The state file %s is damaged in the account of key %.8s...; move it away to start anew.", keeper.Name(), key)
		}
		a.key = key
		a.index()
		a.wasSaved()
	}
	return header, accounts, nil
}

// restore puts a row in its account.
func restore(accounts map[string]*account, row Row) error {
	if row.Kind == AccountRow {
		a := &account{}
		accounts[row.Account] = a
		return json.Unmarshal(row.Content, a)
	}
	a, known := accounts[row.Account]
	if !known {
		return fmt.Errorf("restore %s %d: no account %.8s", row.Kind, row.Number, row.Account)
	}
	switch row.Kind {
	case OrderRow:
		o := &order{}
		a.Orders = append(a.Orders, o)
		return json.Unmarshal(row.Content, o)
	case ActivityRow:
		a.Fills = append(a.Fills, fill{})
		return json.Unmarshal(row.Content, &a.Fills[len(a.Fills)-1])
	case EventRow:
		return a.Log.restore(row.Content)
	case UsedIDRow:
		a.use(uint64(row.Number))
		return nil
	default:
		return fmt.Errorf("restore %q: unknown kind", row.Kind)
	}
}

// whole reports whether a restored account has all its parts and its money adds up.
func (a *account) whole() bool {
	if a.Positions == nil {
		return false
	}
	for _, o := range a.Orders {
		if o == nil || o.ID == "" {
			return false
		}
	}
	for _, w := range a.Watchlists {
		if w == nil {
			return false
		}
	}
	sum := a.Cash.Sub(a.Realized).Add(a.Fees).Sub(a.Income)
	for _, p := range a.Positions {
		if p == nil {
			return false
		}
		sum = sum.Add(p.Cost)
	}
	return sum.Equal(a.Deposit)
}
