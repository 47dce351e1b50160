package daemon

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// storedMarket is the market of the bars that a database of the project has stored. They are read
// once, at the start; nothing is written.
func (o SimulatorOptions) storedMarket(ctx context.Context) (sim.Market, error) {
	if len(o.Data) > 0 {
		return nil, fault.New(fault.Invalid, "--bars-from cannot be combined with --data.")
	}
	if file, ok := (config.Config{DatabaseURL: o.BarsFrom}).DatabaseFile(); ok {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil, fault.New(fault.Invalid, "There is no database %s; name one in --bars-from.", file)
		}
	}
	database, err := store.Open(ctx, store.Options{URL: o.BarsFrom})
	if err != nil {
		return nil, err
	}
	recordings, feed, err := o.recordings(ctx, database)
	if err = errors.Join(err, database.Close()); err != nil {
		return nil, err
	}
	prices, err := sim.NewRecorded("bars of "+feed, recordings)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "The stored bars cannot be used: %s.", err)
	}
	return prices, nil
}

// recordings reads, of each symbol of the feed, the daily bars and the shortest others.
func (o SimulatorOptions) recordings(ctx context.Context, database *store.Store) (found []sim.Recording, feed string, err error) {
	listed, err := database.StoredSeries(ctx)
	if err != nil {
		return nil, "", fault.Because(err, fault.Invalid, "The database of --bars-from has no bars to read; is it one of this program?")
	}
	if feed, err = o.chosenFeed(listed); err != nil {
		return nil, "", err
	}
	shortest := map[string]trade.Timeframe{} // of each symbol, below a day
	for _, one := range listed {
		if one.Feed != feed {
			continue
		}
		known, ok := shortest[one.Symbol]
		if one.Timeframe != trade.Day && (!ok || one.Timeframe.Duration() < known.Duration()) {
			shortest[one.Symbol] = one.Timeframe
		}
	}
	for _, one := range listed {
		if one.Feed != feed || one.Timeframe != trade.Day && one.Timeframe != shortest[one.Symbol] {
			continue
		}
		bars, err := database.StoredBars(ctx, feed, one.Symbol, one.Timeframe, time.Unix(0, 0), time.Unix(1<<33, 0))
		if err != nil {
			return nil, "", err
		}
		found = append(found, sim.Recording{Symbol: one.Symbol, Daily: one.Timeframe == trade.Day, Bars: bars})
	}
	return found, feed, nil
}

func (o SimulatorOptions) chosenFeed(listed []store.BarSeries) (string, error) {
	var feeds []string
	for _, one := range listed {
		if !slices.Contains(feeds, one.Feed) {
			feeds = append(feeds, one.Feed)
		}
	}
	switch {
	case len(feeds) == 0:
		return "", fault.New(fault.Invalid, "The database of --bars-from has stored no bars yet.")
	case o.BarsFeed == "" && len(feeds) == 1:
		return feeds[0], nil
	case !slices.Contains(feeds, o.BarsFeed):
		return "", fault.New(fault.Invalid, "Say which bars to use with --bars-feed: %s.", strings.Join(feeds, " or "))
	}
	return o.BarsFeed, nil
}
