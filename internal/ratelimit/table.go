package ratelimit

import (
	"maps"
	"sync/atomic"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Limits are the rates of each group.
type Limits map[Group]auth.Rates

// Defaults are the limits where nothing else is said.
func Defaults() Limits {
	return Limits{
		Auth:      {{Count: 10, Window: time.Minute}},
		Register:  {{Count: 5, Window: time.Hour}},
		API:       {{Count: 200, Window: 24 * time.Hour}, {Count: 50, Window: time.Hour}},
		Admin:     {{Count: 100, Window: 24 * time.Hour}, {Count: 20, Window: time.Hour}},
		Dashboard: {{Count: 600, Window: time.Minute}},
		Accounts:  {{Count: 10, Window: time.Hour}},
		Watchlist: {{Count: 20, Window: time.Minute}},
	}
}

// adjustable are the groups that an administrator may set while servers run.
var adjustable = []Group{Auth, Register, API, Admin, Dashboard}

// Table holds the limits in force: what is configured, and what administrators set over it. It is
// safe for concurrent use; a change counts from the next request on.
type Table struct {
	configured Limits
	inForce    atomic.Pointer[Limits]
}

// NewTable returns a table of the configured limits; a group that has none gets its default.
func NewTable(configured Limits) *Table {
	t := &Table{configured: Defaults()}
	for group, rates := range configured {
		if len(rates) > 0 {
			t.configured[group] = rates
		}
	}
	t.inForce.Store(&t.configured)
	return t
}

// Rates returns the limits of the group.
func (t *Table) Rates(group Group) auth.Rates { return (*t.inForce.Load())[group] }

// Current returns the limits in force of the groups that may be set.
func (t *Table) Current() auth.RateLimits {
	current := auth.RateLimits{}
	for _, group := range adjustable {
		current[string(group)] = t.Rates(group).String()
	}
	return current
}

// Override replaces all that was set before with the given limits; a group that is not among them
// has its configured limit again. A fault of kind Invalid, and no change, when one cannot be read.
func (t *Table) Override(wanted auth.RateLimits) error {
	limits := maps.Clone(t.configured)
	known := map[string]Group{}
	for _, group := range adjustable {
		known[string(group)] = group
	}
	for name, text := range wanted {
		group, ok := known[name]
		if !ok {
			return fault.New(fault.Invalid, "There is no rate limit %q to set.", name)
		}
		rates, err := auth.ParseRates(text)
		if err != nil {
			return err
		}
		limits[group] = rates
	}
	t.inForce.Store(&limits)
	return nil
}
