package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	longestWatchlist  = 200 // symbols; every one is fetched and evaluated on each look
	longestSymbolName = 200 // characters
)

// Watchlist returns the principal's symbols in the order added.
func (a *App) Watchlist(ctx context.Context, p auth.Principal) ([]trade.WatchedSymbol, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	return a.Store.Watchlist(ctx, p.UserID)
}

// AddSymbol adds a symbol that the broker of the active account knows. Faults: Invalid (not one
// to five letters, no account, list full), NotFound (the broker does not know it), Conflict.
func (a *App) AddSymbol(ctx context.Context, p auth.Principal, text string) (trade.WatchedSymbol, error) {
	if err := firstError(p.Require(auth.Write), a.requireModes(ctx, p), ruledBy(a.Files.Watchlist)); err != nil {
		return trade.WatchedSymbol{}, err
	}
	symbol, err := parseSymbol(text)
	if err != nil {
		return trade.WatchedSymbol{}, err
	}
	if err := a.checkRoom(ctx, p.UserID, symbol); err != nil {
		return trade.WatchedSymbol{}, err
	}
	watched, err := a.lookUp(ctx, p.UserID, symbol)
	if err != nil {
		return trade.WatchedSymbol{}, err
	}
	err = a.Store.AddSymbol(ctx, p.UserID, watched, a.entry(p, audit.WatchlistAdd, "symbol:"+symbol, nil))
	a.Poke(p.UserID)
	return watched, err
}

// checkRoom refuses a symbol that is there already, before the broker is asked, and a full list.
func (a *App) checkRoom(ctx context.Context, userID, symbol string) error {
	watchlist, err := a.Store.Watchlist(ctx, userID)
	if err != nil {
		return err
	}
	for _, watched := range watchlist {
		if watched.Symbol == symbol {
			return fault.New(fault.Conflict, "%s is on the watchlist already.", symbol)
		}
	}
	if len(watchlist) >= longestWatchlist {
		return fault.New(fault.Invalid, "The watchlist is full (%d symbols). Remove one first.", longestWatchlist)
	}
	return nil
}

func (a *App) lookUp(ctx context.Context, userID, symbol string) (trade.WatchedSymbol, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	_, brokerage, err := a.connect(ctx, userID)
	if err != nil {
		return trade.WatchedSymbol{}, err
	}
	return lookUpAt(ctx, brokerage, symbol)
}

// lookUpAt asks the broker for the symbol's name; NotFound when it does not know it.
func lookUpAt(ctx context.Context, brokerage Brokerage, symbol string) (trade.WatchedSymbol, error) {
	asset, err := brokerage.Asset(ctx, symbol)
	if fault.Is(err, fault.NotFound) {
		return trade.WatchedSymbol{}, fault.Because(err, fault.NotFound, "The broker knows no stock with the symbol %s.", symbol)
	}
	return trade.WatchedSymbol{Symbol: symbol, Name: truncate(asset.Name, longestSymbolName)}, brokerFault(err)
}

// RemoveSymbol takes the symbol off the principal's watchlist; NotFound when it is not on it.
func (a *App) RemoveSymbol(ctx context.Context, p auth.Principal, text string) error {
	if err := firstError(p.Require(auth.Write), a.requireModes(ctx, p), ruledBy(a.Files.Watchlist)); err != nil {
		return err
	}
	symbol, err := parseSymbol(text)
	if err != nil {
		return err
	}
	err = a.Store.RemoveSymbol(ctx, p.UserID, symbol, a.entry(p, audit.WatchlistRemove, "symbol:"+symbol, nil))
	a.Poke(p.UserID)
	return err
}

func parseSymbol(text string) (string, error) {
	symbol, err := trade.ParseSymbol(text)
	if err != nil {
		return "", fault.Because(err, fault.Invalid, "A symbol has one to five letters, such as AAPL.")
	}
	return symbol, nil
}
