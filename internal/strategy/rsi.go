package strategy

import (
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/indicator"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// rsiRule buys strictly below oversold and sells strictly above overbought. A price that has not
// moved at all has an RSI of 100 by convention and no vote: nobody overbought it.
var rsiRule = Rule{
	Indicator: "rsi",
	Enabled:   func(s trade.Settings) bool { return s.RSI.Enabled },
	Parameters: func(s trade.Settings) string {
		return fmt.Sprintf("%d %v %v", s.RSI.Period, s.RSI.Overbought, s.RSI.Oversold)
	},
	MinBars:    func(s trade.Settings) int { return s.RSI.Period },
	SettleBars: func(s trade.Settings) int { return indicator.SettleRSI(s.RSI.Period) },
	New: func(s trade.Settings) Voter {
		return &rsiVoter{RSI: indicator.NewRSI(s.RSI.Period), settings: s.RSI}
	},
}

type rsiVoter struct {
	*indicator.RSI
	settings trade.RSISettings
	price    price
}

func (v *rsiVoter) Update(close float64) {
	v.RSI.Update(close)
	v.price.update(close)
}

func (v *rsiVoter) Vote() trade.Vote {
	if !v.Ready() {
		return silent("rsi", v.settings.Period, v.Have())
	}
	action, reason := v.judge()
	return cast("rsi", action, reason, trade.Value{Name: "rsi", Number: v.Value()})
}

func (v *rsiVoter) judge() (trade.Action, string) {
	rsi, low, high := v.Value(), v.settings.Oversold, v.settings.Overbought
	switch {
	case order(v.Move(), 0, float64(v.price)) == 0:
		return trade.None, "the price has not moved"
	case rsi < low:
		left, right := limit(rsi, low)
		return trade.Buy, "RSI " + left + " < " + right
	case rsi > high:
		left, right := limit(rsi, high)
		return trade.Sell, "RSI " + left + " > " + right
	default:
		return trade.None, fmt.Sprintf("RSI %.1f is between %g and %g", rsi, low, high)
	}
}

// limit writes an RSI with one decimal, more when it takes more to tell it from the threshold,
// which is written as it was set.
func limit(rsi, threshold float64) (string, string) {
	written, _ := apart(rsi, threshold, 1)
	return written, fmt.Sprintf("%g", threshold)
}
