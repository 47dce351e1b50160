package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Recording is one symbol's recorded bars of one length, oldest first. Daily bars start at midnight
// New York of their session and end at its close.
type Recording struct {
	Symbol string
	Daily  bool
	Bars   []trade.Bar
}

// NewRecorded returns the market of recorded bars; see LoadCSV for what it does with them. A symbol
// may have one recording of days and one of a shorter length. The name is for state files.
func NewRecorded(name string, recordings []Recording) (Market, error) {
	m := &csvMarket{daily: map[string]*series{}, minute: map[string]*series{}, actions: map[string][]Action{}}
	for _, recording := range recordings {
		found, err := recording.series()
		if err != nil {
			return nil, err
		}
		into := m.minute
		if recording.Daily {
			into = m.daily
		}
		if _, twice := into[recording.Symbol]; twice {
			return nil, fmt.Errorf("%s is recorded twice", recording.Symbol)
		}
		if len(found.rows) > 0 {
			into[recording.Symbol] = found
		}
	}
	m.listAssets()
	if len(m.assets) == 0 {
		return nil, fmt.Errorf("there are no bars")
	}
	m.name = name
	return m, nil
}

// series checks the bars and puts them in order.
func (r Recording) series() (*series, error) {
	if !validSymbol(r.Symbol) {
		return nil, fmt.Errorf("symbol %.20q: use one to ten capital letters, digits, dots or dashes", r.Symbol)
	}
	found := &series{symbol: r.Symbol, daily: r.Daily, rows: make([]row, 0, len(r.Bars))}
	for _, bar := range r.Bars {
		session, ok := market.SessionOn(bar.Start)
		if !ok {
			return nil, fmt.Errorf("%s %s is not a trading day", r.Symbol, bar.Start.Format(time.DateOnly))
		}
		opens, closes := bar.Start, bar.End
		if r.Daily {
			opens, closes = session.Open, session.Close
		}
		one := row{opens.Unix(), closes.Unix(), bar.Open, bar.High, bar.Low, bar.Close, bar.Volume}
		if err := checkRow(one); err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.Symbol, bar.Start.Format(time.RFC3339), err)
		}
		found.rows = append(found.rows, one)
	}
	slices.SortFunc(found.rows, func(a, b row) int { return int(a.opens - b.opens) })
	for i := 1; i < len(found.rows); i++ {
		if found.rows[i].opens < found.rows[i-1].closes {
			return nil, fmt.Errorf("%s %s: the bar is not after the one before it", r.Symbol, found.rows[i].begin().Format(time.RFC3339))
		}
	}
	return found, nil
}

// nameOfSymbols tells recorded markets apart by what they hold.
func (m *csvMarket) nameOfSymbols() string {
	names := make([]string, len(m.assets))
	for i, asset := range m.assets {
		names[i] = asset.Symbol
	}
	return "csv " + strings.Join(names, ",")
}
