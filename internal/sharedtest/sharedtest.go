// Package sharedtest finds the reference values and price data that lie beside the repository,
// for tests only. A checkout without them skips those tests with one line.
package sharedtest

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Dir returns the path of the folder shared/ beside the repository's root, or skips the test.
func Dir(t testing.TB) string {
	t.Helper()
	shared, there := Find()
	if !there {
		t.Skip("not there: ../shared")
	}
	return shared
}

// Find returns the path of the folder shared/ for a test that runs inside the repository, and
// whether it is there.
func Find() (path string, there bool) {
	folder, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		if folder == filepath.Dir(folder) {
			return "", false
		}
		folder = filepath.Dir(folder)
	}
	path = filepath.Join(filepath.Dir(folder), "shared")
	_, err = os.Stat(path)
	return path, err == nil
}

// Row is one line of a table, by column name.
type Row struct {
	Line  int // in the file; the header is line 1
	cells map[string]string
}

// Text returns the cell under the column; a column that the file lacks is empty.
func (r Row) Text(column string) string { return r.cells[column] }

// Number returns the cell as a float, NaN when it is empty or not a number.
func (r Row) Number(column string) float64 {
	number, err := strconv.ParseFloat(r.cells[column], 64)
	if err != nil {
		return math.NaN()
	}
	return number
}

// Table reads a CSV file with a header line, path relative to shared/.
func Table(t testing.TB, path ...string) []Row {
	t.Helper()
	name := filepath.Join(append([]string{Dir(t)}, path...)...)
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	records, err := reader.ReadAll()
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	if len(records) == 0 {
		t.Fatalf("read %s: no header", name)
	}
	rows := make([]Row, 0, len(records)-1)
	for i, record := range records[1:] {
		cells := make(map[string]string, len(record))
		for column, cell := range record {
			if column < len(records[0]) {
				cells[strings.TrimSpace(records[0][column])] = strings.TrimSpace(cell)
			}
		}
		rows = append(rows, Row{Line: i + 2, cells: cells})
	}
	return rows
}

// DailyBars reads one of shared/data's daily files, such as "daily_raw", "AAPL", as closed bars:
// a bar starts at midnight New York and ends at 16:00.
func DailyBars(t testing.TB, folder, symbol string) []trade.Bar {
	t.Helper()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	rows := Table(t, "data", folder, symbol+".csv")
	bars := make([]trade.Bar, 0, len(rows))
	for _, row := range rows {
		day, err := time.ParseInLocation(time.DateOnly, row.Text("timestamp"), newYork)
		if err != nil {
			t.Fatalf("%s line %d: %v", symbol, row.Line, err)
		}
		close := time.Date(day.Year(), day.Month(), day.Day(), 16, 0, 0, 0, newYork)
		bars = append(bars, barOf(row, day.UTC(), close.UTC()))
	}
	return bars
}

// MinuteBars reads one of shared/data/minute_raw's files as closed bars.
func MinuteBars(t testing.TB, symbol string) []trade.Bar {
	t.Helper()
	rows := Table(t, "data", "minute_raw", symbol+"_1min.csv")
	bars := make([]trade.Bar, 0, len(rows))
	for _, row := range rows {
		start, err := time.Parse(time.RFC3339, row.Text("timestamp"))
		if err != nil {
			t.Fatalf("%s line %d: %v", symbol, row.Line, err)
		}
		bars = append(bars, barOf(row, start, start.Add(time.Minute)))
	}
	return bars
}

func barOf(row Row, start, end time.Time) trade.Bar {
	return trade.Bar{
		Start: start, End: end,
		Open: row.Number("open"), High: row.Number("high"), Low: row.Number("low"),
		Close: row.Number("close"), Volume: row.Number("volume"),
	}
}
