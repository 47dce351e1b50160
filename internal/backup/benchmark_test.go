package backup_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/backup"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

const (
	gigabyte       = 1 << 30
	fillingRow     = 2000 // bytes of an explanation, as a cycle of four indicators leaves it
	fillingAtOnce  = 5000
	writeEachPause = 20 * time.Millisecond
)

// BenchmarkBackupOfAGigabyte makes a backup while somebody writes all the time, and says how long
// that writer waited at most. Run it with -benchtime 1x; the filling before takes a minute.
func BenchmarkBackupOfAGigabyte(b *testing.B) {
	for name, address := range map[string]storetest.Address{"SQLite": storetest.SQLite, "PostgreSQL": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			s, m := filled(b, address)
			b.ResetTimer()
			for b.Loop() {
				ctx, cancel := context.WithCancel(b.Context())
				var longest time.Duration
				var writer sync.WaitGroup
				writer.Go(func() { longest = writeOn(ctx, s) })
				made, err := m.Create(b.Context())
				cancel()
				writer.Wait()
				check(b, err)
				b.ReportMetric(longest.Seconds(), "longest-write-s")
				b.ReportMetric(float64(made.Size)/1e6, "MB")
			}
		})
	}
}

func filled(b *testing.B, address storetest.Address) (*store.Store, backup.Maker) {
	b.Helper()
	s := storetest.Open(b, address(b), store.Options{})
	m := backup.Maker{Store: s, Keyring: ringOf(b, secret.GenerateKey()), Shelf: backup.Folder{Path: b.TempDir()}, Clock: clock.System(), Log: quiet}
	check(b, s.Prepare(b.Context(), m.Keyring, quiet))
	_, err := s.Writer().ExecContext(b.Context(), "INSERT INTO cycles (id, account_id, user_id, slot, started_at, dry_run, outcome, problem, decided) VALUES ('c', 'a', 'u', 1, 1, FALSE, '', '', TRUE)")
	check(b, err)
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 900)
	for position := 0; position*fillingRow < gigabyte; position += fillingAtOnce {
		var statement strings.Builder
		statement.WriteString("INSERT INTO decisions (cycle_id, position, account_id, user_id, symbol, action, skip, explanation) VALUES ")
		for i := range fillingAtOnce {
			for n := range noise {
				noise[n] = byte(random.Uint32())
			}
			text := base64.StdEncoding.EncodeToString(noise)
			if i > 0 {
				statement.WriteString(", ")
			}
			fmt.Fprintf(&statement, "('c', %d, 'a', 'u', 'AAPL', 'hold', '', '%s%s')", position+i, text, text[:fillingRow-len(text)])
		}
		_, err := s.Writer().ExecContext(b.Context(), statement.String())
		check(b, err)
	}
	return s, m
}

// writeOn appends to the audit log until the context ends, and returns the longest wait.
func writeOn(ctx context.Context, s *store.Store) (longest time.Duration) {
	ticker := time.NewTicker(writeEachPause)
	defer ticker.Stop()
	for ctx.Err() == nil {
		begin := time.Now()
		if err := s.Append(ctx, audit.Entry{Action: audit.Login}); err == nil {
			longest = max(longest, time.Since(begin))
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	return longest
}
