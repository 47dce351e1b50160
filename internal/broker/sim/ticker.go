package sim

import (
	"math"
	"slices"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// mostBack bounds what a stream tells after the market's time was moved far ahead.
const mostBack = 24 * time.Hour

// ticker is where a market data stream takes its messages from. Intervals are (after, until].
type ticker interface {
	now() time.Time
	moved() <-chan struct{} // closed when now has changed
	symbols() []string
	prints(symbol string, after, until time.Time) []Print
	closedMinutes(symbol string, after, until time.Time) []trade.Bar
	daily(symbol string, now time.Time) (trade.Bar, bool)
	halts(symbol string, during interval) []halt
	revisions(symbol string, during interval) []revision
	lastFault() int
	exchange(symbol string) (letter, tape string)
}

// interval is what a stream has not told yet: (after, until], and of the faults up to the last one
// those that were armed since another for a moment that had come: the market's time may stand still.
type interval struct {
	after, until time.Time
	fault, last  int
}

// has reports whether what the fault does at the moment is in the interval.
func (w interval) has(f *Fault, at time.Time) bool {
	fresh := f.ID > w.fault && at.Equal(f.From)
	return f.ID <= w.last && !at.After(w.until) && (at.After(w.after) || fresh)
}

// dated is a message and its moment.
type dated struct {
	at time.Time
	message
}

// during lists what happened, in the order of time.
func (s subscriptions) during(t ticker, untold interval) []message {
	untold.after = later(untold.after, untold.until.Add(-mostBack))
	since, now := untold.after, untold.until
	var found []dated
	known := t.symbols()
	for _, symbol := range known {
		trades, quotes := wantsSymbol(s.Trades, symbol), wantsSymbol(s.Quotes, symbol)
		if trades || quotes {
			found = append(found, printMessages(t, symbol, trades, quotes, since, now)...)
		}
		if bars, days := wantsSymbol(s.Bars, symbol), wantsSymbol(s.DailyBars, symbol); bars || days {
			found = append(found, barMessages(t, symbol, bars, days, since, now)...)
		}
		if wantsSymbol(s.LULDs, symbol) {
			found = append(found, bandMessages(t, symbol, since, now)...)
		}
		found = append(found, s.haltMessages(t, symbol, untold)...)
		found = append(found, s.revisionMessages(t, symbol, untold)...)
	}
	slices.SortStableFunc(found, func(a, b dated) int { return a.at.Compare(b.at) })
	messages := make([]message, len(found))
	for i := range found {
		messages[i] = found[i].message
	}
	return messages
}

func wantsSymbol(list []string, symbol string) bool {
	return slices.Contains(list, symbol) || slices.Contains(list, "*")
}

func printMessages(t ticker, symbol string, trades, quotes bool, since, now time.Time) (found []dated) {
	letter, tape := t.exchange(symbol)
	for _, p := range t.prints(symbol, since, now) {
		if quotes {
			q := quoteOf(p, letter, tape)
			found = append(found, dated{p.At, message{
				{"T", "q"}, {"S", symbol}, {"ax", q.AskExchange}, {"ap", q.AskPrice}, {"as", q.AskSize},
				{"bx", q.BidExchange}, {"bp", q.BidPrice}, {"bs", q.BidSize}, {"c", q.Conditions}, {"z", tape}, {"t", p.At},
			}})
		}
		if trades {
			tr := tradeOf(p, letter, tape)
			found = append(found, dated{p.At, message{
				{"T", "t"}, {"S", symbol}, {"i", tr.ID}, {"x", letter}, {"p", tr.Price}, {"s", tr.Size},
				{"c", tr.Conditions}, {"z", tape}, {"t", p.At},
			}})
		}
	}
	return found
}

// barMessages are the minute bars that ended, and with each of them the day's bar so far.
func barMessages(t ticker, symbol string, bars, days bool, since, now time.Time) (found []dated) {
	for _, minute := range t.closedMinutes(symbol, since, now) {
		if bars {
			found = append(found, dated{minute.End, barMessage("b", symbol, minute)})
		}
		if day, ok := t.daily(symbol, minute.End); ok && days {
			found = append(found, dated{minute.End, barMessage("d", symbol, day)})
		}
	}
	return found
}

// The limits up and down are those of the first tier of stocks: a share around the price of the last
// five minutes' end. They are told each five minutes, a simplification: an exchange moves them
// when the reference price has moved by a percent.
const (
	bandShare = 0.05
	bandEvery = 5 * time.Minute
)

func bandMessages(t ticker, symbol string, since, now time.Time) (found []dated) {
	_, tape := t.exchange(symbol)
	for _, minute := range t.closedMinutes(symbol, since, now) {
		if minute.End.Truncate(bandEvery).Equal(minute.End) {
			tick := tickOf(minute.Close)
			found = append(found, dated{minute.End, message{
				{"T", "l"}, {"S", symbol}, {"u", roundTo(minute.Close*(1+bandShare), tick)}, {"d", roundTo(minute.Close*(1-bandShare), tick)},
				{"i", "B"}, {"z", tape}, {"t", minute.End},
			}})
		}
	}
	return found
}

// haltMessages are the changes of the trading status, and the imbalance that stands at each halt.
func (s subscriptions) haltMessages(t ticker, symbol string, untold interval) (found []dated) {
	statuses, imbalances := wantsSymbol(s.Statuses, symbol), wantsSymbol(s.Imbalances, symbol)
	if !statuses && !imbalances {
		return nil
	}
	_, tape := t.exchange(symbol)
	for _, h := range t.halts(symbol, untold) {
		if statuses {
			found = append(found, dated{h.at, h.status(symbol, tape)})
		}
		if imbalances && !h.resumed {
			found = append(found, dated{h.at, message{{"T", "i"}, {"S", symbol}, {"p", h.price}, {"z", tape}, {"t", h.at}}})
		}
	}
	return found
}

func barMessage(kind, symbol string, bar trade.Bar) message {
	b := wireBar(bar.Start, bar.Open, bar.High, bar.Low, bar.Close, bar.Volume)
	return message{
		{"T", kind}, {"S", symbol}, {"o", b.Open}, {"h", b.High}, {"l", b.Low}, {"c", b.Close},
		{"v", b.Volume}, {"t", b.Start}, {"n", b.Trades}, {"vw", b.VWAP},
	}
}

// tradeOf is a print as a trade. A market's prints carry no size: a round lot or two stand for it.
func tradeOf(p Print, letter, tape string) wire.Trade {
	return wire.Trade{
		At: p.At, Exchange: letter, Price: p.Price, Size: 100 * (1 + uint64(p.At.Unix()/5)%2), Conditions: []string{"@"},
		ID: printID(p.At), Tape: tape,
	}
}

// printID is the number of the print's millisecond in its day, from 1 on.
func printID(at time.Time) uint64 {
	return uint64(at.Sub(market.Day(at))/time.Millisecond) + 1
}

// quoteOf is the quote around a print: a basis point to each side, at least a cent (below a
// dollar, a hundredth of a cent).
func quoteOf(p Print, letter, tape string) wire.Quote {
	tick := tickOf(p.Price)
	half := math.Max(tick, math.Round(p.Price/1e4/tick)*tick)
	return wire.Quote{
		At: p.At, AskExchange: letter, AskPrice: roundTo(p.Price+half, tick), AskSize: 200,
		BidExchange: letter, BidPrice: math.Max(tick, roundTo(p.Price-half, tick)), BidSize: 200,
		Conditions: []string{"R"}, Tape: tape,
	}
}

// tickOf is how fine prices are (RULES 5.3).
func tickOf(price float64) float64 {
	if price < 1 {
		return 0.0001
	}
	return 0.01
}

func roundTo(price, tick float64) float64 { return math.Round(price/tick) / math.Round(1/tick) }

// marketTicker is the simulated market's.
type marketTicker struct{ *Simulator }

func (m marketTicker) now() time.Time         { return m.Now() }
func (m marketTicker) moved() <-chan struct{} { return m.pulse.wait() }

func (m marketTicker) symbols() []string {
	var symbols []string
	for _, asset := range m.config.Market.Assets() {
		symbols = append(symbols, asset.Symbol)
	}
	return symbols
}

func (m marketTicker) exchange(symbol string) (letter, tape string) {
	asset, _ := m.exchangeAsset(symbol)
	return exchangeLetters(asset.Exchange)
}

func (m marketTicker) prints(symbol string, after, until time.Time) []Print {
	return printsBetween(m.config.Market, symbol, after.Add(time.Nanosecond), until, math.MaxInt)
}

func (m marketTicker) closedMinutes(symbol string, after, until time.Time) (closed []trade.Bar) {
	for day := market.Day(after); !day.After(until); day = day.AddDate(0, 0, 1) {
		for _, bar := range m.config.Market.AppendMinutes(nil, symbol, day, until) {
			if bar.End.After(after) && !bar.End.After(until) {
				closed = append(closed, bar)
			}
		}
	}
	return closed
}

func (m marketTicker) daily(symbol string, now time.Time) (trade.Bar, bool) {
	session := market.LatestSession(now.Add(-time.Nanosecond))
	return m.config.Market.Daily(symbol, session.Date, now)
}

// halt is the moment at which trading of a symbol rests, or goes on.
type halt struct {
	at      time.Time
	resumed bool
	price   float64 // the last one before a rest
}

func (h halt) status(symbol, tape string) message {
	code, text, reason, words := "H", "Trading Halt", "T12", "Trading Halted; For information requested by the exchange"
	if h.resumed {
		code, text, reason, words = "T", "Trading Resumption", "C11", "Trade Resumption"
	}
	return message{{"T", "s"}, {"S", symbol}, {"sc", code}, {"sm", text}, {"rc", reason}, {"rm", words}, {"z", tape}, {"t", h.at}}
}

// revisions are what the exchange tells about earlier trades.
func (m marketTicker) revisions(symbol string, during interval) []revision {
	return m.config.Market.(venue).revisions(symbol, during) // New has made it one
}

func (m marketTicker) lastFault() int { return m.faults.last() }

// halts are the changes of the trading status.
func (m marketTicker) halts(symbol string, during interval) (changes []halt) {
	for _, f := range m.faults.all() {
		if f.Kind != faultHalt || f.Symbol != symbol {
			continue
		}
		if during.has(&f, f.From) {
			last, _ := m.config.Market.LastPrint(symbol, f.From)
			changes = append(changes, halt{at: f.From, price: last.Price})
		}
		if !f.Until.IsZero() && during.has(&f, f.Until) {
			changes = append(changes, halt{at: f.Until, resumed: true})
		}
	}
	return changes
}

// printsBetween lists at most limit prints of [from, to], oldest first, in regular sessions.
func printsBetween(source Market, symbol string, from, to time.Time, limit int) (found []Print) {
	first, last := source.Span(symbol)
	from, to = later(from, first), earlier(to, last.AddDate(0, 0, 1))
	for day := market.Day(from); !day.After(to) && len(found) < limit; day = day.AddDate(0, 0, 1) {
		session, ok := market.SessionOn(day)
		if !ok {
			continue
		}
		start, end := later(from, session.Open), earlier(to, session.Close)
		for !start.After(end) && len(found) < limit {
			print, ok := source.FirstPrint(symbol, start, end)
			if !ok {
				break
			}
			found = append(found, print)
			start = print.At.Add(time.Nanosecond)
		}
	}
	return found
}

// exchangeLetters are the letter of an exchange and its tape: A for NYSE's listings, C for
// NASDAQ's, B for the others.
func exchangeLetters(exchange string) (letter, tape string) {
	switch exchange {
	case "NYSE":
		return "N", "A"
	case "NASDAQ":
		return "Q", "C"
	case "ARCA":
		return "P", "B"
	case "BATS":
		return "Z", "B"
	default:
		return "A", "B"
	}
}

// exchangeAsset finds an asset; assets never change, so no lock is needed.
func (s *Simulator) exchangeAsset(symbol string) (wire.Asset, bool) { return s.exchange.asset(symbol) }
