package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// BenchmarkAuditedActs prints how many audited acts a second users can do together: each writer is
// a user who adds symbols to its watchlist, and every act is on the disk before the next begins.
// Beside it stands what the disk allows: single fsyncs, and single-row commits of one and of eight
// connections without any audit.
func BenchmarkAuditedActs(b *testing.B) {
	b.Run("disk/fsync", func(b *testing.B) {
		file, err := os.Create(filepath.Join(b.TempDir(), "wal"))
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		page := make([]byte, 8192)
		for b.Loop() {
			if _, err := file.Write(page); err != nil {
				b.Fatal(err)
			}
			if err := file.Sync(); err != nil {
				b.Fatal(err)
			}
		}
		perSecond(b, "fsyncs/s")
	})
	eachDatabase(b, func(b *testing.B, address storetest.Address) {
		for _, writers := range []int{1, 8} {
			b.Run(fmt.Sprintf("rows-without-audit/writers=%d", writers), func(b *testing.B) {
				s := storetest.Open(b, address(b), store.Options{})
				if _, err := s.Writer().ExecContext(b.Context(), "CREATE TABLE plain (id TEXT PRIMARY KEY)"); err != nil {
					b.Fatal(err)
				}
				share(b, writers, func(_, _ int64) error {
					_, err := s.Writer().ExecContext(b.Context(), "INSERT INTO plain VALUES ('"+uuid.NewString()+"')")
					return err
				})
				perSecond(b, "commits/s")
			})
		}
		for _, writers := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("acts/writers=%d", writers), func(b *testing.B) {
				s := storetest.Open(b, address(b), store.Options{})
				users := benchmarkUsers(b, s, writers)
				share(b, writers, func(writer, n int64) error {
					symbol := trade.WatchedSymbol{Symbol: fmt.Sprint("S", n), Name: "Benchmark"}
					return s.AddSymbol(b.Context(), users[writer], symbol, audit.Entry{Action: audit.WatchlistAdd, Actor: users[writer], Target: "symbol:" + symbol.Symbol, Address: "192.0.2.7"})
				})
				perSecond(b, "acts/s")
			})
		}
	})
}

func benchmarkUsers(b *testing.B, s *store.Store, count int) []string {
	users := make([]string, count)
	for i := range users {
		users[i] = uuid.NewString()
		name := fmt.Sprint("user", i)
		user := auth.User{ID: users[i], Username: name, Email: name + "@example.org", PasswordHash: "hash"}
		if _, err := s.CreateUser(b.Context(), user, []byte{1}, trade.DefaultSettings(), audit.Entry{Action: audit.Register}); err != nil {
			b.Fatal(err)
		}
	}
	return users
}

// share does b.N pieces of work with that many writers at once.
func share(b *testing.B, writers int, work func(writer, n int64) error) {
	b.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for writer := range writers {
		group.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if err := work(int64(writer), n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.StopTimer()
}

func perSecond(b *testing.B, unit string) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), unit)
	b.ReportMetric(0, "ns/op")
}
