package app

import (
	"context"
	"errors"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const (
	usualFlattenPatience = 20 * time.Second // a request of a page is cut off after 30 s
	flattenLimit         = 3 * time.Minute  // how long the closing itself may take
)

// Flattening is how positions are closed.
type Flattening struct {
	State  trade.TradingState // in force from then on: halted (also when empty) or reduce_only
	Reason string
	DryRun bool // only say what would be closed
}

// Flattened is what became of one account's positions.
type Flattened struct {
	Account trade.BrokerageAccount
	Orders  []trade.Order // one for each position; with DryRun what would be sent
	Pending bool          // not all answers are in yet: the closing goes on
	Problem string        // one sentence; empty: it went well
}

// Flatten closes every position of the accounts: their state is tightened first, so that nothing
// new is ordered, then open orders are canceled and market orders sent through the journal. What a
// crash interrupts is resolved like every other order; asking again closes what is left. A process
// that submits nothing refuses, and changes nothing.
func (a *App) Flatten(ctx context.Context, p auth.Principal, reach Reach, how Flattening) ([]Flattened, error) {
	if how.State == "" {
		how.State = trade.Halted
	}
	if how.State != trade.Halted && how.State != trade.ReduceOnly {
		return nil, fault.New(fault.Invalid, "The state must be halted or reduce_only.")
	}
	scopes, err := a.scopes(ctx, p, reach)
	if err != nil {
		return nil, err
	}
	if a.Desk == nil {
		return nil, fault.New(fault.Unavailable, "This process does not trade.")
	}
	if a.DryRun && !how.DryRun {
		return nil, fault.New(fault.Conflict, "This is a dry run (--dry-run, or TRADING_ENABLED=false): nothing is submitted to a broker, so nothing can be closed from here. A halt is possible.")
	}
	wanted, err := a.standing(p, how.State, how.Reason)
	if err != nil {
		return nil, err
	}
	standings, err := a.tightenAll(ctx, p, scopes, wanted, how.DryRun)
	if err != nil {
		return nil, err
	}
	if reach.Installation {
		return a.flattenInstallation(ctx, p, standings[0], how.DryRun)
	}
	return a.flattenAll(ctx, scopes, standings, how.DryRun), nil
}

// tightenAll puts the state in force everywhere before anything is closed; a dry run changes nothing.
func (a *App) tightenAll(ctx context.Context, p auth.Principal, scopes []scope, wanted trade.Standing, dryRun bool) ([]trade.Standing, error) {
	standings := make([]trade.Standing, len(scopes))
	for i, scope := range scopes {
		standings[i] = wanted
		standings[i].AccountID = scope.accountID
		if dryRun {
			continue
		}
		var err error
		if standings[i], err = a.tighten(ctx, p, scope, wanted, audit.TradingFlattened); err != nil {
			return nil, err
		}
	}
	return standings, nil
}

// flattenInstallation closes the positions of every account under the installation's state.
func (a *App) flattenInstallation(ctx context.Context, p auth.Principal, standing trade.Standing, dryRun bool) ([]Flattened, error) {
	accounts, err := a.reached(ctx, p, Reach{Installation: true})
	if err != nil {
		return nil, err
	}
	scopes, standings := make([]scope, len(accounts)), make([]trade.Standing, len(accounts))
	for i, account := range accounts {
		scopes[i], standings[i] = scope{account.ID, account.UserID, account}, standing
	}
	return a.flattenAll(ctx, scopes, standings, dryRun), nil
}

// flattenAtOnce is how many accounts are closed beside each other.
const flattenAtOnce = 8

func (a *App) flattenAll(ctx context.Context, scopes []scope, standings []trade.Standing, dryRun bool) []Flattened {
	ctx, cancel := context.WithTimeout(ctx, a.FlattenPatience)
	defer cancel()
	places := make(chan struct{}, flattenAtOnce)
	answers := make([]<-chan Flattened, len(scopes))
	for i := range scopes {
		answers[i] = a.beginFlatten(places, scopes[i].account, standings[i], dryRun)
	}
	results := make([]Flattened, len(scopes))
	for i := range scopes {
		results[i] = Flattened{Account: scopes[i].account, Pending: true}
		select {
		case results[i] = <-answers[i]:
			continue
		case <-ctx.Done():
		}
		select { // what is there already counts, however late it is asked for
		case results[i] = <-answers[i]:
		default:
		}
	}
	return results
}

// beginFlatten closes one account's positions when there is a place. Whoever asked may go away: what
// was begun goes on.
func (a *App) beginFlatten(places chan struct{}, account trade.BrokerageAccount, standing trade.Standing, dryRun bool) <-chan Flattened {
	answer := make(chan Flattened, 1)
	a.closing.Go(func() {
		places <- struct{}{}
		defer func() { <-places }()
		ctx, cancel := context.WithTimeout(a.acting, flattenLimit)
		defer cancel()
		run, err := a.run(ctx, account)
		var orders []trade.Order
		if err == nil {
			run.DryRun, run.LeaseWait = dryRun, resolveWait
			orders, err = a.Desk.Flatten(ctx, run, standing)
		}
		a.Poke(account.UserID)
		answer <- a.flattened(ctx, account, orders, err)
	})
	return answer
}

func (a *App) flattened(ctx context.Context, account trade.BrokerageAccount, orders []trade.Order, err error) Flattened {
	result := Flattened{Account: account, Orders: orders}
	if err != nil {
		a.Logger.ErrorContext(ctx, "flatten", "account", account.ID, "cause", err)
		result.Problem = fault.Public(brokerFault(err))
	}
	return result
}

// FlattenProblem is the first trouble of the results; nil: all positions were closed.
func FlattenProblem(results []Flattened) error {
	var troubles []error
	for _, result := range results {
		if result.Problem != "" {
			troubles = append(troubles, fault.New(fault.Unavailable, "%s: %s", result.Account.Name, result.Problem))
		}
	}
	return errors.Join(troubles...)
}
