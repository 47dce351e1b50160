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
	care       care
	status     int // of a good answer
	id         string
	summary    string
	register   func(huma.API, huma.Operation)
}

// care says how somebody must have come who may call a route.
type care string

const (
	anytime care = "session"      // with a session
	fresh   care = "step-up"      // with a session that has shown a factor within auth.FreshFor: a dangerous act
	proved  care = "full step-up" // the same with all that a sign-in asks for: an act on how the user signs in
	orToken care = "token"        // with a session, or with an API token whose scopes permit it
)

// routes is the one table of the interface.
func (s *server) routes() []route {
	const (
		get    = http.MethodGet
		post   = http.MethodPost
		put    = http.MethodPut
		remove = http.MethodDelete
	)
	return []route{
		{get, "/health", auth.Public, noBudget, orToken, 200, "health", "Whether the server answers", serve(s.health)},
		{get, "/livez", auth.Public, noBudget, orToken, 200, "livez", "Whether the process answers", serve(s.live)},
		{get, "/readyz", auth.Public, noBudget, orToken, 200, "readyz", "Whether the server should get requests; 503 with the reasons while not", page(s.ready)},
		{get, "/api/session", auth.Public, userBudget, anytime, 200, "session", "Who is signed in, and what a visitor may do", serve(s.session)},
		{post, "/api/auth/register", auth.Public, registerBudget, anytime, 201, "register", "Create a user; nobody is signed in by it, and a stranger is not told that a name is in use", serve(s.register)},
		{post, "/api/auth/login", auth.Public, signInBudget, anytime, 200, "login", "Sign in with user name or e-mail address", serve(s.login)},
		{post, "/api/auth/logout", auth.Public, userBudget, anytime, 200, "logout", "End the session", serve(s.logout)},
		{get, "/logout", auth.Public, userBudget, anytime, 303, "logoutPage", "End the session by following a link of our own pages", page(s.logoutPage)},
		{post, "/api/auth/verify-2fa", auth.Public, signInBudget, anytime, 200, "verifySecondFactor", "Complete a sign-in with a code", serve(s.verifySecondFactor)},
		{post, "/api/auth/step-up", auth.Self, signInBudget, anytime, 200, "stepUp", "Show a factor again, before a dangerous act", serve(s.stepUp)},

		{get, "/api/security", auth.Self, userBudget, anytime, 200, "security", "How the user signs in", serve(s.identity)},
		{post, "/api/auth/password", auth.Self, signInBudget, fresh, 200, "passwordChange", "Change the password; other sessions end", serve(s.passwordChange)},
		{post, "/api/auth/email", auth.Self, registerBudget, proved, 200, "emailChange", "Change the e-mail address; other sessions end", serve(s.emailChange)},
		{post, "/api/2fa/setup", auth.Self, userBudget, proved, 200, "totpSetUp", "Begin to set up an authenticator app", serve(s.totpSetUp)},
		{get, "/api/2fa/qrcode", auth.Self, userBudget, proved, 200, "totpPicture", "The secret that is being set up, as a QR code", page(s.totpPicture)},
		{post, "/api/2fa/enable", auth.Self, signInBudget, proved, 200, "totpEnable", "Turn two-factor authentication on with a first code; other sessions end", serve(s.totpEnable)},
		{post, "/api/2fa/disable", auth.Self, signInBudget, fresh, 200, "totpDisable", "Turn two-factor authentication off; other sessions end", serve(s.totpDisable)},
		{post, "/api/2fa/recovery-codes", auth.Self, userBudget, proved, 200, "recoveryCodesRenew", "Replace the recovery codes; other sessions end", serve(s.recoveryCodesRenew)},
		{get, "/api/sessions", auth.Self, userBudget, anytime, 200, "sessions", "Where the user is signed in", serve(s.sessionList)},
		{remove, "/api/sessions", auth.Self, userBudget, fresh, 200, "sessionsEnd", "End all sessions but this one", serve(s.sessionsEndOthers)},
		{remove, "/api/sessions/{id}", auth.Self, userBudget, anytime, 200, "sessionEnd", "End one session", serve(s.sessionEnd)},

		{get, "/api/account", auth.Read, userBudget, orToken, 200, "account", "The active account's figures", serve(s.account)},
		{get, "/api/positions", auth.Read, userBudget, orToken, 200, "positions", "The active account's positions", serve(s.positions)},
		{get, "/api/orders", auth.Read, userBudget, orToken, 200, "orders", "The newest closed orders, 50 at most; on request the open ones before them", serve(s.orders)},
		{get, "/api/portfolio-history", auth.Read, userBudget, orToken, 200, "portfolioHistory", "The active account's equity curve", serve(s.portfolioHistory)},
		{get, "/api/signals", auth.Read, userBudget, orToken, 200, "signals", "One signal for each symbol of the watchlist", serve(s.signals)},
		{get, "/api/cycles", auth.Read, userBudget, orToken, 200, "cycles", "The active account's newest trading cycles with every decision", serve(s.cycles)},
		{get, "/api/scheduler-status", auth.Read, userBudget, orToken, 200, "schedulerStatus", "Whether trading goes on, and the market's clock", serve(s.schedulerStatus)},
		{get, "/api/explain", auth.Read, userBudget, orToken, 200, "explain", "Why an account did or did not trade a symbol", serve(s.explain)},
		{get, "/api/stream", auth.Read, userBudget, orToken, 200, "stream", "Server-sent events: everything once, then what changes", s.stream},

		{get, "/api/watchlist", auth.Read, userBudget, orToken, 200, "watchlist", "The watched symbols", serve(s.watchlist)},
		{post, "/api/watchlist", auth.Write, watchBudget, orToken, 201, "watchlistAdd", "Watch a symbol", serve(s.watchlistAdd)},
		{remove, "/api/watchlist/{symbol}", auth.Write, userBudget, orToken, 200, "watchlistRemove", "Stop watching a symbol", serve(s.watchlistRemove)},

		{get, "/api/indicators", auth.Read, userBudget, orToken, 200, "indicators", "The indicator and automation switches", serve(s.indicators)},
		{put, "/api/indicators", auth.Write, userBudget, orToken, 200, "indicatorsUpdate", "Flip switches", serve(s.indicatorsUpdate)},
		{get, "/api/settings", auth.Read, userBudget, orToken, 200, "settings", "The whole strategy", serve(s.settings)},
		{put, "/api/settings", auth.Write, userBudget, orToken, 200, "settingsUpdate", "Change any part of the strategy", serve(s.settingsUpdate)},
		{get, "/api/schedule/next", auth.Read, userBudget, orToken, 200, "scheduleNext", "When a schedule would run, before it is saved", serve(s.nextRuns)},

		{get, "/api/trading", auth.Read, userBudget, orToken, 200, "trading", "What may be ordered, and why not", serve(s.trading)},
		{post, "/api/trading/halt", auth.Trade, userBudget, orToken, 200, "tradingHalt", "Stop ordering, or allow exits only, until somebody resumes", serve(s.tradingHalt)},
		{post, "/api/trading/resume", auth.Trade, userBudget, fresh, 200, "tradingResume", "Lift a halt, after journal and broker agree", serve(s.tradingResume)},
		{post, "/api/trading/flatten", auth.Trade, userBudget, orToken, 200, "tradingFlatten", "Halt, cancel the open orders and close every position", serve(s.tradingFlatten)},

		{post, "/api/passkeys/register/begin", auth.Self, userBudget, proved, 200, "passkeyRegisterBegin", "Ask for a new passkey", serve(s.passkeyRegisterBegin)},
		{post, "/api/passkeys/register/finish", auth.Self, userBudget, anytime, 201, "passkeyRegisterFinish", "Keep the new passkey; other sessions end", serve(s.passkeyRegisterFinish)},
		{put, "/api/passkeys/{id}", auth.Self, userBudget, anytime, 200, "passkeyRename", "Give a passkey another name", serve(s.passkeyRename)},
		{remove, "/api/passkeys/{id}", auth.Self, userBudget, proved, 200, "passkeyDelete", "Delete a passkey; other sessions end", serve(s.passkeyDelete)},
		{post, "/api/auth/passkey/begin", auth.Public, signInBudget, anytime, 200, "passkeyBegin", "Ask for a passkey: to sign in, as the second factor of a sign-in, or as step-up", serve(s.passkeyBegin)},
		{post, "/api/auth/passkey/finish", auth.Public, signInBudget, anytime, 200, "passkeyFinish", "Show the passkey that was asked for", serve(s.passkeyFinish)},

		{get, "/api/tokens", auth.Self, userBudget, anytime, 200, "tokens", "The API tokens", serve(s.tokens)},
		{post, "/api/tokens", auth.Self, userBudget, fresh, 201, "tokenAdd", "Make an API token; its text is in this answer and never again", serve(s.tokenAdd)},
		{remove, "/api/tokens/{id}", auth.Self, userBudget, fresh, 200, "tokenRevoke", "Revoke an API token; it opens nothing from then on", serve(s.tokenRevoke)},

		{get, "/api/accounts", auth.Read, userBudget, anytime, 200, "accounts", "The brokerage accounts", serve(s.accounts)},
		{post, "/api/accounts", auth.Accounts, accountBudget, fresh, 201, "accountAdd", "Add a brokerage account", serve(s.accountAdd)},
		{put, "/api/accounts/{name}", auth.Accounts, userBudget, anytime, 200, "accountUpdate", "Change a brokerage account or its automation", serve(s.accountUpdate)},
		{remove, "/api/accounts/{name}", auth.Accounts, userBudget, fresh, 200, "accountDelete", "Delete a brokerage account and its keys", serve(s.accountDelete)},
		{post, "/api/accounts/{name}/activate", auth.Accounts, userBudget, anytime, 200, "accountActivate", "Show this account", serve(s.accountActivate)},

		{post, "/api/accounts/{name}/arm", auth.Trade, userBudget, fresh, 200, "accountArm", "Allow the program to trade a live account", serve(s.accountArm)},
		{remove, "/api/accounts/{name}/arm", auth.Trade, userBudget, anytime, 200, "accountDisarm", "Take that back; its automation stops", serve(s.accountDisarm)},
		{post, "/api/accounts/{name}/reconcile", auth.Trade, userBudget, orToken, 200, "accountReconcile", "Compare journal and broker now, or take the broker's quantities over", serve(s.accountReconcile)},
		{get, "/api/accounts/{name}/strategy", auth.Read, userBudget, orToken, 200, "accountStrategy", "By which settings the account is traded", serve(s.accountStrategy)},
		{put, "/api/accounts/{name}/strategy", auth.Write, userBudget, orToken, 200, "accountStrategyUpdate", "Give the account settings of its own: those in force with these changes", serve(s.accountStrategyUpdate)},
		{remove, "/api/accounts/{name}/strategy", auth.Write, userBudget, orToken, 200, "accountStrategyRemove", "Trade the account by the user's settings again", serve(s.accountStrategyRemove)},
		{get, "/api/accounts/{name}/watchlist", auth.Read, userBudget, orToken, 200, "accountWatchlist", "Which symbols the account trades", serve(s.accountWatchlist)},
		{put, "/api/accounts/{name}/watchlist", auth.Write, watchBudget, orToken, 200, "accountWatchlistUpdate", "Give the account symbols of its own", serve(s.accountWatchlistUpdate)},
		{remove, "/api/accounts/{name}/watchlist", auth.Write, userBudget, orToken, 200, "accountWatchlistRemove", "Trade the user's watchlist again", serve(s.accountWatchlistRemove)},

		{post, "/api/auth/set-password", auth.Public, signInBudget, anytime, 200, "setPassword", "Set a password with a one-time link; ends the user's sessions", serve(s.setPassword)},
		{get, "/api/admin/users", auth.Administer, userBudget, anytime, 200, "adminUsers", "The users, by name", serve(s.adminUsers)},
		{post, "/api/admin/users", auth.Administer, adminBudget, fresh, 201, "adminUserAdd", "Create a user, who sets the password with a one-time link", serve(s.adminUserAdd)},
		{put, "/api/admin/users/{id}", auth.Administer, adminBudget, fresh, 200, "adminUserChange", "Change the role, disable or enable", serve(s.adminUserChange)},
		{post, "/api/admin/users/{id}/reset-password", auth.Administer, adminBudget, fresh, 200, "adminPasswordReset", "Make a one-time link with which the user sets a password", serve(s.adminPasswordReset)},
		{post, "/api/admin/users/{id}/reset-2fa", auth.Administer, adminBudget, fresh, 200, "adminFactorReset", "Remove the user's second factors", serve(s.adminFactorReset)},
		{remove, "/api/admin/users/{id}/sessions", auth.Administer, adminBudget, fresh, 200, "adminSessionsEnd", "Sign the user out everywhere", serve(s.adminSessionsEnd)},
		{get, "/api/admin/settings", auth.Administer, userBudget, anytime, 200, "adminSettings", "Who may register, and the rate limits in force", serve(s.adminSettings)},
		{put, "/api/admin/settings", auth.Administer, adminBudget, fresh, 200, "adminSettingsChange", "Change who may register, and rate limits", serve(s.adminSettingsChange)},
		{get, "/api/admin/trading", auth.Administer, userBudget, anytime, 200, "adminTrading", "The state and the limits that hold for every account", serve(s.adminTrading)},
		{put, "/api/admin/trading", auth.Administer, adminBudget, anytime, 200, "adminTradingChange", "Halt or resume everybody's trading, and change the limits that hold for every account", serve(s.adminTradingChange)},
		{post, "/api/admin/trading/flatten", auth.Administer, adminBudget, fresh, 200, "adminTradingFlatten", "Halt everybody's trading and close every position of every account", serve(s.adminTradingFlatten)},
		{get, "/api/admin/invites", auth.Administer, userBudget, anytime, 200, "adminInvites", "The newest invites", serve(s.adminInvites)},
		{post, "/api/admin/invites", auth.Administer, adminBudget, fresh, 201, "adminInviteAdd", "Make an invite: a one-time link to register", serve(s.adminInviteAdd)},
		{remove, "/api/admin/invites/{id}", auth.Administer, adminBudget, anytime, 200, "adminInviteRevoke", "Revoke an invite", serve(s.adminInviteRevoke)},
		{get, "/api/admin/doctor", auth.Administer, adminBudget, anytime, 200, "adminDoctor", "Check the installation: what is wrong, and what to do", serve(s.adminDoctor)},
		{get, "/api/admin/audit", auth.Administer, userBudget, anytime, 200, "audit", "The audit log, newest first", serve(s.auditEntries)},
		{get, "/api/admin/audit/verify", auth.Administer, adminBudget, anytime, 200, "auditVerify", "Check the whole audit log", serve(s.auditVerify)},
		{get, "/api/admin/audit/export", auth.Administer, adminBudget, fresh, 200, "auditExport", "The audit log as CSV or JSON lines", s.auditExport},
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
