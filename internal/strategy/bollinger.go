package strategy

import (
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/indicator"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// bollingerRule buys at or below the lower band and sells at or above the upper one. Bands
// without width (a flat series) touch every close and say nothing.
var bollingerRule = Rule{
	Indicator:  "bollinger",
	Enabled:    func(s trade.Settings) bool { return s.Bollinger.Enabled },
	Parameters: func(s trade.Settings) string { return fmt.Sprintf("%d %v", s.Bollinger.Period, s.Bollinger.StdDev) },
	MinBars:    func(s trade.Settings) int { return s.Bollinger.Period },
	SettleBars: func(s trade.Settings) int { return s.Bollinger.Period },
	New: func(s trade.Settings) Voter {
		return &bollingerVoter{
			Bollinger: indicator.NewBollinger(s.Bollinger.Period, s.Bollinger.StdDev), settings: s.Bollinger,
		}
	},
}

type bollingerVoter struct {
	*indicator.Bollinger
	settings trade.BollingerSettings
	close    float64
}

func (v *bollingerVoter) Update(close float64) {
	v.Bollinger.Update(close)
	v.close = close
}

func (v *bollingerVoter) Vote() trade.Vote {
	if !v.Ready() {
		return silent("bollinger", v.settings.Period, v.Have())
	}
	upper, middle, lower := v.Bands()
	action, reason := judgeBands(v.close, upper, middle, lower)
	return cast("bollinger", action, reason,
		trade.Value{Name: "bb_upper", Number: upper},
		trade.Value{Name: "bb_middle", Number: middle},
		trade.Value{Name: "bb_lower", Number: lower})
}

func judgeBands(close, upper, middle, lower float64) (trade.Action, string) {
	switch {
	case order(upper, lower, middle) == 0:
		return trade.None, "the price has not moved and the bands have no width"
	case close >= upper:
		return trade.Sell, "the close " + dollars(close) + " reached the upper band " + dollars(upper)
	case close <= lower:
		return trade.Buy, "the close " + dollars(close) + " reached the lower band " + dollars(lower)
	default:
		return trade.None, "the close " + dollars(close) + " is between the bands " + dollars(lower) + " and " + dollars(upper)
	}
}
