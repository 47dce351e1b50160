package alpaca_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Whatever happens to a request for bars: the feed gives whole bars or says whose fault it is, and
// what it keeps is the same afterwards as in a feed that nothing happened to.
func TestFaultsOfBars(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault string
		want  fault.Kind
		ok    bool
	}{
		"latency":        {`{"kind":"latency","delay":"5s","path":"/v2/stocks"}`, 0, true},
		"longer than we": {`{"kind":"latency","delay":"10m","path":"/v2/stocks"}`, fault.BrokerDown, false},
		"429":            {`{"kind":"rate_limit","path":"/v2/stocks"}`, 0, true},
		"429 for long":   {`{"kind":"rate_limit","path":"/v2/stocks","times":-1}`, fault.BrokerDown, false},
		"500":            {`{"kind":"server_error","path":"/v2/stocks"}`, 0, true},
		"504":            {`{"kind":"timeout","path":"/v2/stocks"}`, 0, true},
		"dropped":        {`{"kind":"drop","path":"/v2/stocks"}`, 0, true},
		"malformed":      {`{"kind":"malformed","path":"/v2/stocks"}`, fault.BrokerDown, false},
		"second page":    {`{"kind":"malformed","path":"/v2/stocks","skip":1}`, fault.BrokerDown, false},
		"html 401":       {`{"kind":"html_401","path":"/v2/stocks"}`, fault.BrokerRefused, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			atExchange(t, func(t *testing.T, e *exchange) {
				symbols := []string{"AAPL", "MSFT", "SPY"}
				closed := func(feed *market.Feed) (map[string][]trade.Bar, error) {
					const need = 3000 // more than one page for three symbols
					return feed.Closed(t.Context(), e.client, "test", symbols, trade.Minute, need, e.now)
				}
				tried, untouched := market.NewFeed(nil), market.NewFeed(nil)
				if _, err := closed(tried); err != nil {
					t.Fatal(err)
				}
				e.advance(t, 40*24*time.Hour) // so much is new that it takes several pages
				e.raise(t, c.fault)
				_, err := closed(tried)
				if c.ok != (err == nil) || !c.ok && fault.KindOf(err) != c.want {
					t.Errorf("%v of kind %v", err, fault.KindOf(err))
				}
				if e.struck(t) == 0 {
					t.Error("the fault did not strike")
				}
				e.simulator.RemoveFaults()
				<-time.After(2 * time.Minute) // a refusal's pause is over
				after, err := closed(tried)
				want, errUntouched := closed(untouched)
				if err != nil || errUntouched != nil {
					t.Fatal(err, errUntouched)
				}
				for _, symbol := range symbols {
					if !slices.Equal(after[symbol], want[symbol]) || len(want[symbol]) != 3000 {
						t.Errorf("%s: %d bars, want the %d of a feed that nothing happened to", symbol, len(after[symbol]), len(want[symbol]))
					}
				}
			})
		})
	}
}
