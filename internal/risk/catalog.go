// Package risk decides whether an entry stays within the limits: one limit a file, all of them in
// Catalog, every one a pure function. Limits stop entries only: an exit is never kept back by one.
package risk

import "github.com/jcap24/alpaca-trader/internal/trade"

// Limit is one way to refuse an entry. A limit that is switched off (zero) refuses nothing.
type Limit struct {
	Skip trade.Skip // its name
	// Account reports whether no entry at all may be ordered now; nil: it asks about entries only.
	Account func(*trade.RiskLimits, *State) bool
	// Entry reports whether this one may not be; nil: it asks about the account only.
	Entry func(*trade.RiskLimits, *State, *Entry) bool
}

// Catalog lists every limit, in the order in which they are asked: what needs no figures of the
// market first.
var Catalog = []Limit{
	dailyLoss,
	maxDrawdown,
	consecutiveLosses,
	orderRate,
	cooldownPeriod,
	stoplossGuard,
	lowProfitSymbol,
	staleData,
	minPrice,
	minVolume,
	maxSymbolShare,
	maxSectorShare,
	maxExposure,
	priceGap,
	spread,
}

// Barred returns the first limit that lets nothing be entered now, empty when none does. It is
// asked once for all entries of a plan: no order of the plan changes it.
func Barred(limits *trade.RiskLimits, state *State) trade.Skip {
	for _, limit := range Catalog {
		if limit.Account != nil && limit.Account(limits, state) {
			return limit.Skip
		}
	}
	return ""
}

// Refuses returns the first limit that the entry would break, empty when it breaks none.
func Refuses(limits *trade.RiskLimits, state *State, entry *Entry) trade.Skip {
	for _, limit := range Catalog {
		if limit.Entry != nil && limit.Entry(limits, state, entry) {
			return limit.Skip
		}
	}
	return ""
}

// AsksForQuotes reports whether a limit needs the present bid, ask and last price.
func AsksForQuotes(limits trade.RiskLimits) bool {
	return limits.MaxPriceGapPct.IsPositive() || limits.MaxSpreadPct.IsPositive()
}
