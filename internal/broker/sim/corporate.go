package sim

import (
	"time"

	"github.com/shopspring/decimal"
)

// corporateAction is what the exchange needs to know of a dividend or a split to apply it to
// positions. Exactly one of Cash and New/Old is set.
type corporateAction struct {
	Symbol  string
	ExDate  time.Time       // midnight New York; who holds before its session takes part
	Payable time.Time       // midnight New York of the day on which cash is paid; zero: ExDate
	Cash    decimal.Decimal // dollars a share
	New     decimal.Decimal // a split gives New shares ...
	Old     decimal.Decimal // ... for Old ones
}

// corporateMarket is a Market that knows corporate actions of its symbols. A Market without this
// method has none.
type corporateMarket interface {
	// positionActions returns the symbol's actions, by ExDate.
	positionActions(symbol string) []corporateAction
}
