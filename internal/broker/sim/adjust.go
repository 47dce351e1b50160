package sim

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// adjustment is which corporate actions change the prices before them.
type adjustment struct{ split, dividend, spinOff bool }

// parseAdjustment reads raw, split, dividend, spin-off, all, or several with commas.
func parseAdjustment(text string) (a adjustment, err error) {
	for word := range strings.SplitSeq(text, ",") {
		switch word {
		case "", "raw":
		case "split":
			a.split = true
		case "dividend":
			a.dividend = true
		case "spin-off":
			a.spinOff = true
		case "all":
			a = adjustment{true, true, true}
		default:
			return a, fmt.Errorf("invalid adjustment: %.40q", text)
		}
	}
	return a, nil
}

func (a adjustment) takes(kind string) bool {
	return a.split && kind == actionSplit || a.dividend && kind == actionDividend || a.spinOff && kind == actionSpinOff
}

// step is what everything before a day is multiplied by.
type step struct {
	before        time.Time // midnight New York of the ex-date
	price, volume float64
}

// steps are a symbol's, newest first; each holds those after it too.
type steps []step

// stepsOf reads the actions with an ex-date until now. A split divides the price and multiplies
// the volume; cash (or value) that left takes its share of the last close before it.
func stepsOf(source Market, symbol string, a adjustment, now time.Time) steps {
	var found steps
	actions := actionsOf(source, symbol)
	price, volume := 1.0, 1.0
	for i := len(actions) - 1; i >= 0; i-- {
		action := actions[i]
		if !a.takes(action.Kind) || action.ExDate.After(now) {
			continue
		}
		amount := action.Amount.InexactFloat64()
		if action.Kind == actionSplit {
			price, volume = price/amount, volume*amount
		} else if last, ok := source.Daily(symbol, market.PreviousSession(action.ExDate).Date, now); ok && last.Close > amount {
			price *= 1 - amount/last.Close
		}
		found = append(found, step{action.ExDate, price, volume})
	}
	return found
}

// adjust changes the bars of one day.
func (s steps) adjust(bars []trade.Bar, day time.Time) {
	last := -1
	for i := range s {
		if day.Before(s[i].before) {
			last = i
		}
	}
	if last < 0 {
		return
	}
	factor := s[last]
	for i := range bars {
		b := &bars[i]
		b.Open, b.High, b.Low, b.Close = round4(b.Open*factor.price), round4(b.High*factor.price), round4(b.Low*factor.price), round4(b.Close*factor.price)
		b.Volume = math.Round(b.Volume * factor.volume)
	}
}

func round4(price float64) float64 { return math.Round(price*1e4) / 1e4 }
