package api

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type standingView struct {
	Scope  string             `json:"scope" enum:"account,installation" doc:"What the state is of"`
	State  trade.TradingState `json:"state" enum:"active,reduce_only,halted" doc:"reduce_only: exits only; halted: nothing is ordered"`
	Cause  trade.HaltCause    `json:"cause" enum:",person,mismatch,repeated_rejects,keys_refused,clock_skew,foreign_under_id,risk_limit" doc:"Empty while active"`
	Reason string             `json:"reason" doc:"One sentence; empty while active"`
	Who    string             `json:"who" doc:"User name; alpaca-trader when the program did it; empty: never changed"`
	Since  *string            `json:"since" doc:"null: never changed"`
}

func viewStanding(standing trade.Standing) standingView {
	scope := "account"
	if standing.AccountID == trade.WholeInstallation {
		scope = "installation"
	}
	return standingView{scope, standing.State, standing.Cause, standing.Reason, standing.Who, timeText(standing.Since)}
}

type driftView struct {
	Symbol   string `json:"symbol"`
	Expected string `json:"expected" doc:"Quantity by the journal"`
	Broker   string `json:"broker" doc:"Quantity at the broker"`
}

type reconciliationView struct {
	CheckedAt *string     `json:"checked_at"`
	Passed    bool        `json:"passed" doc:"Journal and broker agree"`
	InARow    int         `json:"in_a_row" doc:"How often it failed without a pass between; the second time halts the account"`
	Drift     []driftView `json:"drift" doc:"The differences; empty when it passed"`
	Sentence  string      `json:"sentence" doc:"What differs, in words; empty when it passed"`
}

func viewReconciliation(found trade.Reconciliation) reconciliationView {
	return reconciliationView{
		CheckedAt: timeText(found.CheckedAt), Passed: found.Passed, InARow: found.InARow, Sentence: app.DriftSentence(found),
		Drift: each(found.Drift, func(d trade.Drift) driftView { return driftView{d.Symbol, d.Expected.String(), d.Broker.String()} }),
	}
}

type accountTradingView struct {
	Name           string              `json:"name"`
	Mode           string              `json:"mode" enum:"paper,live,demo"`
	Active         bool                `json:"active" doc:"The account that the pages show"`
	Automated      bool                `json:"automated" doc:"It trades by itself"`
	Armed          bool                `json:"armed" doc:"The program may trade it: always true for paper accounts"`
	ArmedAt        *string             `json:"armed_at" doc:"null for a paper account and one that was never armed"`
	NextRun        *string             `json:"next_run" doc:"The next cycle in the market's time; null: not planned"`
	Standing       standingView        `json:"standing" doc:"In force: the stricter of the account's own state and the installation's"`
	Own            standingView        `json:"own" doc:"The account's own state"`
	Ready          bool                `json:"ready" doc:"The last comparison with the broker passed; nothing is decided before"`
	Reconciliation *reconciliationView `json:"reconciliation" doc:"The last comparison; null: there was none"`
}

func viewAccountTrading(t app.AccountTrading) accountTradingView {
	view := accountTradingView{
		Name: t.Account.Name, Mode: t.Account.Mode(), Active: t.Account.Active, Automated: t.Account.Automated,
		Armed: t.Account.Armed(), ArmedAt: timeText(t.Account.ArmedAt), Ready: t.Ready(),
		Standing: viewStanding(t.InForce), Own: viewStanding(t.Own),
	}
	if t.Account.Automated {
		view.NextRun = timeText(t.Account.NextRunAt)
	}
	if t.Reconciliation != nil {
		found := viewReconciliation(*t.Reconciliation)
		view.Reconciliation = &found
	}
	return view
}

// StandingsOf is the body of POST /api/trading/halt, for the command line's --json.
func StandingsOf(standings []trade.Standing) any { return standingsView{each(standings, viewStanding)} }

// ReconciliationOf is the body of POST /api/accounts/{name}/reconcile, for the command line's --json.
func ReconciliationOf(found trade.Reconciliation) any { return viewReconciliation(found) }

// TradingOf is one element of `accounts` of GET /api/trading, for the command line's --json.
func TradingOf(t app.AccountTrading) any { return viewAccountTrading(t) }

