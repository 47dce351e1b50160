package engine

import (
	"math"

	"github.com/jcap24/alpaca-trader/internal/indicator"
	"github.com/jcap24/alpaca-trader/internal/strategy"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Evaluate decides on the last of the bars. They are closed, of one symbol, oldest first. With at
// least BarsNeeded of them the signal does not depend on how many came before.
func Evaluate(symbol string, settings trade.Settings, bars []trade.Bar) trade.Signal {
	evaluator := NewEvaluator(symbol, settings)
	for _, bar := range bars {
		evaluator.Feed(bar)
	}
	return evaluator.Signal()
}

// BarsNeeded is how many closed bars Evaluate must be given so that its values are the same to
// 1e-9 wherever the series was cut off. With fewer it still decides, on what is there.
func BarsNeeded(settings trade.Settings) int {
	bars := 1
	for _, rule := range strategy.Enabled(settings) {
		bars = max(bars, rule.SettleBars(settings))
	}
	if settings.Execution.SizeBy == trade.SizeVolatility {
		bars = max(bars, indicator.SettleATR(settings.Execution.ATRPeriod))
	}
	return bars
}

// Evaluator decides bar by bar on one symbol. It is not safe for concurrent use.
type Evaluator struct {
	symbol   string
	settings trade.Settings
	voters   []strategy.Voter
	names    []string
	atr      *indicator.ATR // nil: sizes do not ask for it
	last     trade.Bar
}

// NewEvaluator returns an evaluator that has seen nothing.
func NewEvaluator(symbol string, settings trade.Settings) *Evaluator {
	evaluator := &Evaluator{symbol: symbol, settings: settings}
	for _, rule := range strategy.Enabled(settings) {
		evaluator.voters = append(evaluator.voters, rule.New(settings))
		evaluator.names = append(evaluator.names, rule.Indicator)
	}
	if settings.Execution.SizeBy == trade.SizeVolatility {
		evaluator.atr = indicator.NewATR(settings.Execution.ATRPeriod)
	}
	return evaluator
}

// Feed takes the next closed bar.
func (e *Evaluator) Feed(bar trade.Bar) {
	for _, voter := range e.voters {
		voter.Update(bar.Close)
	}
	if e.atr != nil {
		e.atr.Update(bar.High, bar.Low, bar.Close)
	}
	e.last = bar
}

// Signal decides on the last bar. It is safe to send on as JSON, whatever the bars held.
func (e *Evaluator) Signal() trade.Signal {
	signal := trade.Signal{
		Symbol: e.symbol, BarStart: e.last.Start, BarEnd: e.last.End, Price: e.last.Close,
		Volume: finite(e.last.Volume), ATR: e.trueRange(),
		Votes: make([]trade.Vote, 0, len(e.voters)),
	}
	priced := !math.IsNaN(e.last.Close) && !math.IsInf(e.last.Close, 0)
	if !priced {
		signal.Price = 0
	}
	for i, voter := range e.voters {
		vote := trade.Vote{Indicator: e.names[i], Problem: "the last bar has no price"}
		if priced {
			vote = voter.Vote()
		}
		signal.Votes = append(signal.Votes, vote)
	}
	signal.Action, signal.Strength = count(signal.Votes, e.settings)
	return signal
}

// trueRange is the average true range, zero where there is none. It is cut to millionths of a
// dollar, so that a size does not depend on where the series was cut off.
func (e *Evaluator) trueRange() float64 {
	if e.atr == nil {
		return 0
	}
	return math.Round(finite(e.atr.Value())*1e6) / 1e6
}

func finite(number float64) float64 {
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return 0
	}
	return number
}
