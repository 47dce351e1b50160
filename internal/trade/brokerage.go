package trade

import (
	"fmt"
	"time"
)

// BrokerageAccount is one user's connection to the broker. Its keys are sealed; only the hint
// (the first characters of the key id) can be shown.
type BrokerageAccount struct {
	ID           string // UUID, made before the insert because the seal depends on it
	UserID       string
	Name         string // unique for the user, 1 to 80 characters
	Paper        bool
	Demo         bool   // lives in the built-in simulator
	Active       bool   // the one account that the pages show; one a user
	Automated    bool   // the automation switch; off for every new account except a demonstration account
	APIKeyHint   string // first 8 characters of the key id
	SealedKey    []byte
	SealedSecret []byte
	NextRunAt    time.Time // next scheduled cycle in the market's clock; zero: not planned yet
	ArmedAt      time.Time // when a person allowed the program to trade this live account; zero: never
	CreatedAt    time.Time
}

// Armed reports whether the program may trade the account: always where the money is not real.
func (a BrokerageAccount) Armed() bool { return a.Paper || a.Demo || !a.ArmedAt.IsZero() }

// Mode is paper, live or demo; it is bound into the seal of the keys.
func (a BrokerageAccount) Mode() string {
	switch {
	case a.Demo:
		return "demo"
	case a.Paper:
		return "paper"
	default:
		return "live"
	}
}

// WatchedSymbol is one line of a watchlist.
type WatchedSymbol struct {
	Symbol string `json:"symbol"`
	Name   string `json:"name"`
}

// ParseSymbol returns s in upper case, or an error unless it is one to five letters.
func ParseSymbol(s string) (string, error) {
	up := make([]byte, 0, 5)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c < 'A' || c > 'Z' || len(up) == 5 {
			return "", fmt.Errorf("a symbol has one to five letters, such as AAPL")
		}
		up = append(up, c)
	}
	if len(up) == 0 {
		return "", fmt.Errorf("a symbol has one to five letters, such as AAPL")
	}
	return string(up), nil
}
