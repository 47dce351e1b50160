package auth

import "github.com/jcap24/alpaca-trader/internal/fault"

// FactorRule says of whom an installation demands a second factor.
type FactorRule string

// The rules.
const (
	DemandNone   FactorRule = "off"
	DemandAdmins FactorRule = "admins"
	DemandAll    FactorRule = "all"
)

// ParseFactorRule returns a fault of kind Invalid for a rule that does not exist.
func ParseFactorRule(text string) (FactorRule, error) {
	switch rule := FactorRule(text); rule {
	case DemandNone, DemandAdmins, DemandAll:
		return rule, nil
	}
	return "", fault.New(fault.Invalid, "A second factor is demanded of off, admins or all.")
}

// Demands reports whether a user of the role must have a second factor.
func (r FactorRule) Demands(role Role) bool {
	return r == DemandAll || r == DemandAdmins && role == Admin
}

// ErrMustEnroll refuses everything to who must set up a second factor first, but to do that.
var ErrMustEnroll = fault.New(fault.Forbidden,
	"This installation demands a second factor. Set up an authenticator app or a passkey in the room Security first.")

// ErrLastFactor keeps the last second factor of who must have one.
var ErrLastFactor = fault.New(fault.Conflict,
	"This installation demands a second factor, and this is your last one. Set up another one first.")
