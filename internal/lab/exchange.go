package lab

import (
	"log/slog"
	"math"
	"strconv"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/perf"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// newReplay opens an exchange whose prices are the bars, an account there, and a desk.
func newReplay(config Config) (*replay, error) {
	r := &replay{
		config: config, bars: config.Bars, skips: map[trade.Skip]int{}, start: config.From,
		curve: []perf.Point{{At: config.From, Equity: config.Cash}},
	}
	recordings, first := config.recordings()
	if len(recordings) == 0 {
		return r, nil
	}
	if first.After(config.To) {
		return r, nil
	}
	if first.After(r.start) {
		r.start = first
	}
	prices, err := sim.NewRecorded(AccountID, recordings)
	if err != nil {
		return nil, err
	}
	r.exchange, err = sim.New(sim.Config{
		Market: prices, Machine: clock.NewHeld(r.start), Pace: sim.Held(), Now: r.start, Cash: config.Cash, Trading: config.trading(),
	})
	if err != nil {
		return nil, err
	}
	if r.account, err = r.exchange.Account(AccountID, AccountID); err != nil {
		return nil, err
	}
	r.journal = newJournal(r.exchange)
	ids := 0
	none := []time.Duration{}
	r.desk = desk.New(desk.Config{
		Journal: r.journal, Bars: r.bars, Clock: r.exchange, Log: slog.New(slog.DiscardHandler), Holder: AccountID,
		NewID:    func() string { ids++; return strconv.Itoa(ids) },
		Patience: none, Settling: none, Refusals: none, Cancels: none,
	})
	return r, nil
}

// recordings are the bars as the exchange takes them, and the moment of the first. Bars without a
// price, on days without a session, and of times that an earlier bar has, are left out.
func (c Config) recordings() (recordings []sim.Recording, first time.Time) {
	for _, symbol := range c.Symbols {
		recording := sim.Recording{Symbol: symbol, Daily: c.Settings.Timeframe == trade.Day}
		end := time.Time{}
		for _, bar := range c.Bars[symbol] {
			bar, ok := c.tradable(bar)
			if !ok || bar.Start.Before(end) {
				continue
			}
			recording.Bars, end = append(recording.Bars, bar), bar.End
		}
		if len(recording.Bars) == 0 {
			continue
		}
		recordings = append(recordings, recording)
		if begin := recording.Bars[0].Start; first.IsZero() || begin.Before(first) {
			first = begin
		}
	}
	return recordings, first
}

// tradable is the bar as orders meet it: an hour that holds the opening begins with it, and its
// high and low hold its open and close.
func (c Config) tradable(bar trade.Bar) (trade.Bar, bool) {
	session, trades := market.SessionOn(bar.Start)
	if !trades || !isPrice(bar.Open) || !isPrice(bar.Close) {
		return bar, false
	}
	if bar.Start.Before(session.Open) && bar.End.After(session.Open) {
		bar.Start = session.Open
	}
	high, low := max(bar.Open, bar.Close), min(bar.Open, bar.Close)
	if isPrice(bar.High) {
		high = max(high, bar.High)
	}
	if isPrice(bar.Low) {
		low = min(low, bar.Low)
	}
	bar.High, bar.Low = high, low
	if !(bar.Volume >= 0 && bar.Volume <= mostVolume) {
		bar.Volume = 0
	}
	return bar, true
}

const (
	mostPrice  = 1e9  // dollars; beyond it a bar is nonsense
	mostVolume = 1e12 // shares
)

func isPrice(price float64) bool { return price > 0 && price <= mostPrice && !math.IsNaN(price) }

// trading is the configured one with what the assets lack.
func (c Config) trading() sim.Trading {
	terms := c.Trading
	if c.Assets == nil {
		return terms
	}
	for _, symbol := range c.Symbols {
		asset := c.Assets[symbol]
		if !asset.Tradable {
			terms.Untradable = append(terms.Untradable[:len(terms.Untradable):len(terms.Untradable)], symbol)
		}
		if !asset.Fractionable {
			terms.WholeShares = append(terms.WholeShares[:len(terms.WholeShares):len(terms.WholeShares)], symbol)
		}
		if !asset.Shortable || !asset.EasyToBorrow {
			terms.HardToBorrow = append(terms.HardToBorrow[:len(terms.HardToBorrow):len(terms.HardToBorrow)], symbol)
		}
	}
	return terms
}
