package engine

import "github.com/jcap24/alpaca-trader/internal/trade"

// count turns the enabled indicators' votes into an action and a strength from 0 to 100, the
// share of all votes that the stronger side has. An indicator without enough bars counts as one
// that does not agree: unanimity is never reached by silence.
func count(votes []trade.Vote, settings trade.Settings) (trade.Action, float64) {
	buys, sells := 0, 0
	for _, vote := range votes {
		switch vote.Action {
		case trade.Buy:
			buys++
		case trade.Sell:
			sells++
		}
	}
	if len(votes) == 0 {
		return trade.Hold, 0
	}
	strength := 100 * float64(max(buys, sells)) / float64(len(votes))
	switch {
	case carries(buys, sells, len(votes), settings):
		return trade.Buy, strength
	case carries(sells, buys, len(votes), settings):
		return trade.Sell, strength
	default:
		return trade.Hold, strength
	}
}

// carries reports whether a side with so many votes for and against it decides.
func carries(side, other, all int, settings trade.Settings) bool {
	switch settings.SignalMode {
	case trade.Unanimous:
		return side == all
	case trade.Any:
		return side > 0 && other == 0
	default:
		return side >= settings.SignalMinAgree && side > other
	}
}
