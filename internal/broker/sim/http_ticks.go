package sim

import (
	"math"
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
)

func listTrades(c *call) (answer, error) {
	return ticks(c, "trades", func(p Print, letter, tape string) any { return tradeOf(p, letter, tape) })
}

func listQuotes(c *call) (answer, error) {
	return ticks(c, "quotes", func(p Print, letter, tape string) any { return quoteOf(p, letter, tape) })
}

// ticks serves what a market's prints stand for.
func ticks(c *call, name string, view func(p Print, letter, tape string) any) (answer, error) {
	s, err := c.span()
	if err != nil {
		return answer{}, err
	}
	p := readPage(s, func(p Print) time.Time { return p.At }, func(symbol string, part span) []Print {
		if part.descending {
			return printsBack(c.config.Market, symbol, part.from, part.to, part.limit)
		}
		return printsBetween(c.config.Market, symbol, part.from, part.to, part.limit)
	})
	views := map[string][]any{}
	for symbol, prints := range p.items {
		letter, tape := marketTicker{c.Simulator}.exchange(symbol)
		for _, print := range prints {
			views[symbol] = append(views[symbol], view(print, letter, tape))
		}
	}
	return c.pageOf(name, views, p.next)
}

// pageOf is a page of several symbols, or of the one in the path.
func (c *call) pageOf(name string, views map[string][]any, next *string) (answer, error) {
	single, isSingle := c.path["symbol"]
	if !isSingle {
		return ok(map[string]any{name: views, "next_page_token": next})
	}
	items := views[single]
	if items == nil {
		items = []any{}
	}
	return ok(map[string]any{name: items, "symbol": single, "next_page_token": next})
}

// printsBack lists at most limit prints of [from, to], newest first.
func printsBack(source Market, symbol string, from, to time.Time, limit int) (found []Print) {
	for len(found) < limit {
		print, ok := source.LastPrint(symbol, to)
		if !ok || print.At.Before(from) {
			break
		}
		found = append(found, print)
		to = print.At.Add(-time.Nanosecond)
	}
	return found
}

func latestTrade(c *call, symbol string, now time.Time) (wire.Trade, bool) {
	last, ok := c.config.Market.LastPrint(symbol, now)
	letter, tape := marketTicker{c.Simulator}.exchange(symbol)
	return tradeOf(last, letter, tape), ok
}

func latestQuote(c *call, symbol string, now time.Time) (wire.Quote, bool) {
	last, ok := c.config.Market.LastPrint(symbol, now)
	letter, tape := marketTicker{c.Simulator}.exchange(symbol)
	return quoteOf(last, letter, tape), ok
}

// snapshot is everything that is newest of a symbol.
func snapshot(c *call, symbol string, now time.Time) (view wire.Snapshot, ok bool) {
	trade, ok := latestTrade(c, symbol, now)
	if !ok {
		return view, false
	}
	quote, _ := latestQuote(c, symbol, now)
	view.LatestTrade, view.LatestQuote = &trade, &quote
	if minute, ok := latestBar(c, symbol, now); ok {
		view.MinuteBar = &minute
	}
	session := market.LatestSession(trade.At)
	if day, ok := c.config.Market.Daily(symbol, session.Date, now); ok {
		bar := barView(day)
		view.DailyBar = &bar
	}
	if day, ok := c.config.Market.Daily(symbol, market.PreviousSession(session.Open).Date, now); ok {
		bar := barView(day)
		view.PrevDailyBar = &bar
	}
	return view, true
}

// listSnapshots has the symbols at the top of its answer, unlike the other latest answers.
func listSnapshots(c *call) (answer, error) {
	views, err := newest(c, "snapshot", snapshot)
	if err != nil {
		return answer{}, err
	}
	if single, isSingle := c.path["symbol"]; isSingle {
		return ok(wire.SymbolSnapshot{Snapshot: views[single], Symbol: single})
	}
	return ok(views)
}

// listAuctions serves one opening and one closing auction a day: the daily bar's open and close.
func listAuctions(c *call) (answer, error) {
	s, err := c.span()
	if err != nil {
		return answer{}, err
	}
	p := readPage(s, func(d wire.DailyAuctions) time.Time { return d.Day }, func(symbol string, part span) []wire.DailyAuctions {
		return auctionsOf(c.config.Market, symbol, part, c.now)
	})
	views := map[string][]any{}
	for symbol, days := range p.items {
		for _, day := range days {
			views[symbol] = append(views[symbol], day)
		}
	}
	return c.pageOf("auctions", views, p.next)
}

func auctionsOf(source Market, symbol string, part span, now time.Time) (found []wire.DailyAuctions) {
	days := readBars(source, symbol, barRange{
		frame: frame{frameDay, 1}, from: market.Day(part.from), to: part.to, now: now, limit: part.limit, descending: part.descending,
	})
	for _, bar := range days {
		session, _ := market.SessionOn(bar.Start)
		size := uint64(math.Round(bar.Volume / 20)) // an estimate: a market has no auctions
		day := wire.DailyAuctions{Day: bar.Start, Date: session.Date.Format(time.DateOnly)}
		day.Opening = []wire.Auction{{At: session.Open, Exchange: "P", Price: bar.Open, Size: size, Condition: "O"}}
		day.Closing = []wire.Auction{}
		if !now.Before(session.Close) {
			day.Closing = []wire.Auction{{At: session.Close, Exchange: "P", Price: bar.Close, Size: size, Condition: "6"}}
		}
		found = append(found, day)
	}
	return slices.Clip(found)
}
