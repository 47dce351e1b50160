package witness_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// BenchmarkVerify checks a log of many entries from the first to the last.
func BenchmarkVerify(b *testing.B) {
	for name, address := range map[string]storetest.Address{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres} {
		for _, entries := range []int{100_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/entries=%d", name, entries), func(b *testing.B) {
				bench := setup(b, address)
				bench.fill(entries)
				bench.checkpoint()
				b.ResetTimer()
				for b.Loop() {
					bench.fine(int64(entries))
				}
				b.ReportMetric(float64(entries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			})
		}
	}
}

// fill writes a log of that many entries by many at a time.
func (b *bench) fill(entries int) {
	b.t.Helper()
	var previous []byte
	var rows []string
	for n := 1; n <= entries; n++ {
		link, err := audit.Chain(b.keys.Chain(), previous, audit.Entry{
			Sequence: int64(n), At: start.Add(time.Duration(n) * time.Second), Actor: fmt.Sprintf("6f1c3a52-0000-4000-8000-%012d", n%50), ActorName: fmt.Sprint("user", n%50),
			Session: fmt.Sprintf("%064d", n%50), Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", Action: audit.AutoTradeBuy,
			Target: "symbol:AAPL", Details: map[string]any{"qty": "10", "client_order_id": fmt.Sprint("at1-", n), "reason": "RSI 27.1 is below 30"},
		})
		if err != nil {
			b.t.Fatal(err)
		}
		details, err := audit.CanonicalDetails(link.Details)
		if err != nil {
			b.t.Fatal(err)
		}
		rows = append(rows, fmt.Sprintf("(%d, %d, '%s', '%s', '%s', '%s', '%s', '%s', '%s', '%s', %s, %s)", link.Sequence, link.At.UnixMicro(), link.Actor, link.ActorName,
			link.Session, link.Address, link.UserAgent, link.Action, link.Target, details, b.bytes(previous), b.bytes(link.Hash)))
		if len(rows) == 1000 || n == entries {
			b.sql("INSERT INTO audit_entries VALUES " + strings.Join(rows, ","))
			rows = rows[:0]
		}
		previous = link.Hash
	}
	b.sql(fmt.Sprintf("UPDATE audit_head SET sequence = %d, hash = %s", entries, b.bytes(previous)))
	if b.Pool() != nil {
		b.sql("ANALYZE audit_entries")
	}
}
