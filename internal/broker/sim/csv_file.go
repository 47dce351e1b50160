package sim

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/market"
)

const csvHeader = "symbol,timestamp,open,high,low,close,volume"

// fileReader collects one file's series by symbol.
type fileReader struct {
	file     string
	bySymbol map[string]*series
	order    []*series
}

// readSeriesFile reads one CSV file. The first error ends it, with file and line.
func readSeriesFile(file string) ([]*series, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read data file: %w", err)
	}
	defer opened.Close()
	reader := &fileReader{file: file, bySymbol: map[string]*series{}}
	lines := bufio.NewScanner(opened)
	number := 0
	for lines.Scan() {
		number++
		if err := reader.line(number, strings.TrimSuffix(lines.Text(), "\r")); err != nil {
			return nil, fmt.Errorf("%s line %d: %w", file, number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s line %d: %w", file, number+1, err)
	}
	if len(reader.order) == 0 {
		return nil, fmt.Errorf("%s: no bars", file)
	}
	for _, s := range reader.order {
		s.rows = slices.Clip(s.rows)
	}
	return reader.order, nil
}

func (r *fileReader) line(number int, text string) error {
	if number == 1 {
		if header := strings.TrimPrefix(text, "\ufeff"); header != csvHeader {
			return fmt.Errorf("the header is %.80q, not %s", header, csvHeader)
		}
		return nil
	}
	if text == "" {
		return nil
	}
	cells := strings.Split(text, ",")
	if len(cells) != 7 {
		return fmt.Errorf("%d fields, not 7", len(cells))
	}
	if !validSymbol(cells[0]) {
		return fmt.Errorf("symbol %.20q: use one to ten capital letters, digits, dots or dashes", cells[0])
	}
	bar, daily, err := parseRow(cells)
	if err != nil {
		return err
	}
	return r.add(cells[0], bar, daily)
}

func (r *fileReader) add(symbol string, bar row, daily bool) error {
	s, known := r.bySymbol[symbol]
	if !known {
		s = &series{symbol: symbol, file: r.file, daily: daily}
		r.bySymbol[symbol], r.order = s, append(r.order, s)
	}
	if s.daily != daily {
		return fmt.Errorf("daily and minute bars of %s in one file", symbol)
	}
	if n := len(s.rows); n > 0 && bar.opens < s.rows[n-1].closes {
		return fmt.Errorf("the bar is not after the one before it")
	}
	s.rows = append(s.rows, bar)
	return nil
}

func parseRow(cells []string) (r row, daily bool, err error) {
	if r.opens, r.closes, daily, err = parseTimes(cells[1]); err != nil {
		return row{}, false, err
	}
	for i, into := range []*float64{&r.open, &r.high, &r.low, &r.close, &r.volume} {
		number, err := strconv.ParseFloat(cells[2+i], 64)
		if err != nil || math.IsNaN(number) || math.IsInf(number, 0) {
			return row{}, false, fmt.Errorf("%.30q is not a number", cells[2+i])
		}
		*into = number
	}
	return r, daily, checkRow(r)
}

func checkRow(r row) error {
	const largest = 1e12 // dollars or shares; keeps sums far from losing digits
	switch {
	case r.low <= 0:
		return fmt.Errorf("a price is not above zero")
	case r.high < max(r.open, r.low, r.close) || r.low > min(r.open, r.close):
		return fmt.Errorf("open and close are not between low and high")
	case r.volume < 0 || r.volume > largest || r.high > largest:
		return fmt.Errorf("a number is out of range")
	default:
		return nil
	}
}

// The years in which a price can have been; others do not fit into nanoseconds of 64 bits.
const (
	firstYear = 1800
	lastYear  = 2200
)

// parseTimes returns the seconds of a bar's two prints from its timestamp.
func parseTimes(text string) (opens, closes int64, daily bool, err error) {
	day, err := time.ParseInLocation(time.DateOnly, text, market.NewYork)
	if err == nil && day.Year() >= firstYear && day.Year() <= lastYear {
		session, ok := market.SessionOn(day)
		if !ok {
			return 0, 0, false, fmt.Errorf("%s is not a trading day", text)
		}
		return session.Open.Unix(), session.Close.Unix(), true, nil
	}
	start, err := time.Parse(time.RFC3339, text)
	if err != nil || start.Year() < firstYear || start.Year() > lastYear {
		return 0, 0, false, fmt.Errorf("timestamp %.40q: use YYYY-MM-DD or 2006-01-02T15:04:05Z", text)
	}
	if start.Unix()%60 != 0 {
		return 0, 0, false, fmt.Errorf("timestamp %s is not a full minute", text)
	}
	if _, ok := market.SessionOn(start); !ok {
		return 0, 0, false, fmt.Errorf("%s is not on a trading day", text)
	}
	return start.Unix(), start.Unix() + 60, false, nil
}

func validSymbol(symbol string) bool {
	if len(symbol) == 0 || len(symbol) > 10 {
		return false
	}
	for _, c := range symbol {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' {
			return false
		}
	}
	return true
}
