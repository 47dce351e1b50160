package auth

import "maps"

// UserRecord is a user as administrators see it.
type UserRecord struct {
	User
	TwoFactor bool
	Sessions  int // that have not expired
}

// UserQuery asks for one page of the directory of users, by user name.
type UserQuery struct {
	Text  string // part of the user name or the e-mail address, without regard to case; empty: everybody
	After string // UserPage.Next of the page before; empty: from the start
	Limit int    // at most LongestUserPage; zero: UsualUserPage
}

// The sizes of a page of users.
const (
	UsualUserPage   = 50
	LongestUserPage = 200
)

// UserPage is one page of the directory.
type UserPage struct {
	Users []UserRecord
	Next  string // empty: this was the last page
}

// UserChange is what an administrator changes of a user; nil fields stay.
type UserChange struct {
	Role     *Role
	Disabled *bool
}

// UserChanged is what became of a change: the user before and after it, and how many of its
// sessions it ended.
type UserChanged struct {
	Before, After User
	SessionsEnded int64
}

// RateLimits are limits by the name of their group; see RateLimit for the form. A group that is not there keeps
// the configured limit.
type RateLimits map[string]string

// InstallationSettings are what administrators change while servers run.
type InstallationSettings struct {
	Registration RegistrationMode
	RateLimits   RateLimits
}

// Clone returns a copy that shares nothing.
func (s InstallationSettings) Clone() InstallationSettings {
	s.RateLimits = maps.Clone(s.RateLimits)
	if s.RateLimits == nil {
		s.RateLimits = RateLimits{}
	}
	return s
}
