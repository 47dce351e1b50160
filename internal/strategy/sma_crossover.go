package strategy

import (
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/indicator"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// smaCrossoverRule buys when the short average crosses above the long one, sells when it crosses
// below. A crossing needs the bar before, so the rule votes one bar after its values exist.
var smaCrossoverRule = Rule{
	Indicator:  "sma",
	Enabled:    func(s trade.Settings) bool { return s.SMA.Enabled },
	Parameters: func(s trade.Settings) string { return fmt.Sprintf("%d %d", s.SMA.ShortPeriod, s.SMA.LongPeriod) },
	MinBars:    func(s trade.Settings) int { return s.SMA.LongPeriod },
	SettleBars: func(s trade.Settings) int { return s.SMA.LongPeriod + 1 },
	New: func(s trade.Settings) Voter {
		return &smaVoter{
			short: indicator.NewSMA(s.SMA.ShortPeriod), long: indicator.NewSMA(s.SMA.LongPeriod), settings: s.SMA,
		}
	},
}

type smaVoter struct {
	short, long *indicator.SMA
	crossing    crossing
	settings    trade.SMASettings
	price       price
}

func (v *smaVoter) Update(close float64) {
	v.short.Update(close)
	v.long.Update(close)
	v.price.update(close)
	v.crossing.update(v.long.Ready(), order(v.short.Value(), v.long.Value(), float64(v.price)))
}

func (v *smaVoter) Vote() trade.Vote {
	if !v.long.Ready() {
		vote := silent("sma", v.settings.LongPeriod, v.long.Have())
		if v.short.Ready() {
			vote.Values = known(trade.Value{Name: "sma_short", Number: v.short.Value()})
		}
		return vote
	}
	short, long := v.short.Value(), v.long.Value()
	vote := cast("sma", v.crossing.action(),
		v.crossing.sentence(fmt.Sprintf("SMA %d", v.settings.ShortPeriod), fmt.Sprintf("SMA %d", v.settings.LongPeriod), short, long),
		trade.Value{Name: "sma_short", Number: short}, trade.Value{Name: "sma_long", Number: long})
	if !v.crossing.knownBefore {
		vote.Problem = fmt.Sprintf("sma needs %d bars to see a crossing, has %d", v.settings.LongPeriod+1, v.settings.LongPeriod)
	}
	return vote
}
