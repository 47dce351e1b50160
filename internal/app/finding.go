package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Severity says how soon something should be done about a Finding.
type Severity string

// The severities, mildest first.
const (
	Fine     Severity = "ok"
	Note     Severity = "note"     // good to know
	Warning  Severity = "warning"  // to be mended before somebody depends on it
	Critical Severity = "critical" // somebody can get in, or something is lost, or it does not run
)

// Examine runs every check of the installation, and changes nothing.
type Examine func(context.Context) []Finding

// Checkup is what `doctor` finds, for administrators.
func (a *App) Checkup(ctx context.Context, p auth.Principal) ([]Finding, error) {
	if err := p.Require(auth.Administer); err != nil {
		return nil, err
	}
	if a.Examine == nil {
		return nil, fault.New(fault.Unavailable, "This process cannot check the installation. Run `alpaca-trader doctor`.")
	}
	return a.Examine(ctx), nil
}

// Finding is what a check of the installation found.
type Finding struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Says     string   `json:"says"`
	Do       string   `json:"do"` // empty when it is fine
}
