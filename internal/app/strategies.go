package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Strategy is what an account does: its own settings and watchlist where it has any, else its user's.
type Strategy struct {
	Settings     trade.Settings
	OwnSettings  bool
	Watchlist    []trade.WatchedSymbol
	OwnWatchlist bool
}

// strategyStore is what a strategy is read from.
type strategyStore interface {
	Settings
	Watchlists
	Strategies
}

// readStrategy reads what the account does.
func readStrategy(ctx context.Context, from strategyStore, account trade.BrokerageAccount) (Strategy, error) {
	own, err := from.AccountStrategy(ctx, account.ID)
	if err != nil {
		return Strategy{}, err
	}
	strategy := Strategy{Watchlist: own.Watchlist, OwnWatchlist: own.Watchlist != nil, OwnSettings: own.Settings != nil}
	if strategy.OwnSettings {
		strategy.Settings = *own.Settings
	} else if strategy.Settings, err = from.UserSettings(ctx, account.UserID); err != nil {
		return Strategy{}, err
	}
	if !strategy.OwnWatchlist {
		strategy.Watchlist, err = from.Watchlist(ctx, account.UserID)
	}
	return strategy, err
}

// AccountStrategy returns what one of the principal's accounts does.
func (a *App) AccountStrategy(ctx context.Context, p auth.Principal, name string) (Strategy, error) {
	if err := p.Require(auth.Read); err != nil {
		return Strategy{}, err
	}
	account, err := a.Store.AccountByName(ctx, p.UserID, name)
	if err != nil {
		return Strategy{}, err
	}
	return readStrategy(ctx, a.Store, account)
}

// ChangeAccountSettings gives the account settings of its own: those in force, changed. nil takes
// them back: the account then does as its user does. What puts more at stake, or raises a risk limit,
// needs a fresh factor.
func (a *App) ChangeAccountSettings(ctx context.Context, p auth.Principal, name string, change func(*trade.Settings)) (Strategy, error) {
	if err := ruledBy(a.Files.Settings); err != nil {
		return Strategy{}, err
	}
	return a.changeStrategy(ctx, p, name, func(own *trade.AccountStrategy, before Strategy, users trade.Settings) error {
		after := users
		own.Settings = nil
		if change != nil {
			after = before.Settings
			change(&after)
			if err := a.validateSettings(after); err != nil {
				return err
			}
			own.Settings = &after
		}
		return firstError(a.allowStake(p, before.Settings, after), a.allowRaise(p, before.Settings.Risk, after.Risk))
	})
}

// ChangeAccountWatchlist gives the account symbols of its own, which the broker must know. nil
// takes them back.
func (a *App) ChangeAccountWatchlist(ctx context.Context, p auth.Principal, name string, symbols []string) (Strategy, error) {
	if err := ruledBy(a.Files.Watchlist); err != nil {
		return Strategy{}, err
	}
	watchlist, err := a.lookUpAll(ctx, p, name, symbols)
	if err != nil {
		return Strategy{}, err
	}
	return a.changeStrategy(ctx, p, name, func(own *trade.AccountStrategy, _ Strategy, _ trade.Settings) error {
		own.Watchlist = watchlist
		return nil
	})
}

// changeStrategy reads, changes and stores, one change of a user at a time.
func (a *App) changeStrategy(ctx context.Context, p auth.Principal, name string, change func(own *trade.AccountStrategy, before Strategy, users trade.Settings) error) (Strategy, error) {
	if err := p.Require(auth.Write); err != nil {
		return Strategy{}, err
	}
	defer a.settings.lock(p.UserID)()
	account, err := a.Store.AccountByName(ctx, p.UserID, name)
	if err != nil {
		return Strategy{}, err
	}
	if err := p.RequireMode(account.Paper); err != nil {
		return Strategy{}, err
	}
	before, err := readStrategy(ctx, a.Store, account)
	if err != nil {
		return Strategy{}, err
	}
	users, err := a.Store.UserSettings(ctx, p.UserID)
	if err != nil {
		return Strategy{}, err
	}
	own, err := a.Store.AccountStrategy(ctx, account.ID)
	if err == nil {
		err = change(&own, before, users)
	}
	if err != nil {
		return Strategy{}, err
	}
	details := map[string]any{"name": account.Name, "own_settings": own.Settings != nil, "own_watchlist": own.Watchlist != nil}
	err = a.Store.ChangeAccountStrategy(ctx, p.UserID, account.ID, func(stored *trade.AccountStrategy) {
		stored.Settings, stored.Watchlist = own.Settings, own.Watchlist
	}, a.entry(p, audit.StrategyUpdate, accountTarget(account), details))
	if err != nil {
		return Strategy{}, err
	}
	after, err := readStrategy(ctx, a.Store, account)
	if err == nil && !sameSchedule(before.Settings, after.Settings) {
		err = a.forgetNextRun(ctx, account.ID)
	}
	a.Poke(p.UserID)
	return after, err
}

// sameSchedule reports whether both run at the same times.
func sameSchedule(one, other trade.Settings) bool {
	return one.Schedule == other.Schedule && one.Timeframe == other.Timeframe
}

// planAfresh has the next runs of the user's accounts planned by new settings, except those of
// accounts with settings of their own.
func (a *App) planAfresh(ctx context.Context, userID string) error {
	accounts, err := a.Store.ListAccounts(ctx, userID)
	if err != nil {
		return err
	}
	for _, account := range accounts {
		own, err := a.Store.AccountStrategy(ctx, account.ID)
		if err != nil {
			return err
		}
		if own.Settings == nil && account.Automated {
			if err := a.forgetNextRun(ctx, account.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookUpAll asks the account's broker about each symbol. nil stays nil.
func (a *App) lookUpAll(ctx context.Context, p auth.Principal, name string, symbols []string) ([]trade.WatchedSymbol, error) {
	if symbols == nil {
		return nil, nil
	}
	if err := p.Require(auth.Write); err != nil {
		return nil, err
	}
	if len(symbols) > longestWatchlist {
		return nil, fault.New(fault.Invalid, "A watchlist holds %d symbols at most.", longestWatchlist)
	}
	account, err := a.Store.AccountByName(ctx, p.UserID, name)
	if err != nil {
		return nil, err
	}
	brokerage, err := a.openAccount(ctx, account)
	if err != nil {
		return nil, err
	}
	known, seen := a.namesKnown(ctx, account), map[string]bool{}
	watchlist := make([]trade.WatchedSymbol, 0, len(symbols))
	for _, text := range symbols {
		symbol, err := parseSymbol(text)
		if err != nil {
			return nil, err
		}
		if seen[symbol] {
			continue
		}
		seen[symbol] = true
		watched, ok := known[symbol]
		if !ok {
			if watched, err = lookUpAt(ctx, brokerage, symbol); err != nil {
				return nil, err
			}
		}
		watchlist = append(watchlist, watched)
	}
	return watchlist, nil
}

// namesKnown are the symbols that the broker was asked about before.
func (a *App) namesKnown(ctx context.Context, account trade.BrokerageAccount) map[string]trade.WatchedSymbol {
	known := map[string]trade.WatchedSymbol{}
	strategy, err := readStrategy(ctx, a.Store, account)
	if err != nil {
		return known // they are asked about again
	}
	for _, watched := range strategy.Watchlist {
		known[watched.Symbol] = watched
	}
	return known
}
