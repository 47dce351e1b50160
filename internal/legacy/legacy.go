// Package legacy holds the words of the Python system that this program succeeds: what its database
// and files say, and how that is said here. No I/O.
package legacy

import (
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Installation is the old database without its audit log.
type Installation struct {
	Source  string // names the old installation, the same at each reading
	Users   []User // by id
	Entries int    // of its audit log
}

// User is one user with what is theirs.
type User struct {
	ID           string
	Username     string
	Email        string
	PasswordHash string
	TOTPSecret   secret.Text // stored in clear there
	TwoFactor    bool
	Disabled     bool
	Admin        bool
	CreatedAt    time.Time
	LastLogin    time.Time
	Accounts     []Account
	Watchlist    []trade.WatchedSymbol
	Settings     Row // nil: none
}

// Account is a brokerage account with its keys as they are stored.
type Account struct {
	Name      string
	APIKey    string // URL-safe base64 of a Fernet token
	SecretKey string
	Paper     bool
	Active    bool
}

// Entry is an entry of the old audit log.
type Entry struct {
	ID        int64
	UserID    string // empty: nobody
	Action    string
	Resource  string // type and id
	Details   string // JSON
	Address   string
	UserAgent string
	At        time.Time
}

// Newcomer is a user as it is to be stored here: everything sealed under a data key of its own.
type Newcomer struct {
	OldID      string
	User       auth.User
	WrappedKey []byte
	Settings   trade.Settings
	Accounts   []trade.BrokerageAccount // at most one is active
	Watchlist  []trade.WatchedSymbol
	TOTP       *auth.TOTPSecret // enabled; nil: none
	Entry      audit.Entry
}

// Addition is what a user who is here already gets: from files of the earlier program.
type Addition struct {
	User      auth.User
	Settings  *trade.Settings // nil: they stay
	Accounts  []trade.BrokerageAccount
	Watchlist []trade.WatchedSymbol
	Entry     audit.Entry
}

// renamed are the actions that the guide names otherwise than the program wrote them.
var renamed = map[string]audit.Action{
	"account_create": audit.AccountCreated,
	"account_delete": audit.AccountDeleted,
}

// Imported returns the entry as the audit log here has it: with its own time and name, and marked
// as imported. users gives the new id and name of a user by the old id.
func (e Entry) Imported(source string, users map[string]auth.User) audit.Entry {
	action, ok := renamed[e.Action]
	if !ok {
		action = audit.Action(firstCharacters(e.Action, longestAction))
	}
	actor := users[e.UserID]
	details := map[string]any{"imported": source, "old_entry": e.ID}
	if e.Details != "" && e.Details != "null" {
		details["old_details"] = e.Details
	}
	if e.UserID != "" && actor.ID == "" {
		details["old_user"] = e.UserID
	}
	return audit.Entry{
		At: e.At, Actor: actor.ID, ActorName: actor.Username, Action: action, Target: e.Resource,
		Address: e.Address, UserAgent: e.UserAgent, Details: details,
	}
}

const longestAction = 50

func firstCharacters(text string, limit int) string {
	characters := []rune(text)
	return string(characters[:min(limit, len(characters))])
}