type tradingView struct {
	Account            *accountTradingView  `json:"account" doc:"The active account; null: there is none yet"`
	Accounts           []accountTradingView `json:"accounts" doc:"All of the user's, by creation"`
	Installation       standingView         `json:"installation"`
	Limits             *riskLimits          `json:"limits" doc:"Of the active account's strategy; 0 is off"`
	InstallationLimits *riskLimits          `json:"installation_limits" doc:"Hold for every account besides its own; 0 is off"`
	Running            bool                 `json:"running" doc:"A scheduler runs in this server"`
	DryRun             bool                 `json:"dry_run" doc:"Started with --dry-run or TRADING_ENABLED=false: everything but orders"`
}

func viewTrading(report app.TradingReport) tradingView {
	view := tradingView{
		Accounts: each(report.Accounts, viewAccountTrading), Installation: viewStanding(report.Installation),
		Limits: viewRisk(report.Limits), InstallationLimits: viewRisk(report.InstallationLimits),
		Running: report.Running, DryRun: report.DryRun,
	}
	if report.Active != nil {
		active := viewAccountTrading(*report.Active)
		view.Account = &active
	}
	return view
}

func (s *server) trading(ctx context.Context, _ *nothing) (tradingView, error) {
	report, err := s.App.Trading(ctx, principalOf(ctx))
	return viewTrading(report), err
}

// ReachBody says for which of the user's accounts something is done. It is exported because the
// schema leaves embedded fields of other types out.
type ReachBody struct {
	Account string `json:"account,omitempty" doc:"By name; left out: the active one"`
	All     bool   `json:"all,omitempty" doc:"All of the user's accounts"`
}

func (b ReachBody) reach() app.Reach { return app.Reach{Account: b.Account, All: b.All} }

type haltInput struct {
	Body struct {
		ReachBody
		State  trade.TradingState `json:"state,omitempty" enum:"halted,reduce_only" doc:"halted unless said otherwise"`
		Reason string             `json:"reason,omitempty" maxLength:"200"`
	}
}

type standingsView struct {
	Standings []standingView `json:"standings" doc:"Of each account's own state now"`
}

func (s *server) tradingHalt(ctx context.Context, input *haltInput) (standingsView, error) {
	state := input.Body.State
	if state == "" {
		state = trade.Halted
	}
	standings, err := s.App.Halt(ctx, principalOf(ctx), input.Body.reach(), state, input.Body.Reason)
	return standingsView{each(standings, viewStanding)}, err
}

type resumeInput struct {
	Body struct {
		ReachBody
		State trade.TradingState `json:"state,omitempty" enum:"active,reduce_only" doc:"active unless said otherwise"`
	}
}

func (s *server) tradingResume(ctx context.Context, input *resumeInput) (standingsView, error) {
	state := input.Body.State
	if state == "" {
		state = trade.Active
	}
	standings, err := s.App.Resume(ctx, principalOf(ctx), input.Body.reach(), state)
	return standingsView{each(standings, viewStanding)}, err
}

type flattenInput struct {
	Body struct {
		ReachBody
		State  trade.TradingState `json:"state,omitempty" enum:"halted,reduce_only" doc:"In force from then on; halted unless said otherwise"`
		Reason string             `json:"reason,omitempty" maxLength:"200"`
		DryRun bool               `json:"dry_run,omitempty" doc:"Only say what would be closed"`
	}
}

type flattenedView struct {
	Account string        `json:"account"`
	Orders  []closingView `json:"orders" doc:"One for each position"`
	Pending bool          `json:"pending" doc:"Not all answers are in yet: the closing goes on"`
	Problem string        `json:"problem" doc:"One sentence; empty: it went well"`
}

type closingView struct {
	Symbol        string           `json:"symbol"`
	Side          trade.Side       `json:"side" enum:"buy,sell"`
	Qty           *string          `json:"qty"`
	State         trade.OrderState `json:"state" doc:"journaled in a dry run: it would be sent"`
	Problem       string           `json:"problem" doc:"The broker's reason for a rejection"`
	ClientOrderID string           `json:"client_order_id"`
}

func viewClosing(order trade.Order) closingView {
	intent := order.Intent
	return closingView{intent.Symbol, intent.Side, amountText(intent.Qty), order.State, order.Problem, intent.ClientOrderID}
}

