package strategy

import (
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/indicator"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// macdRule buys when the MACD line crosses above its signal line, sells when it crosses below.
var macdRule = Rule{
	Indicator: "macd",
	Enabled:   func(s trade.Settings) bool { return s.MACD.Enabled },
	Parameters: func(s trade.Settings) string {
		return fmt.Sprintf("%d %d %d", s.MACD.FastPeriod, s.MACD.SlowPeriod, s.MACD.SignalPeriod)
	},
	MinBars: func(s trade.Settings) int { return macdBars(s.MACD) },
	SettleBars: func(s trade.Settings) int {
		return indicator.SettleMACD(s.MACD.FastPeriod, s.MACD.SlowPeriod, s.MACD.SignalPeriod) + 1
	},
	New: func(s trade.Settings) Voter {
		return &macdVoter{
			MACD:     indicator.NewMACD(s.MACD.FastPeriod, s.MACD.SlowPeriod, s.MACD.SignalPeriod),
			settings: s.MACD,
		}
	},
}

// macdBars is how many bars it takes until the signal line has a value.
func macdBars(s trade.MACDSettings) int { return s.SlowPeriod + s.SignalPeriod - 1 }

type macdVoter struct {
	*indicator.MACD
	crossing crossing
	settings trade.MACDSettings
	price    price
}

func (v *macdVoter) Update(close float64) {
	v.MACD.Update(close)
	v.price.update(close)
	v.crossing.update(v.Ready(), order(v.Line(), v.Signal(), float64(v.price)))
}

func (v *macdVoter) Vote() trade.Vote {
	if !v.Ready() {
		vote := silent("macd", macdBars(v.settings), v.Have())
		if v.LineReady() {
			vote.Values = known(trade.Value{Name: "macd_line", Number: v.Line()})
		}
		return vote
	}
	vote := cast("macd", v.crossing.action(),
		v.crossing.sentence("MACD", "its signal line", v.Line(), v.Signal()),
		trade.Value{Name: "macd_line", Number: v.Line()},
		trade.Value{Name: "macd_signal_line", Number: v.Signal()},
		trade.Value{Name: "macd_histogram", Number: v.Histogram()})
	if !v.crossing.knownBefore {
		vote.Problem = fmt.Sprintf("macd needs %d bars to see a crossing, has %d", macdBars(v.settings)+1, macdBars(v.settings))
	}
	return vote
}
