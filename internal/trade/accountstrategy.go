package trade

// AccountStrategy is what one brokerage account does differently from its user.
type AccountStrategy struct {
	AccountID string
	UserID    string
	Settings  *Settings       // nil: the user's
	Watchlist []WatchedSymbol // nil: the user's; empty: no symbol at all
}
