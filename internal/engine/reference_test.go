package engine_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/engine"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TestReference feeds every reference file bar by bar and compares values, votes, the action in
// each mode and the strength, on every row.
//
// The only rows that differ on purpose: an upper and a lower band within 1e-9 of each other, or
// an RSI without any movement, do not vote here (a flat series sold in the Python system); and
// bands after the 1e9 spike, where the reference has lost its digits (see indicator tests).
// A crossing is not compared where the lines before or now differ by less than 1e-9: there the
// reference's own rounding decides on which of two bars it falls.
func TestReference(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(sharedtest.Dir(t), "reference", "indicators", "python-system")
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			t.Parallel()
			compareFile(t, file.Name())
		})
	}
}

func compareFile(t *testing.T, file string) {
	evaluators := map[string]*engine.Evaluator{}
	for column, mode := range map[string]trade.SignalMode{
		"action_any": trade.Any, "action_majority2": trade.Majority, "action_unanimous": trade.Unanimous,
	} {
		settings := trade.DefaultFileSettings()
		if strings.Contains(file, "__db") {
			settings = trade.DefaultSettings()
		}
		settings.SignalMode = mode
		evaluators[column] = engine.NewEvaluator("X", settings)
	}
	compared := 0
	moved, spiked := false, false
	first := math.NaN()
	var before sharedtest.Row
	for _, row := range sharedtest.Table(t, "reference", "indicators", "python-system", file) {
		close := row.Number("close")
		if math.IsNaN(first) {
			first = close
		}
		moved = moved || close != first
		spiked = spiked || close == 1e9
		flat := !moved || row.Number("bb_upper")-row.Number("bb_lower") <= 1e-9*row.Number("bb_middle")
		touching := touches(before) || touches(row)
		before = row
		for column, evaluator := range evaluators {
			evaluator.Feed(trade.Bar{Close: close, End: time.Unix(int64(row.Line), 0)})
			signal := evaluator.Signal()
			switch {
			case flat:
				if signal.Action != trade.Hold || signal.Strength != 0 {
					t.Errorf("line %d: a flat series votes %+v", row.Line, signal)
				}
			case touching:
				compareVotes(t, row, signal, "rsi", "bollinger")
				compareValues(t, row, signal)
			case spiked:
				compareVotes(t, row, signal, "rsi", "sma", "macd")
			default:
				compareVotes(t, row, signal, "rsi", "sma", "macd", "bollinger")
				compareValues(t, row, signal)
				if string(signal.Action) != row.Text(column) || math.Abs(signal.Strength-100*row.Number("strength")) > 1e-9 {
					t.Errorf("line %d: %s is %s %v, want %s %v", row.Line, column,
						signal.Action, signal.Strength, row.Text(column), 100*row.Number("strength"))
				}
				compared++
			}
		}
	}
	if rows := sharedtest.Table(t, "reference", "indicators", "python-system", file); len(rows) > 200 && compared < 3*(len(rows)-5) {
		t.Errorf("only %d of %d signals were compared in full", compared, 3*len(rows))
	}
}

// touches reports whether two lines of the row that may cross are equal but for rounding.
func touches(row sharedtest.Row) bool {
	equal := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }
	return equal(row.Number("sma_short"), row.Number("sma_long")) ||
		equal(row.Number("macd_line"), row.Number("macd_signal_line"))
}

var voteColumns = map[string]string{"rsi": "rsi_signal", "sma": "sma_signal", "macd": "macd_signal", "bollinger": "bb_signal"}

func compareVotes(t *testing.T, row sharedtest.Row, signal trade.Signal, indicators ...string) {
	t.Helper()
	for _, name := range indicators {
		for _, vote := range signal.Votes {
			if vote.Indicator == name && string(vote.Action) != row.Text(voteColumns[name]) {
				t.Errorf("line %d: %s votes %q, want %q (%s)", row.Line, name, vote.Action, row.Text(voteColumns[name]), vote.Reason)
			}
		}
	}
}

// compareValues compares what a vote shows; a vote shows nothing until all its values exist.
func compareValues(t *testing.T, row sharedtest.Row, signal trade.Signal) {
	t.Helper()
	for _, vote := range signal.Votes {
		if len(vote.Values) == 0 && vote.Problem == "" {
			t.Errorf("line %d: %s has neither values nor a problem", row.Line, vote.Indicator)
		}
		for _, value := range vote.Values {
			want := row.Number(value.Name)
			if !(math.Abs(value.Number-want) <= 1e-9*math.Abs(want)) {
				t.Errorf("line %d: %s is %v, want %v", row.Line, value.Name, value.Number, want)
			}
		}
	}
}
