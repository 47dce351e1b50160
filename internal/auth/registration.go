package auth

import "github.com/jcap24/alpaca-trader/internal/fault"

// RegistrationMode says who may register. The very first user may in any mode.
type RegistrationMode string

// The modes. In every mode an administrator can create users.
const (
	OpenRegistration   RegistrationMode = "open"   // anybody
	InviteRegistration RegistrationMode = "invite" // who has an invite
	ClosedRegistration RegistrationMode = "closed" // nobody
)

// ValidateRegistrationMode returns a fault of kind Invalid for a mode that does not exist.
func ValidateRegistrationMode(mode RegistrationMode) error {
	switch mode {
	case OpenRegistration, InviteRegistration, ClosedRegistration:
		return nil
	}
	return fault.New(fault.Invalid, "Registration is open, invite or closed.")
}

// ValidateRole returns a fault of kind Invalid for a role that does not exist.
func ValidateRole(role Role) error {
	if _, known := permissions[role]; !known {
		return fault.New(fault.Invalid, "A role is admin, trader or viewer.")
	}
	return nil
}
