package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Explain answers why the account did or did not trade the symbol at a market time: the newest
// decision up to then with its order and fills, and the newest cycle, which may say that nothing
// was decided at all. The zero time means now.
func (a *App) Explain(ctx context.Context, p auth.Principal, name, symbol string, moment time.Time) (trade.Explanation, error) {
	if err := p.Require(auth.Read); err != nil {
		return trade.Explanation{}, err
	}
	parsed, err := parseSymbol(symbol)
	if err != nil {
		return trade.Explanation{}, err
	}
	account, err := a.ownAccount(ctx, p, name)
	if err != nil {
		return trade.Explanation{}, err
	}
	if moment.IsZero() {
		moment = farFuture
	}
	explained, err := a.Store.Explain(ctx, account.UserID, account.ID, parsed, moment)
	if moment.Equal(farFuture) {
		explained.At = time.Time{}
	}
	return explained, err
}

// farFuture is after every market time, also that of a simulated market that runs ahead.
var farFuture = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
