package app

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// LocalFiles are the YAML files that rule over what a single-user dashboard trades: their names,
// empty where there is no file. What a file says is changed in that file alone; what no file says
// is kept in the database and changed on the pages.
type LocalFiles struct {
	Settings  string
	Watchlist string
}

// ruledBy refuses a change to what a file says; an empty name is no file.
func ruledBy(file string) error {
	if file == "" {
		return nil
	}
	return fault.New(fault.Conflict, "This comes from the file %s. Change it there, then start the dashboard again.", file)
}

// LocalPrincipal is the built-in user of a single-user dashboard, who shows a factor by being there.
func LocalPrincipal(user auth.User, now time.Time) auth.Principal {
	return auth.Principal{UserID: user.ID, Username: user.Username, Role: user.Role, SessionID: auth.LocalUserID, FactorAt: now, ProvedAt: now}
}

// EnsureLocalUser returns the built-in user, made when there is none. Conflict when the database has
// users who sign in: their accounts must not be traded by, or shown to, whoever is at this machine.
func (a *App) EnsureLocalUser(ctx context.Context) (auth.User, error) {
	count, err := a.Store.CountUsers(ctx)
	if err != nil {
		return auth.User{}, err
	}
	if count > 0 {
		return auth.User{}, fault.New(fault.Conflict, "This database has users who sign in. Serve it with dashboard-secure, or give the single-user dashboard another one in DATABASE_URL.")
	}
	user, err := a.Store.UserByID(ctx, auth.LocalUserID)
	if !fault.Is(err, fault.NotFound) {
		return user, err
	}
	user = a.newUser(auth.LocalUsername, "local@localhost", auth.Trader)
	user.ID = auth.LocalUserID
	return a.admit(ctx, user, auth.Admission{}, a.entry(LocalPrincipal(user, user.CreatedAt), audit.Register, userTarget(user.ID), map[string]any{"single_user": true}))
}

// FollowSettings makes the principal's strategy what the file says.
func (a *App) FollowSettings(ctx context.Context, p auth.Principal, wanted trade.Settings) error {
	known, err := a.Store.UserSettings(ctx, p.UserID)
	if err != nil || sameDocument(known, wanted) {
		return err
	}
	_, err = a.changeSettings(ctx, p, audit.SettingsUpdate, map[string]any{"file": a.Files.Settings}, func(settings *trade.Settings) { *settings = wanted })
	return err
}

// sameDocument compares as JSON, in which equal decimals of another form are the same.
func sameDocument(one, other any) bool {
	first, err := json.Marshal(one)
	second, otherErr := json.Marshal(other)
	return err == nil && otherErr == nil && string(first) == string(second)
}

// FollowWatchlist makes the principal's watchlist what the file says.
func (a *App) FollowWatchlist(ctx context.Context, p auth.Principal, wanted []trade.WatchedSymbol) error {
	known, err := a.Store.Watchlist(ctx, p.UserID)
	if err != nil {
		return err
	}
	details := map[string]any{"file": a.Files.Watchlist}
	for _, watched := range known {
		if !holds(wanted, watched.Symbol) {
			err = firstError(err, a.Store.RemoveSymbol(ctx, p.UserID, watched.Symbol, a.entry(p, audit.WatchlistRemove, "symbol:"+watched.Symbol, details)))
		}
	}
	for _, watched := range wanted {
		if !holds(known, watched.Symbol) {
			err = firstError(err, a.Store.AddSymbol(ctx, p.UserID, watched, a.entry(p, audit.WatchlistAdd, "symbol:"+watched.Symbol, details)))
		}
	}
	return err
}

func holds(watchlist []trade.WatchedSymbol, symbol string) bool {
	return slices.ContainsFunc(watchlist, func(watched trade.WatchedSymbol) bool { return watched.Symbol == symbol })
}
