package app

import (
	"context"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// AccountFigures are the active brokerage account's figures at the broker.
type AccountFigures struct {
	trade.Account
	Name       string
	Paper      bool
	Demo       bool
	MarketOpen bool
}

// SymbolSignal is what the strategy says about one watched symbol.
type SymbolSignal struct {
	Signal    trade.Signal
	Name      string
	Price     float64  // the latest known
	ChangePct *float64 // percent from the decided bar's close to Price; nil when either is unknown
}

// SchedulerStatus says whether trading goes on by itself.
type SchedulerStatus struct {
	Running    bool // a scheduler runs in this process
	Automation bool // the active account's switch
	NextRun    time.Time
	Demo       bool // the server runs the demonstration market
	MarketTime time.Time
	MarketOpen bool
	NextOpen   time.Time
	NextClose  time.Time // market times are zero when the broker's clock is not known
}

// mostOrders is how many orders a page shows.
const mostOrders = 50

// Account returns the active account's figures.
func (a *App) Account(ctx context.Context, p auth.Principal) (AccountFigures, error) {
	return look(ctx, a, p, func(ctx context.Context, account trade.BrokerageAccount, brokerage Brokerage) (AccountFigures, error) {
		clock, err := brokerage.Clock(ctx)
		if err != nil {
			return AccountFigures{}, err
		}
		return figures(ctx, account, brokerage, clock)
	})
}

func figures(ctx context.Context, account trade.BrokerageAccount, brokerage Brokerage, clock trade.MarketClock) (AccountFigures, error) {
	state, err := brokerage.Account(ctx)
	return AccountFigures{state, account.Name, account.Paper, account.Demo, clock.IsOpen}, err
}

// Positions returns the active account's positions.
func (a *App) Positions(ctx context.Context, p auth.Principal) ([]trade.Position, error) {
	return look(ctx, a, p, func(ctx context.Context, _ trade.BrokerageAccount, brokerage Brokerage) ([]trade.Position, error) {
		return brokerage.Positions(ctx)
	})
}

// Orders returns the active account's open orders and then its newest closed ones, 50 at most.
func (a *App) Orders(ctx context.Context, p auth.Principal) ([]trade.BrokerOrder, error) {
	return look(ctx, a, p, func(ctx context.Context, _ trade.BrokerageAccount, brokerage Brokerage) ([]trade.BrokerOrder, error) {
		return orders(ctx, brokerage)
	})
}

func orders(ctx context.Context, brokerage Brokerage) ([]trade.BrokerOrder, error) {
	open, err := brokerage.OpenOrders(ctx)
	if err != nil || len(open) >= mostOrders {
		return open[:min(len(open), mostOrders)], err
	}
	closed, err := brokerage.ClosedOrders(ctx, mostOrders)
	if err != nil {
		return nil, err
	}
	all := append(append([]trade.BrokerOrder(nil), open...), closed...)
	return all[:min(len(all), mostOrders)], nil
}

// ClosedOrders returns the active account's newest closed orders, 50 at most.
func (a *App) ClosedOrders(ctx context.Context, p auth.Principal) ([]trade.BrokerOrder, error) {
	return look(ctx, a, p, func(ctx context.Context, _ trade.BrokerageAccount, brokerage Brokerage) ([]trade.BrokerOrder, error) {
		return brokerage.ClosedOrders(ctx, mostOrders)
	})
}

// historyTimeframes says how fine an equity curve is, by its period.
var historyTimeframes = map[string]string{
	"1D": "15Min", "1W": "1H", "1M": "1D", "3M": "1D", "6M": "1D", "1A": "1D",
}

// PortfolioHistory returns the active account's equity curve over 1D, 1W, 1M, 3M, 6M or 1A.
func (a *App) PortfolioHistory(ctx context.Context, p auth.Principal, period string) (trade.PortfolioHistory, error) {
	timeframe, known := historyTimeframes[period]
	if !known {
		return trade.PortfolioHistory{}, fault.New(fault.Invalid, "The period must be 1D, 1W, 1M, 3M, 6M or 1A.")
	}
	return look(ctx, a, p, func(ctx context.Context, _ trade.BrokerageAccount, brokerage Brokerage) (trade.PortfolioHistory, error) {
		return brokerage.PortfolioHistory(ctx, period, timeframe)
	})
}

// SignalsNow returns one signal for each symbol of the principal's watchlist, in its order.
func (a *App) SignalsNow(ctx context.Context, p auth.Principal) ([]SymbolSignal, error) {
	return look(ctx, a, p, func(ctx context.Context, account trade.BrokerageAccount, _ Brokerage) ([]SymbolSignal, error) {
		return a.readSignals(ctx, account)
	})
}

func (a *App) readSignals(ctx context.Context, account trade.BrokerageAccount) ([]SymbolSignal, error) {
	strategy, err := readStrategy(ctx, a.Store, account)
	if err != nil || len(strategy.Watchlist) == 0 {
		return nil, err
	}
	signals, prices, err := a.Signals.Signals(ctx, account, strategy.Settings, symbolsOf(strategy.Watchlist))
	if err != nil {
		return nil, err
	}
	return NameSignals(signals, strategy.Watchlist, prices), nil
}

// NameSignals joins signals with the watchlist's names and the latest prices by symbol.
func NameSignals(signals []trade.Signal, watchlist []trade.WatchedSymbol, prices map[string]float64) []SymbolSignal {
	names := make(map[string]string, len(watchlist))
	for _, watched := range watchlist {
		names[watched.Symbol] = watched.Name
	}
	named := make([]SymbolSignal, len(signals))
	for i, signal := range signals {
		named[i] = priced(signal, names[signal.Symbol], prices)
	}
	return named
}

// priced joins a signal with the latest price, or with its bar's close when none is known.
func priced(signal trade.Signal, name string, prices map[string]float64) SymbolSignal {
	latest, known := prices[signal.Symbol]
	if !known {
		return SymbolSignal{Signal: signal, Name: name, Price: signal.Price}
	}
	joined := SymbolSignal{Signal: signal, Name: name, Price: latest}
	if signal.Price > 0 {
		change := (latest/signal.Price - 1) * 100
		joined.ChangePct = &change
	}
	return joined
}

// Status returns the scheduler's and the market's state. It works without an account and while
// the broker is down; then the market's times are zero.
func (a *App) Status(ctx context.Context, p auth.Principal) (SchedulerStatus, error) {
	if err := p.Require(auth.Read); err != nil {
		return SchedulerStatus{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	account, err := a.Store.ActiveAccount(ctx, p.UserID)
	if fault.Is(err, fault.NotFound) {
		return a.status(trade.BrokerageAccount{}, trade.MarketClock{}), nil
	}
	if err != nil {
		return SchedulerStatus{}, err
	}
	market, err := a.marketClock(ctx, account)
	if err != nil {
		a.Logger.WarnContext(ctx, "read the market's clock", "account", account.ID, "cause", err)
	}
	return a.status(account, market), nil
}

func (a *App) marketClock(ctx context.Context, account trade.BrokerageAccount) (trade.MarketClock, error) {
	brokerage, err := a.Brokerages.Open(ctx, account)
	if err != nil {
		return trade.MarketClock{}, err
	}
	now, err := brokerage.Clock(ctx)
	if err == nil {
		a.Calendars.learn(ctx, account.Mode(), brokerage, now.Timestamp)
	}
	return now, err
}

func (a *App) status(account trade.BrokerageAccount, market trade.MarketClock) SchedulerStatus {
	return SchedulerStatus{
		Running:    a.Scheduler != nil && a.Scheduler.Running(),
		Automation: account.Automated, NextRun: account.NextRunAt.UTC(), Demo: a.Demo,
		MarketTime: market.Timestamp.UTC(), MarketOpen: market.IsOpen,
		NextOpen: market.NextOpen.UTC(), NextClose: market.NextClose.UTC(),
	}
}

// look authorizes, opens the active account, and reads from it within the time a page may wait.
func look[T any](ctx context.Context, a *App, p auth.Principal, read func(context.Context, trade.BrokerageAccount, Brokerage) (T, error)) (T, error) {
	var nothing T
	if err := p.Require(auth.Read); err != nil {
		return nothing, err
	}
	ctx, cancel := context.WithTimeout(ctx, brokerTimeout)
	defer cancel()
	account, brokerage, err := a.connect(ctx, p.UserID)
	if err != nil {
		return nothing, err
	}
	value, err := read(ctx, account, brokerage)
	if err != nil {
		return nothing, brokerFault(err)
	}
	return value, nil
}
