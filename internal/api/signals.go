package api

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type signalView struct {
	Symbol    string        `json:"symbol"`
	Name      string        `json:"name"`
	Action    trade.Action  `json:"action" enum:"buy,sell,hold"`
	Strength  float64       `json:"strength" doc:"0 to 100"`
	Details   signalDetails `json:"details"`
	Price     float64       `json:"price" doc:"The latest known"`
	ChangePct *float64      `json:"change_pct" doc:"Percent from the decided bar's close to price"`
	BarTime   *string       `json:"bar_time" doc:"Start of the closed bar that was decided on"`
	Votes     []voteView    `json:"votes"`

	Values map[string]float64 `json:"values" doc:"Every indicator's values by name: rsi, sma_short, sma_long, macd_line, macd_signal_line, macd_histogram, bb_upper, bb_middle, bb_lower"`
}

// signalDetails are the votes by indicator, as the interface always had them.
type signalDetails struct {
	RSI       *trade.Action `json:"rsi_signal" enum:"buy,sell"`
	SMA       *trade.Action `json:"sma_signal" enum:"buy,sell"`
	MACD      *trade.Action `json:"macd_signal" enum:"buy,sell"`
	Bollinger *trade.Action `json:"bb_signal" enum:"buy,sell"`
}

type voteView struct {
	Indicator string       `json:"indicator" enum:"rsi,sma,macd,bollinger"`
	Action    trade.Action `json:"action" doc:"buy, sell or empty"`
	Values    []valueView  `json:"values" doc:"The numbers behind the vote"`
	Reason    string       `json:"reason" doc:"The sentence behind the vote"`
	Problem   string       `json:"problem" doc:"Why it could not vote"`
}

// SignalsOf is the body of GET /api/signals, for the command line's --json.
func SignalsOf(signals []app.SymbolSignal) any { return each(signals, viewSignal) }

// CycleOf is one element of the body of GET /api/cycles, for the command line's --json.
func CycleOf(report app.CycleReport) any { return viewCycle(report) }

type valueView struct {
	Name   string  `json:"name"`
	Number float64 `json:"number"`
}

func viewSignal(read app.SymbolSignal) signalView {
	view := signalView{
		Symbol: read.Signal.Symbol, Name: read.Name, Action: read.Signal.Action, Strength: finite(read.Signal.Strength),
		Price: finite(read.Price), BarTime: timeText(read.Signal.BarStart), Votes: each(read.Signal.Votes, viewVote),
		Details: viewDetails(read.Signal.Votes), Values: map[string]float64{},
	}
	for _, vote := range view.Votes {
		for _, value := range vote.Values {
			view.Values[value.Name] = value.Number
		}
	}
	if read.ChangePct != nil {
		change := finite(*read.ChangePct)
		view.ChangePct = &change
	}
	return view
}

func viewVote(vote trade.Vote) voteView {
	return voteView{
		vote.Indicator, vote.Action,
		each(vote.Values, func(v trade.Value) valueView { return valueView{v.Name, finite(v.Number)} }),
		vote.Reason, vote.Problem,
	}
}

func viewDetails(votes []trade.Vote) signalDetails {
	var details signalDetails
	places := map[string]**trade.Action{
		"rsi": &details.RSI, "sma": &details.SMA, "macd": &details.MACD, "bollinger": &details.Bollinger,
	}
	for _, vote := range votes {
		place, known := places[vote.Indicator]
		if known && vote.Action != trade.None {
			action := vote.Action
			*place = &action
		}
	}
	return details
}

func (s *server) signals(ctx context.Context, _ *nothing) ([]signalView, error) {
	signals, err := s.App.SignalsNow(ctx, principalOf(ctx))
	return each(signals, viewSignal), err
}

type cycleView struct {
	ID         string             `json:"id"`
	Slot       *string            `json:"slot" doc:"The scheduled time in the market's clock"`
	MarketTime *string            `json:"market_time" doc:"The market's time when it was decided"`
	StartedAt  *string            `json:"started_at"`
	FinishedAt *string            `json:"finished_at"`
	Outcome    trade.CycleOutcome `json:"outcome" enum:"running,done,failed,skipped"`
	Problem    string             `json:"problem"`
	DryRun     bool               `json:"dry_run"`
	Decisions  []decisionView     `json:"decisions"`
}

type decisionView struct {
	Symbol   string            `json:"symbol"`
	Action   trade.Action      `json:"action" enum:"buy,sell,hold"`
	Strength float64           `json:"strength"`
	Votes    []voteView        `json:"votes"`
	BarTime  *string           `json:"bar_time"`
	Price    float64           `json:"price" doc:"The bar's close"`
	Skip     *trade.Skip       `json:"skip" doc:"The name of the reason why nothing was ordered"`
	Sentence string            `json:"sentence" doc:"What was done, in words"`
	Order    *decidedOrderView `json:"order"`
}

type decidedOrderView struct {
	ClientOrderID string           `json:"client_order_id"`
	Side          trade.Side       `json:"side" enum:"buy,sell"`
	Qty           *float64         `json:"qty"`
	Notional      *float64         `json:"notional" doc:"US dollars"`
	State         trade.OrderState `json:"state"`
}

func viewCycle(report app.CycleReport) cycleView {
	cycle := report.Cycle
	return cycleView{
		ID: cycle.ID, Slot: timeText(cycle.Slot), MarketTime: timeText(cycle.MarketTime),
		StartedAt: timeText(cycle.StartedAt), FinishedAt: timeText(cycle.FinishedAt),
		Outcome: cycle.Outcome, Problem: cycle.Problem, DryRun: cycle.DryRun,
		Decisions: each(cycle.Decisions, func(d trade.Decision) decisionView { return viewDecision(d, report.States) }),
	}
}

func viewDecision(decision trade.Decision, states map[string]trade.OrderState) decisionView {
	signal := decision.Signal
	view := decisionView{
		Symbol: signal.Symbol, Action: signal.Action, Strength: finite(signal.Strength), Votes: each(signal.Votes, viewVote),
		BarTime: timeText(signal.BarStart), Price: finite(signal.Price),
	}
	view.Sentence = decision.Sentence()
	if decision.Skip != "" {
		view.Skip = &decision.Skip
	}
	if intent := decision.Intent; intent != nil {
		view.Order = &decidedOrderView{
			intent.ClientOrderID, intent.Side, amountNumber(intent.Qty), amountNumber(intent.Notional), states[intent.ClientOrderID],
		}
	}
	return view
}

func amountNumber(amount decimal.NullDecimal) *float64 {
	if !amount.Valid {
		return nil
	}
	number := amount.Decimal.InexactFloat64()
	return &number
}

type cyclesInput struct {
	Limit int `query:"limit" default:"20" minimum:"1" maximum:"100"`
}

func (s *server) cycles(ctx context.Context, input *cyclesInput) ([]cycleView, error) {
	reports, err := s.App.Cycles(ctx, principalOf(ctx), input.Limit)
	return each(reports, viewCycle), err
}
