package engine

import (
	"github.com/jcap24/alpaca-trader/internal/risk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// NeedsQuotes reports whether a limit of either kind asks for the present bid, ask and last price
// of the symbols that may be entered. Without them such a limit keeps every entry back.
func NeedsQuotes(settings trade.Settings, installation trade.RiskLimits) bool {
	return risk.AsksForQuotes(settings.Risk) || risk.AsksForQuotes(installation)
}

// QuotesAtClose are the quotes of a market that has no other prices than the bars': bid, ask and
// last price are each bar's close.
func QuotesAtClose(signals []trade.Signal) map[string]trade.Quote {
	quotes := make(map[string]trade.Quote, len(signals))
	for i := range signals {
		signal := &signals[i]
		price := priceOf(signal)
		quotes[signal.Symbol] = trade.Quote{Bid: price, Ask: price, Last: price, At: signal.BarEnd}
	}
	return quotes
}
