package api

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type armInput struct {
	Account string `path:"name"`
	Body    struct {
		ConfirmName string `json:"confirm_name" doc:"The account's name, typed again"`
	}
}

func (s *server) accountArm(ctx context.Context, input *armInput) (brokerageView, error) {
	account, err := s.App.Arm(ctx, principalOf(ctx), input.Account, input.Body.ConfirmName)
	return viewBrokerage(account), err
}

func (s *server) accountDisarm(ctx context.Context, input *accountInput) (brokerageView, error) {
	account, err := s.App.Disarm(ctx, principalOf(ctx), input.Account)
	return viewBrokerage(account), err
}

type reconcileInput struct {
	Account string `path:"name"`
	Body    struct {
		Adopt bool `json:"adopt,omitempty" doc:"Take the broker's quantities over as they are"`
	}
}

func (s *server) accountReconcile(ctx context.Context, input *reconcileInput) (reconciliationView, error) {
	found, err := s.App.Reconcile(ctx, principalOf(ctx), input.Account, input.Body.Adopt)
	return viewReconciliation(found), err
}

type accountStrategyView struct {
	Own      bool     `json:"own" doc:"The account has settings of its own; false: the user's"`
	Settings strategy `json:"settings" doc:"In force"`
}

func viewAccountStrategy(strategy app.Strategy) accountStrategyView {
	return accountStrategyView{strategy.OwnSettings, viewStrategy(strategy.Settings)}
}

func (s *server) accountStrategy(ctx context.Context, input *accountInput) (accountStrategyView, error) {
	strategy, err := s.App.AccountStrategy(ctx, principalOf(ctx), input.Account)
	return viewAccountStrategy(strategy), err
}

type accountStrategyInput struct {
	Account string `path:"name"`
	Body    strategy
}

func (s *server) accountStrategyUpdate(ctx context.Context, input *accountStrategyInput) (accountStrategyView, error) {
	strategy, err := s.App.ChangeAccountSettings(ctx, principalOf(ctx), input.Account, input.Body.apply)
	return viewAccountStrategy(strategy), err
}

func (s *server) accountStrategyRemove(ctx context.Context, input *accountInput) (accountStrategyView, error) {
	strategy, err := s.App.ChangeAccountSettings(ctx, principalOf(ctx), input.Account, nil)
	return viewAccountStrategy(strategy), err
}

type accountWatchlistView struct {
	Own     bool                  `json:"own" doc:"The account has symbols of its own; false: the user's"`
	Symbols []trade.WatchedSymbol `json:"symbols" doc:"In force"`
}

func viewAccountWatchlist(strategy app.Strategy) accountWatchlistView {
	return accountWatchlistView{strategy.OwnWatchlist, each(strategy.Watchlist, same)}
}

func (s *server) accountWatchlist(ctx context.Context, input *accountInput) (accountWatchlistView, error) {
	strategy, err := s.App.AccountStrategy(ctx, principalOf(ctx), input.Account)
	return viewAccountWatchlist(strategy), err
}

type accountWatchlistInput struct {
	Account string `path:"name"`
	Body    struct {
		Symbols []string `json:"symbols" nullable:"false" maxItems:"200" doc:"The whole list; empty: the account trades nothing"`
	}
}

func (s *server) accountWatchlistUpdate(ctx context.Context, input *accountWatchlistInput) (accountWatchlistView, error) {
	symbols := append([]string{}, input.Body.Symbols...) // none is a list too
	strategy, err := s.App.ChangeAccountWatchlist(ctx, principalOf(ctx), input.Account, symbols)
	return viewAccountWatchlist(strategy), err
}

func (s *server) accountWatchlistRemove(ctx context.Context, input *accountInput) (accountWatchlistView, error) {
	strategy, err := s.App.ChangeAccountWatchlist(ctx, principalOf(ctx), input.Account, nil)
	return viewAccountWatchlist(strategy), err
}

type explainInput struct {
	Symbol  string `query:"symbol" required:"true"`
	At      string `query:"at" doc:"Market time, RFC 3339; left out: the newest"`
	Account string `query:"account" doc:"By name; left out: the active one"`
}

