package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Upgrade makes of a state of version 1 or 2, which was one JSON file, the change that writes all
// of it to an empty keeper.
func Upgrade(content []byte) (Change, error) {
	var old struct {
		Header
		Accounts map[string]*account `json:"accounts"`
	}
	if err := json.Unmarshal(content, &old); err != nil {
		return Change{}, fmt.Errorf("read state: %w", err)
	}
	if old.Version < 1 || old.Now.IsZero() {
		return Change{}, fmt.Errorf("read state: no version or no time")
	}
	change := Change{Header: old.Header}
	if old.Version < stateVersion {
		change.Header.Version = stateVersion
	}
	for _, key := range slices.Sorted(maps.Keys(old.Accounts)) {
		a := old.Accounts[key]
		if a == nil || !a.whole() {
			return Change{}, fmt.Errorf("read state: the account of key %.8s... is damaged", key)
		}
		if old.Version < 2 {
			a.upgrade(old.Now)
		}
		a.key = key
		a.number()
		if err := a.addChanges(&change); err != nil {
			return Change{}, err
		}
	}
	return change, nil
}

// number numbers the orders and counts everything as unsaved.
func (a *account) number() {
	a.unsaved = unsaved{}
	for i, o := range a.Orders {
		o.Number = int64(i) + 1
		a.mark(o)
	}
	for id := range a.UsedIDs {
		a.unsaved.used = append(a.unsaved.used, id)
	}
	a.Numbered = int64(len(a.Orders))
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
