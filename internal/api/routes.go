package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

// route is one line of the table: what is called, who may call it, from which budget it is paid,
// and what it does. A route cannot be written without a permission.
type route struct {
	method     string
	path       string
	permission auth.Permission
	budget     budget
	stepUp     bool // whether a factor must have been shown within auth.FreshFor
	status     int  // of a good answer
	id         string
	summary    string
	register   func(huma.API, huma.Operation)
}

// routes is the one table of the interface.
func (s *server) routes() []route {
	const (
		get    = http.MethodGet
		post   = http.MethodPost
		put    = http.MethodPut
		remove = http.MethodDelete

		anytime = false // no step-up
		fresh   = true  // a dangerous act: step-up first
	)
	return []route{
		{get, "/health", auth.Public, userBudget, anytime, 200, "health", "Whether the server answers", serve(s.health)},
		{get, "/api/session", auth.Public, userBudget, anytime, 200, "session", "Who is signed in, and what a visitor may do", serve(s.session)},
		{post, "/api/auth/register", auth.Public, registerBudget, anytime, 201, "register", "Create a user; nobody is signed in by it", serve(s.register)},
		{post, "/api/auth/login", auth.Public, signInBudget, anytime, 200, "login", "Sign in with user name or e-mail address", serve(s.login)},
		{post, "/api/auth/logout", auth.Public, userBudget, anytime, 200, "logout", "End the session", serve(s.logout)},
		{get, "/logout", auth.Public, userBudget, anytime, 303, "logoutPage", "End the session by following a link of our own pages", page(s.logoutPage)},

		{get, "/api/account", auth.Read, userBudget, anytime, 200, "account", "The active account's figures", serve(s.account)},
		{get, "/api/positions", auth.Read, userBudget, anytime, 200, "positions", "The active account's positions", serve(s.positions)},
		{get, "/api/orders", auth.Read, userBudget, anytime, 200, "orders", "Open orders, then the newest closed ones, 50 at most", serve(s.orders)},
		{get, "/api/portfolio-history", auth.Read, userBudget, anytime, 200, "portfolioHistory", "The active account's equity curve", serve(s.portfolioHistory)},
		{get, "/api/signals", auth.Read, userBudget, anytime, 200, "signals", "One signal for each symbol of the watchlist", serve(s.signals)},
		{get, "/api/cycles", auth.Read, userBudget, anytime, 200, "cycles", "The active account's newest trading cycles with every decision", serve(s.cycles)},
		{get, "/api/scheduler-status", auth.Read, userBudget, anytime, 200, "schedulerStatus", "Whether trading goes on, and the market's clock", serve(s.schedulerStatus)},
		{get, "/api/stream", auth.Read, userBudget, anytime, 200, "stream", "Server-sent events: everything once, then what changes", s.stream},

		{get, "/api/watchlist", auth.Read, userBudget, anytime, 200, "watchlist", "The watched symbols", serve(s.watchlist)},
		{post, "/api/watchlist", auth.Write, watchBudget, anytime, 201, "watchlistAdd", "Watch a symbol", serve(s.watchlistAdd)},
		{remove, "/api/watchlist/{symbol}", auth.Write, userBudget, anytime, 200, "watchlistRemove", "Stop watching a symbol", serve(s.watchlistRemove)},

		{get, "/api/indicators", auth.Read, userBudget, anytime, 200, "indicators", "The indicator and automation switches", serve(s.indicators)},
		{put, "/api/indicators", auth.Write, userBudget, anytime, 200, "indicatorsUpdate", "Flip switches", serve(s.indicatorsUpdate)},
		{get, "/api/settings", auth.Read, userBudget, anytime, 200, "settings", "The whole strategy", serve(s.settings)},
		{put, "/api/settings", auth.Write, userBudget, anytime, 200, "settingsUpdate", "Change any part of the strategy", serve(s.settingsUpdate)},

		{get, "/api/accounts", auth.Read, userBudget, anytime, 200, "accounts", "The brokerage accounts", serve(s.accounts)},
		{post, "/api/accounts", auth.Write, accountBudget, anytime, 201, "accountAdd", "Add a brokerage account", serve(s.accountAdd)},
		{put, "/api/accounts/{name}", auth.Write, userBudget, anytime, 200, "accountUpdate", "Change a brokerage account or its automation", serve(s.accountUpdate)},
		{remove, "/api/accounts/{name}", auth.Write, userBudget, anytime, 200, "accountDelete", "Delete a brokerage account and its keys", serve(s.accountDelete)},
		{post, "/api/accounts/{name}/activate", auth.Write, userBudget, anytime, 200, "accountActivate", "Show this account", serve(s.accountActivate)},
	}
}

// reply is the answer of an operation that has only a body.
type reply[T any] struct{ Body T }

// serve turns a handler into an operation; its errors become problems.
func serve[I, O any](handle func(context.Context, *I) (O, error)) func(huma.API, huma.Operation) {
	return page(func(ctx context.Context, input *I) (*reply[O], error) {
		body, err := handle(ctx, input)
		return &reply[O]{body}, err
	})
}

// page is serve for a handler that sets headers or the status itself.
func page[I, O any](handle func(context.Context, *I) (*O, error)) func(huma.API, huma.Operation) {
	return func(api huma.API, operation huma.Operation) {
		huma.Register(api, operation, func(ctx context.Context, input *I) (*O, error) {
			output, err := handle(ctx, input)
			if err != nil {
				return nil, problemOf(ctx, err)
			}
			return output, nil
		})
	}
}

// nothing is the input of an operation without parameters or body.
type nothing struct{}

// done is the answer of an act that has nothing more to say.
type done struct {
	Success bool `json:"success"`
}