type explanationView struct {
	Symbol   string         `json:"symbol"`
	At       *string        `json:"at" doc:"The market time that was asked about; null: the newest"`
	Newest   *cycleHeadView `json:"newest" doc:"The newest cycle up to then, whatever it decided; null: there was none"`
	Cycle    *cycleHeadView `json:"cycle" doc:"The newest cycle up to then that decided on the symbol; null: there was none"`
	Decision *decisionView  `json:"decision" doc:"Of that cycle on the symbol"`
	Order    *orderLifeView `json:"order" doc:"What became of the decision's order; null: none was placed"`
	Fills    []fillView     `json:"fills" doc:"Oldest first"`
	Sentence string         `json:"sentence" doc:"The answer in words"`
}

type cycleHeadView struct {
	ID         string             `json:"id"`
	Slot       *string            `json:"slot" doc:"The scheduled time in the market's clock"`
	MarketTime *string            `json:"market_time" doc:"The market's time when it was decided; null: it was not"`
	Outcome    trade.CycleOutcome `json:"outcome" enum:"running,done,failed,skipped"`
	Problem    string             `json:"problem"`
	DryRun     bool               `json:"dry_run"`
}

type orderLifeView struct {
	ClientOrderID  string           `json:"client_order_id"`
	BrokerOrderID  string           `json:"broker_order_id"`
	State          trade.OrderState `json:"state"`
	BrokerStatus   string           `json:"broker_status" doc:"Alpaca's own word"`
	FilledQty      string           `json:"filled_qty"`
	FilledAvgPrice *string          `json:"filled_avg_price"`
	Problem        string           `json:"problem" doc:"The broker's reason for a rejection"`
	RequestID      string           `json:"broker_request_id" doc:"The broker's X-Request-ID when the order was sent, which its support asks for; empty: no answer came"`
	SubmittedAt    *string          `json:"submitted_at"`
	FilledAt       *string          `json:"filled_at"`
}

type fillView struct {
	ExecutionID string     `json:"execution_id"`
	Side        trade.Side `json:"side" enum:"buy,sell"`
	Qty         string     `json:"qty"`
	Price       string     `json:"price"`
	At          *string    `json:"at"`
}

func viewCycleHead(cycle *trade.Cycle) *cycleHeadView {
	if cycle == nil {
		return nil
	}
	return &cycleHeadView{cycle.ID, timeText(cycle.Slot), timeText(cycle.MarketTime), cycle.Outcome, cycle.Problem, cycle.DryRun}
}

func viewExplanation(explained trade.Explanation) explanationView {
	view := explanationView{
		Symbol: explained.Symbol, At: timeText(explained.At), Newest: viewCycleHead(explained.Newest), Cycle: viewCycleHead(explained.Cycle),
		Fills: each(explained.Fills, func(f trade.Fill) fillView {
			return fillView{f.ExecutionID, f.Side, f.Qty.String(), f.Price.String(), timeText(f.At)}
		}),
		Sentence: explained.Sentence(),
	}
	states := map[string]trade.OrderState{}
	if order := explained.Order; order != nil {
		states[order.Intent.ClientOrderID] = order.State
		view.Order = &orderLifeView{
			order.Intent.ClientOrderID, order.BrokerOrderID, order.State, order.BrokerStatus, order.FilledQty.String(),
			amountText(order.FilledAvgPrice), order.Problem, order.RequestID, timeText(order.SubmittedAt), timeText(order.FilledAt),
		}
	}
	if decision, ok := explained.Decision(); ok {
		decided := viewDecision(decision, states)
		view.Decision = &decided
	}
	return view
}

// ExplanationOf is the body of GET /api/explain, for the command line's --json.
func ExplanationOf(explained trade.Explanation) any { return viewExplanation(explained) }

func (s *server) explain(ctx context.Context, input *explainInput) (explanationView, error) {
	var moment time.Time
	if input.At != "" {
		var err error
		if moment, err = time.Parse(time.RFC3339, input.At); err != nil {
			return explanationView{}, fault.New(fault.Invalid, "The time must look like 2026-03-02T15:04:05Z.")
		}
	}
	explained, err := s.App.Explain(ctx, principalOf(ctx), input.Account, input.Symbol, moment)
	return viewExplanation(explained), err
}
