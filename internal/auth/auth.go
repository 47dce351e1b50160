// Package auth holds the words of security: who somebody is and what they may do. No I/O.
package auth

import (
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// Role is a user's standing in the installation.
type Role string

// The roles. A viewer sees its own rows and changes nothing.
const (
	Admin  Role = "admin"
	Trader Role = "trader"
	Viewer Role = "viewer"
)

// Permission is what a route or a use case asks for.
type Permission string

// The permissions. Anyone may call what is Public; the rest needs a signed-in user.
const (
	Public     Permission = "public"
	Self       Permission = "self"       // manage how one signs in: password, factors, sessions
	Read       Permission = "read"       // see one's own rows
	Write      Permission = "write"      // change one's own watchlist and settings
	Accounts   Permission = "accounts"   // change one's own brokerage accounts and their keys
	Trade      Permission = "trade"      // let orders be placed
	Administer Permission = "administer" // manage users and the installation
)

// permissions is the one table of who may do what.
var permissions = map[Role][]Permission{
	Admin:  {Public, Self, Read, Write, Accounts, Trade, Administer},
	Trader: {Public, Self, Read, Write, Accounts, Trade},
	Viewer: {Public, Self, Read},
}

// User is a person who can sign in.
type User struct {
	ID           string // UUID
	Username     string // 3 to 80 characters, unique without regard to case
	Email        string // at most 120 characters, unique without regard to case
	PasswordHash string // argon2id, PHC string format
	Role         Role
	Disabled     bool
	CreatedAt    time.Time
	LastLogin    time.Time // zero: never
	// SessionEpoch rises when all sessions of the user end; a session of an older epoch is worth nothing.
	SessionEpoch int64
	// PasswordChangedAt is zero for the password that the user was made with.
	PasswordChangedAt time.Time
}

// PasswordReminderAfter is the age at which a user is reminded to change the password (the guide's
// "quarterly"). Nobody is forced to.
const PasswordReminderAfter = 90 * 24 * time.Hour

// PasswordSince is when the user's password was chosen.
func (u User) PasswordSince() time.Time {
	if u.PasswordChangedAt.IsZero() {
		return u.CreatedAt
	}
	return u.PasswordChangedAt
}

// Principal is who acts.
type Principal struct {
	UserID    string
	Username  string
	Role      Role
	SessionID string // hashed form, for the audit
	Address   string // client address
	UserAgent string
	// FactorAt is when this session last proved a factor: at sign-in or by a step-up. Zero for
	// who has no session, such as an API token.
	FactorAt time.Time
	// ProvedAt is when this session last proved all that a sign-in asks for: at sign-in, or by a full
	// step-up (password and second factor, or a passkey).
	ProvedAt time.Time
	// Token is what an API token adds and takes away; nil for who uses a session.
	Token *TokenGrant

	// MustEnroll: the installation demands a second factor, and the user has none yet.
	MustEnroll bool

	operator bool // see Operator
}

// TokenGrant is what a principal who came with an API token got from it.
type TokenGrant struct {
	ID     string
	Scopes []Scope
	Rates  Rates // empty: those of the installation
}

// FreshFor is how long a factor that was shown counts for dangerous acts.
const FreshFor = 5 * time.Minute

// RequireFresh returns nil when a factor was shown at most FreshFor ago, and otherwise a fault of
// kind StepUp; of kind Forbidden for an API token, which has no factor to show. The command line has
// no session; who may use it has shown the installation's keys.
func (p Principal) RequireFresh(now time.Time) error {
	if p.operator || p.Token != nil {
		return p.RequireSession()
	}
	if isFresh(p.FactorAt, now) {
		return nil
	}
	return fault.New(fault.StepUp, "Confirm that it is you first: show your password, a code or a passkey again.")
}

// RequireProved is RequireFresh for acts on how the user signs in: what a sign-in asks for was shown
// at most FreshFor ago, not a code alone. The fault is ErrProveAgain then.
func (p Principal) RequireProved(now time.Time) error {
	if p.operator || p.Token != nil {
		return p.RequireSession()
	}
	if isFresh(p.ProvedAt, now) {
		return nil
	}
	return ErrProveAgain
}

func isFresh(shown, now time.Time) bool {
	age := now.Sub(shown)
	return !shown.IsZero() && age >= 0 && age <= FreshFor
}

// ErrProveAgain asks for all that a sign-in asks for.
var ErrProveAgain = fault.New(fault.StepUp, "Confirm that it is you first: show your password, together with a code where you have a second factor, or a passkey.")

// Nobody is the principal of a request without a session.
var Nobody = Principal{}

// Operator is the principal of the command line: whoever has the installation's keys and database
// may administer it. It is no user and has no rows of its own.
var Operator = Principal{Username: "command line", Role: Admin, operator: true}

// Can reports whether the principal has the permission: by role, and with an API token by one of
// its scopes too.
func (p Principal) Can(wanted Permission) bool {
	if wanted == Public {
		return true
	}
	if p.Token != nil && !scopesPermit(p.Token.Scopes, wanted) {
		return false
	}
	for _, permission := range permissions[p.Role] {
		if permission == wanted {
			return p.UserID != "" || p.operator
		}
	}
	return false
}

// Require returns nil or a fault of kind Unauthenticated or Forbidden. Who must set up a second factor
// may do no more than manage how to sign in.
func (p Principal) Require(wanted Permission) error {
	switch {
	case p.MustEnroll && p.Can(wanted) && wanted != Public && wanted != Self:
		return ErrMustEnroll
	case p.Can(wanted):
		return nil
	case p.UserID == "":
		return fault.New(fault.Unauthenticated, "Sign in first.")
	case p.Token != nil && !scopesPermit(p.Token.Scopes, wanted):
		return errScope
	default:
		return fault.New(fault.Forbidden, "Your role (%s) does not allow this.", p.Role)
	}
}

// RequireMode returns nil when the principal may change what accounts of the mode do. Only an API
// token is bound to a mode: a fault of kind Forbidden when it lacks the scope.
func (p Principal) RequireMode(paper bool) error {
	if p.Token == nil || slices.Contains(p.Token.Scopes, TradeScope(paper)) {
		return nil
	}
	return errScope
}

// RequireSession returns nil unless the principal came with an API token, which no act on tokens,
// factors, keys, accounts or the installation takes.
func (p Principal) RequireSession() error {
	if p.Token == nil {
		return nil
	}
	return fault.New(fault.Forbidden, "An API token may not do this. Sign in and do it in the browser.")
}

var errScope = fault.New(fault.Forbidden, "The API token's scopes do not allow this.")
