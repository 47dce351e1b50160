package risk_test

import (
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/risk"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// TestNoLimitsRefuseNothing: what is zero is off, whatever happened.
func TestNoLimitsRefuseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		state, entry := drawState(t), drawEntry(t)
		if skip := risk.Barred(&trade.RiskLimits{}, state); skip != "" {
			t.Fatalf("barred by %s", skip)
		}
		if skip := risk.Refuses(&trade.RiskLimits{}, state, entry); skip != "" {
			t.Fatalf("refused by %s", skip)
		}
	})
}

// TestNamesAreDistinct: each limit has a name of its own with a sentence, and asks something.
func TestNamesAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[trade.Skip]bool{}
	for _, limit := range risk.Catalog {
		if seen[limit.Skip] || limit.Skip.Sentence() == string(limit.Skip) || limit.Account == nil && limit.Entry == nil {
			t.Errorf("limit %q", limit.Skip)
		}
		seen[limit.Skip] = true
	}
}

// TestSharesHoldTogether: entries that were let through one after the other never exceed any share.
func TestSharesHoldTogether(t *testing.T) {
	t.Parallel()
	sectors := map[string]string{"A": "x", "B": "x", "C": "y", "D": "y"}
	rapid.Check(t, func(t *rapid.T) {
		percent := func(name string) decimal.Decimal { return decimal.NewFromInt(rapid.Int64Range(1, 200).Draw(t, name)) }
		limits := trade.RiskLimits{MaxExposurePct: percent("exposure"), MaxSymbolPct: percent("symbol"), MaxSectorPct: percent("sector"), Sectors: sectors}
		equity := decimal.NewFromInt(10000)
		state := risk.NewState(now, trade.Account{Equity: equity}, trade.TrackRecord{})
		held, bySector, total := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}, decimal.Zero
		for range 30 {
			entry := drawEntry(t)
			if risk.Refuses(&limits, state, entry) != "" {
				continue
			}
			symbol := entry.Signal.Symbol
			state.Hold(symbol, entry.Value)
			held[symbol], total = held[symbol].Add(entry.Value), total.Add(entry.Value)
			bySector[sectors[symbol]] = bySector[sectors[symbol]].Add(entry.Value)
			most := func(pct decimal.Decimal) decimal.Decimal { return equity.Mul(pct).Shift(-2) }
			if total.GreaterThan(most(limits.MaxExposurePct)) || held[symbol].GreaterThan(most(limits.MaxSymbolPct)) ||
				sectors[symbol] != "" && bySector[sectors[symbol]].GreaterThan(most(limits.MaxSectorPct)) {
				t.Fatalf("%s of %s, %s held of %s", entry.Value, symbol, held[symbol], total)
			}
		}
	})
}

// TestStoplossGuardAgainstItsDefinition: the guard locks at a moment exactly when some stop before
// it completed a lookback with enough stops less than the pause ago.
func TestStoplossGuardAgainstItsDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		guard := trade.StoplossGuard{
			Trades: rapid.IntRange(1, 4).Draw(t, "trades"), LookbackMinutes: rapid.IntRange(1, 100).Draw(t, "lookback"),
			PauseMinutes: rapid.IntRange(1, 100).Draw(t, "pause"),
		}
		var trades []trade.ClosedTrade
		for range rapid.IntRange(0, 12).Draw(t, "count") {
			trades = append(trades, ended("A", rapid.IntRange(0, 250).Draw(t, "ago"), "-1", true))
		}
		slices.SortFunc(trades, func(a, b trade.ClosedTrade) int { return a.ExitAt.Compare(b.ExitAt) })
		want := false
		for _, last := range trades {
			count := 0
			for _, other := range trades {
				if !other.ExitAt.After(last.ExitAt) && other.ExitAt.After(last.ExitAt.Add(-time.Duration(guard.LookbackMinutes)*time.Minute)) {
					count++
				}
			}
			want = want || count >= guard.Trades && now.Before(last.ExitAt.Add(time.Duration(guard.PauseMinutes)*time.Minute))
		}
		got := story{limits: trade.RiskLimits{StoplossGuard: guard}, record: trade.TrackRecord{Trades: trades}}.ask()
		if (got == trade.SkipStoplossGuard) != want {
			t.Fatalf("%q, want locked %v", got, want)
		}
	})
}

func drawState(t *rapid.T) *risk.State {
	record := trade.TrackRecord{Peak: decimal.NewFromInt(rapid.Int64Range(0, 100000).Draw(t, "peak"))}
	for range rapid.IntRange(0, 8).Draw(t, "trades") {
		profit := decimal.NewFromInt(rapid.Int64Range(-50, 50).Draw(t, "profit")).String()
		record.Trades = append(record.Trades, ended(rapid.SampledFrom([]string{"A", "B"}).Draw(t, "symbol"), 10, profit, rapid.Bool().Draw(t, "stop")))
	}
	equity := decimal.NewFromInt(rapid.Int64Range(-1000, 100000).Draw(t, "equity"))
	return risk.NewState(now, trade.Account{Equity: equity, LastEquity: decimal.NewFromInt(50000)}, record)
}

func drawEntry(t *rapid.T) *risk.Entry {
	return &risk.Entry{
		Signal: trade.Signal{Symbol: rapid.SampledFrom([]string{"A", "B", "C", "D", "E"}).Draw(t, "entry"), Price: 10, BarEnd: now},
		Close:  decimal.NewFromInt(10),
		Value:  decimal.New(rapid.Int64Range(1, 1000000).Draw(t, "value"), -2),
	}
}
