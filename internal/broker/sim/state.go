package sim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// stateVersion is that of files written now; older ones are upgraded when they are read.
//
// Version 1 knew market orders only, and no settings, watchlists, events or corporate actions.
const stateVersion = 2

// state is what a state file holds: everything but the prices.
type state struct {
	Version  int                 `json:"version"`
	Market   string              `json:"market"`
	Now      time.Time           `json:"now"`     // the market's time
	SavedAt  time.Time           `json:"savedat"` // the machine's time
	Accounts map[string]*account `json:"accounts"`
}

// readState reads the file; found is false when there is none. A file that is damaged or belongs
// to another market is an error: starting anew over it would lose somebody's accounts.
func readState(file string, source Market) (saved state, found bool, err error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, false, nil
	}
	if err != nil {
		return state{}, false, fault.Because(err, fault.Invalid, "The state file %s cannot be read; check its name and its permissions.", file)
	}
	if err := json.Unmarshal(content, &saved); err != nil || saved.Version < 1 || saved.Now.IsZero() {
		return state{}, false, fault.Because(err, fault.Invalid, "%s is not a state file of the simulator, or it is damaged; name another file, or move it away to start anew.", file)
	}
	if saved.Version > stateVersion {
		return state{}, false, fault.New(fault.Invalid, "The state file %s was written by a newer version of this program; use that, or name another file.", file)
	}
	if saved.Market != source.Name() {
		return state{}, false, fault.New(fault.Invalid, "The state file %s belongs to another market (%s, not %s); name another file, or start with that market.", file, saved.Market, source.Name())
	}
	for key, a := range saved.Accounts {
		if a == nil || !a.whole() {
			return state{}, false, fault.New(fault.Invalid, "The state file %s is damaged in the account of key %.8s...; move it away to start anew.", file, key)
		}
		if saved.Version < 2 {
			a.upgrade(saved.Now)
		}
		a.key = key
		a.index()
	}
	if saved.Accounts == nil {
		saved.Accounts = map[string]*account{}
	}
	return saved, true, nil
}

// upgrade gives an account of version 1 what it lacks. Its orders filled whole, and its open ones
// wait for the next print.
func (a *account) upgrade(now time.Time) {
	a.Settings, a.Actions = defaultConfigurations(), now
	for i := range a.Fills {
		f := &a.Fills[i]
		f.CumQty, f.Status = f.Qty, statusFilled
	}
	for _, o := range a.Orders {
		o.Working, o.FromRank = o.From, rankOpen
		o.Spent = o.FilledQty.Mul(o.FilledAvgPrice.Decimal)
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

// writeState replaces the file: after a crash at any moment the old or the new content is there.
func writeState(file string, s state) error {
	content, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	defer os.Remove(temporary.Name()) // gone already when all went well
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), file)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(file))
	}
	if err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	return nil
}

// syncFolder makes a rename in the folder last through a power failure.
func syncFolder(folder string) error {
	opened, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}
