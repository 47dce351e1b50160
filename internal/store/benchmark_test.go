package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func eachDatabase(b *testing.B, run func(b *testing.B, address storetest.Address)) {
	b.Run("SQLite", func(b *testing.B) { run(b, storetest.SQLite) })
	b.Run("PostgreSQL", func(b *testing.B) { run(b, storetest.Postgres) })
}

func BenchmarkAuditedWrite(b *testing.B) {
	eachDatabase(b, func(b *testing.B, address storetest.Address) {
		s := storetest.Open(b, address(b), store.Options{})
		for b.Loop() {
			if err := s.Append(b.Context(), audit.Entry{Action: audit.Login, Actor: "u", Details: map[string]any{"a": 1}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRecordDecisionsOf20Symbols(b *testing.B) {
	eachDatabase(b, func(b *testing.B, address storetest.Address) {
		s := storetest.Open(b, address(b), store.Options{})
		lease, err := s.AcquireLease(b.Context(), "a", "holder")
		if err != nil {
			b.Fatal(err)
		}
		for n := 0; b.Loop(); n++ {
			cycle := cycleOf(20, n)
			if err := s.StartCycle(b.Context(), cycle); err != nil {
				b.Fatal(err)
			}
			if _, err := s.RecordDecisions(b.Context(), lease, cycle); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func cycleOf(symbols, n int) trade.Cycle {
	slot := time.Date(2026, 1, 5, 15, 0, n, 0, time.UTC)
	cycle := trade.Cycle{ID: uuid.NewString(), AccountID: "a", UserID: "u", Slot: slot, StartedAt: slot}
	vote := trade.Vote{Indicator: "rsi", Action: trade.Buy, Values: []trade.Value{{Name: "rsi", Number: 27.123456}}, Reason: "RSI 27.1 < 30"}
	for i := range symbols {
		symbol := fmt.Sprintf("S%d", i)
		cycle.Decisions = append(cycle.Decisions, trade.Decision{
			Signal: trade.Signal{Symbol: symbol, Action: trade.Buy, Strength: 75, Votes: []trade.Vote{vote, vote, vote, vote}, BarEnd: slot, Price: 100},
			Intent: &trade.Intent{
				ID: uuid.NewString(), ClientOrderID: fmt.Sprintf("at1-%d-%d", n, i), Symbol: symbol, Side: trade.SideBuy,
				Type: trade.MarketOrder, TimeInForce: trade.TIFDay, Notional: decimal.NewNullDecimal(decimal.NewFromInt(1000)),
				Purpose: trade.Entry, Reason: "Bought because RSI 27.1 < 30.", BarEnd: slot, Attempt: 1, Deadline: slot, CreatedAt: slot,
			},
		})
	}
	return cycle
}

func BenchmarkOpenAnExistingDatabase(b *testing.B) {
	eachDatabase(b, func(b *testing.B, address storetest.Address) {
		url, ring := address(b), newKeyring(b)
		for b.Loop() {
			s, err := store.Open(b.Context(), store.Options{URL: url, AuditKey: storetest.AuditKey})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Prepare(b.Context(), ring, silent); err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkStoredBarsOfOneYear(b *testing.B) {
	eachDatabase(b, func(b *testing.B, address storetest.Address) {
		s := storetest.Open(b, address(b), store.Options{})
		begin := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
		var bars []trade.Bar
		for i := range 365 {
			day := begin.AddDate(0, 0, i)
			bars = append(bars, trade.Bar{Start: day, End: day.Add(16 * time.Hour), Open: 1, High: 2, Low: 0.5, Close: 1.5, Volume: 1e6})
		}
		if err := s.StoreBars(b.Context(), "f", "AAPL", trade.Day, bars); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if got, err := s.StoredBars(b.Context(), "f", "AAPL", trade.Day, begin, begin.AddDate(1, 0, 0)); err != nil || len(got) != 365 {
				b.Fatal(len(got), err)
			}
		}
	})
}