type flattenedViews struct {
	Accounts []flattenedView `json:"accounts"`
}

func (s *server) tradingFlatten(ctx context.Context, input *flattenInput) (flattenedViews, error) {
	how := app.Flattening{State: input.Body.State, Reason: input.Body.Reason, DryRun: input.Body.DryRun}
	results, err := s.App.Flatten(ctx, principalOf(ctx), input.Body.reach(), how)
	return flattenedViews{each(results, viewFlattened)}, err
}

type adminFlattenInput struct {
	Body struct {
		State  trade.TradingState `json:"state,omitempty" enum:"halted,reduce_only" doc:"In force for everybody from then on; halted unless said otherwise"`
		Reason string             `json:"reason,omitempty" maxLength:"200"`
		DryRun bool               `json:"dry_run,omitempty" doc:"Only say what would be closed"`
	}
}

type adminFlattenedView struct {
	Accounts int    `json:"accounts" doc:"How many were asked to close their positions"`
	Orders   int    `json:"orders" doc:"How many positions are being closed"`
	Pending  int    `json:"pending" doc:"Accounts whose answers are not all in yet: their closing goes on"`
	Failed   int    `json:"failed" doc:"Accounts whose positions could not be closed; asking again closes what is left"`
	Problem  string `json:"problem" doc:"Of the first of them, one sentence; empty: it went well"`
}

// adminTradingFlatten tells sums only: whose positions they are is no business of an administrator.
func (s *server) adminTradingFlatten(ctx context.Context, input *adminFlattenInput) (adminFlattenedView, error) {
	how := app.Flattening{State: input.Body.State, Reason: input.Body.Reason, DryRun: input.Body.DryRun}
	results, err := s.App.Flatten(ctx, principalOf(ctx), app.Reach{Installation: true}, how)
	view := adminFlattenedView{Accounts: len(results)}
	for _, result := range results {
		view.Orders += len(result.Orders)
		if result.Pending {
			view.Pending++
		}
		if result.Problem != "" {
			view.Failed++
		}
		if view.Problem == "" {
			view.Problem = result.Problem
		}
	}
	return view, err
}

func viewFlattened(result app.Flattened) flattenedView {
	return flattenedView{result.Account.Name, each(result.Orders, viewClosing), result.Pending, result.Problem}
}

// FlattenedOf is the body of POST /api/trading/flatten, for the command line's --json.
func FlattenedOf(results []app.Flattened) any { return flattenedViews{each(results, viewFlattened)} }

type adminTradingView struct {
	Standing  standingView `json:"standing"`
	Limits    *riskLimits  `json:"limits" doc:"Hold for every account besides its own; 0 is off"`
	Accounts  int          `json:"accounts" doc:"How many there are"`
	Automated int          `json:"automated" doc:"Of them trade by themselves"`
	Stopped   int          `json:"stopped" doc:"Of them have a state of their own that is not active"`
}

func viewAdminTrading(report app.InstallationTrading) adminTradingView {
	return adminTradingView{viewStanding(report.Standing), viewRisk(report.Limits), report.Accounts, report.Automated, report.Stopped}
}

func (s *server) adminTrading(ctx context.Context, _ *nothing) (adminTradingView, error) {
	report, err := s.App.InstallationTrading(ctx, principalOf(ctx))
	return viewAdminTrading(report), err
}

type adminTradingInput struct {
	Body struct {
		State  *trade.TradingState `json:"state,omitempty" enum:"active,reduce_only,halted" doc:"Lifting a state needs step-up"`
		Reason string              `json:"reason,omitempty" maxLength:"200"`
		Limits *riskLimits         `json:"limits,omitempty" doc:"Raising one needs step-up"`
	}
}

func (s *server) adminTradingChange(ctx context.Context, input *adminTradingInput) (adminTradingView, error) {
	change := app.InstallationTradingChange{State: input.Body.State, Reason: input.Body.Reason}
	if input.Body.Limits != nil {
		change.Limits = input.Body.Limits.apply
	}
	report, err := s.App.ChangeInstallationTrading(ctx, principalOf(ctx), change)
	return viewAdminTrading(report), err
}
