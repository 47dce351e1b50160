package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/wire"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// csvMarket serves recorded bars. A bar gives two prints: its open when it begins and its close
// when it ends; high, low and volume are known only then. A daily bar begins at its session's
// open and ends at its session's close. Prices are as they were traded; corporate actions adjust
// them when somebody asks for that.
type csvMarket struct {
	name   string
	assets []wire.Asset
	daily  map[string]*series
	minute map[string]*series

	actions map[string][]Action
	news    []wire.News
}

// LoadCSV reads the *.csv files of the folders. Each file has the header
// symbol,timestamp,open,high,low,close,volume and holds daily bars (timestamp YYYY-MM-DD) or
// minute bars (RFC3339, the bar's start), oldest first. Every symbol becomes an asset. A symbol
// may have daily and minute bars, but each from one file only. A file corporate_actions.csv holds
// symbol,ex_date,type,ratio_or_cash. Errors name file and line.
func LoadCSV(folders ...string) (Market, error) {
	m := &csvMarket{daily: map[string]*series{}, minute: map[string]*series{}, actions: map[string][]Action{}}
	for _, folder := range folders {
		if err := m.loadFolder(folder); err != nil {
			return nil, err
		}
	}
	m.listAssets()
	return m, nil
}

func (m *csvMarket) loadFolder(folder string) error {
	if _, err := os.Stat(folder); err != nil {
		return fmt.Errorf("read data folder: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(escapeGlob(folder), "*.csv"))
	if err != nil {
		return fmt.Errorf("read data folder %s: %w", folder, err)
	}
	files = slices.DeleteFunc(files, func(file string) bool { return filepath.Base(file) == ActionsFile })
	if len(files) == 0 {
		return fmt.Errorf("data folder %s has no .csv files", folder)
	}
	for _, file := range files {
		if err := m.loadFile(file); err != nil {
			return err
		}
	}
	if err := m.loadActions(folder); err != nil {
		return err
	}
	return m.loadNews(folder)
}

// escapeGlob makes a folder's name match itself in a pattern.
func escapeGlob(folder string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(folder)
}

func (m *csvMarket) loadFile(file string) error {
	loaded, err := readSeriesFile(file)
	if err != nil {
		return err
	}
	for _, found := range loaded {
		kind, into := "minute", m.minute
		if found.daily {
			kind, into = "daily", m.daily
		}
		if other, twice := into[found.symbol]; twice {
			return fmt.Errorf("%s: %s has %s bars in %s already", file, found.symbol, kind, other.file)
		}
		into[found.symbol] = found
	}
	return nil
}

func (m *csvMarket) listAssets() {
	symbols := map[string]bool{}
	for symbol := range m.daily {
		symbols[symbol] = true
	}
	for symbol := range m.minute {
		symbols[symbol] = true
	}
	for symbol := range symbols {
		m.assets = append(m.assets, newAsset(symbol, symbol, "NYSE"))
	}
	slices.SortFunc(m.assets, func(a, b wire.Asset) int { return strings.Compare(a.Symbol, b.Symbol) })
	m.name = m.nameOfSymbols()
}

func (m *csvMarket) Name() string         { return m.name }
func (m *csvMarket) Assets() []wire.Asset { return m.assets }

// of returns the symbol's series, minute bars first.
func (m *csvMarket) of(symbol string) []*series {
	var found []*series
	for _, kind := range []map[string]*series{m.minute, m.daily} {
		if s, ok := kind[symbol]; ok {
			found = append(found, s)
		}
	}
	return found
}

func (m *csvMarket) Span(symbol string) (first, last time.Time) {
	for i, s := range m.of(symbol) {
		from, to := market.Day(s.rows[0].begin()), market.Day(s.rows[len(s.rows)-1].begin())
		if i == 0 {
			first, last = from, to
		}
		first, last = earlier(first, from), later(last, to)
	}
	return first, last
}

func (m *csvMarket) AppendMinutes(bars []trade.Bar, symbol string, t, now time.Time) []trade.Bar {
	s, ok := m.minute[symbol]
	if !ok {
		return bars
	}
	midnight := market.Day(t)
	from, to := midnight.Unix(), earlier(midnight.AddDate(0, 0, 1).Add(-time.Second), now).Unix()
	for _, r := range s.rows[s.firstFrom(from):] {
		if r.opens > to {
			break
		}
		bars = append(bars, r.bar(now))
	}
	return bars
}

func (m *csvMarket) Daily(symbol string, t, now time.Time) (trade.Bar, bool) {
	session, ok := market.SessionOn(t)
	if !ok || now.Before(session.Open) {
		return trade.Bar{}, false
	}
	var recorded *row
	if s, ok := m.daily[symbol]; ok {
		recorded = s.startingAt(session.Open.Unix())
	}
	if recorded == nil || now.Before(session.Close) {
		if bar, ok := joinSession(m.AppendMinutes(nil, symbol, t, now), session); ok {
			return bar, true
		}
	}
	if recorded == nil {
		return trade.Bar{}, false
	}
	bar := recorded.bar(now)
	bar.Start, bar.End = session.Date.UTC(), session.Close
	return bar, true
}

func (m *csvMarket) FirstPrint(symbol string, from, to time.Time) (first Print, ok bool) {
	for _, s := range m.of(symbol) {
		if p, found := s.firstPrint(from, to); found && (!ok || p.At.Before(first.At)) {
			first, ok = p, true
		}
	}
	return first, ok
}

func (m *csvMarket) LastPrint(symbol string, at time.Time) (last Print, ok bool) {
	if s := m.minute[symbol]; s != nil {
		last, ok = s.lastPrint(at)
	}
	if s := m.daily[symbol]; s != nil {
		if p, found := s.lastPrint(at); found && (!ok || p.At.After(last.At)) {
			last, ok = p, true
		}
	}
	return last, ok
}

// lastClose is the close of the last session with data: where the clock stands by default.
func (m *csvMarket) lastClose() time.Time {
	var last time.Time
	for _, asset := range m.assets {
		_, day := m.Span(asset.Symbol)
		last = later(last, day)
	}
	return market.LatestSession(last.Add(24*time.Hour - time.Second)).Close
}

// series is one symbol's bars of one kind, oldest first. Bars do not overlap.
type series struct {
	symbol string
	file   string
	daily  bool
	rows   []row
}

// row is one bar; opens and closes are the Unix seconds of its two prints.
type row struct {
	opens, closes                  int64
	open, high, low, close, volume float64
}

func (r row) begin() time.Time { return time.Unix(r.opens, 0).UTC() }

// bar is what is known of the row at now.
func (r row) bar(now time.Time) trade.Bar {
	bar := trade.Bar{
		Start: r.begin(), End: time.Unix(r.closes, 0).UTC(),
		Open: r.open, High: r.high, Low: r.low, Close: r.close, Volume: r.volume,
	}
	if now.Before(bar.End) {
		bar.High, bar.Low, bar.Close, bar.Volume = r.open, r.open, r.open, 0
	}
	return bar
}

// firstFrom is the index of the first row that opens at or after the second.
func (s *series) firstFrom(second int64) int {
	return sort.Search(len(s.rows), func(i int) bool { return s.rows[i].opens >= second })
}

func (s *series) startingAt(second int64) *row {
	if i := s.firstFrom(second); i < len(s.rows) && s.rows[i].opens == second {
		return &s.rows[i]
	}
	return nil
}

// firstPrint prefers, of two prints at one moment, the open of the bar that begins there.
func (s *series) firstPrint(from, to time.Time) (Print, bool) {
	i := sort.Search(len(s.rows), func(i int) bool { return !time.Unix(s.rows[i].closes, 0).Before(from) })
	if i == len(s.rows) {
		return Print{}, false
	}
	found := Print{At: time.Unix(s.rows[i].closes, 0).UTC(), Price: s.rows[i].close}
	if opening := s.rows[i].begin(); !opening.Before(from) {
		found = Print{At: opening, Price: s.rows[i].open}
	} else if i+1 < len(s.rows) && s.rows[i+1].opens == s.rows[i].closes && found.At.Before(to) {
		found.Price = s.rows[i+1].open
	}
	return found, !found.At.After(to)
}

func (s *series) lastPrint(at time.Time) (Print, bool) {
	i := sort.Search(len(s.rows), func(i int) bool { return s.rows[i].begin().After(at) }) - 1
	if i < 0 {
		return Print{}, false
	}
	if closing := time.Unix(s.rows[i].closes, 0).UTC(); !closing.After(at) {
		return Print{At: closing, Price: s.rows[i].close}, true
	}
	return Print{At: s.rows[i].begin(), Price: s.rows[i].open}, true
}
