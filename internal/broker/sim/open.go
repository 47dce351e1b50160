package sim

import (
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// Synthetic is the word that stands for the invented market where folders may be named.
const Synthetic = "synthetic"

// OpenMarket opens what --data names: the word synthetic, or folders of CSV files. A fault of
// kind Invalid says what is wrong.
func OpenMarket(data []string, seed uint64) (Market, error) {
	switch {
	case len(data) == 0:
		return nil, fault.New(fault.Invalid, "Say where prices come from: --data synthetic, or --data FOLDER (more than once is fine).")
	case slices.Contains(data, Synthetic) && len(data) > 1:
		return nil, fault.New(fault.Invalid, "--data synthetic cannot be combined with folders.")
	case data[0] == Synthetic:
		return NewSynthetic(seed), nil
	}
	loaded, err := LoadCSV(data...)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "The price data cannot be used: %s.", err)
	}
	return loaded, nil
}

// The market's times that make sense: the exchange's calendar and the invented prices end there.
var (
	earliestNow = time.Date(1970, time.January, 2, 0, 0, 0, 0, market.NewYork)
	latestNow   = syntheticLast
)

// CheckNow refuses a market time without prices or outside the calendar; a fault of kind Invalid.
func CheckNow(source Market, now time.Time) error {
	first := earliestNow
	for i, asset := range source.Assets() {
		from, _ := source.Span(asset.Symbol)
		if i == 0 || from.Before(first) {
			first = from
		}
	}
	if now.Before(first) || now.After(latestNow) {
		return fault.New(fault.Invalid, "The market's time %s has no prices; use a time from %s on and before %s.",
			now.Format(time.RFC3339), first.Format(time.DateOnly), latestNow.Format(time.DateOnly))
	}
	return nil
}
