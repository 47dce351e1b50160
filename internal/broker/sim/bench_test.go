package sim_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/market"
)

// BenchmarkServeBars serves full pages of recorded minute bars, without the network.
func BenchmarkServeBars(b *testing.B) {
	folder := b.TempDir()
	var lines strings.Builder
	lines.WriteString("symbol,timestamp,open,high,low,close,volume\n")
	for _, session := range market.Sessions(time.Date(2025, 1, 2, 12, 0, 0, 0, time.UTC), time.Date(2025, 4, 30, 12, 0, 0, 0, time.UTC)) {
		for at := session.Open; at.Before(session.Close); at = at.Add(time.Minute) {
			price := 100 + float64(at.Unix()/60%977)/100
			fmt.Fprintf(&lines, "ABC,%s,%.2f,%.2f,%.2f,%.2f,%d\n", at.Format(time.RFC3339), price, price+0.5, price-0.5, price+0.25, 1000+at.Unix()%777)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "ABC.csv"), []byte(lines.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	recorded, err := sim.LoadCSV(folder)
	if err != nil {
		b.Fatal(err)
	}
	simulator, err := sim.New(sim.Config{Market: recorded})
	if err != nil {
		b.Fatal(err)
	}
	handler := spectest.Checked(b, simulator.Handler())
	const page = 10_000
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			request := httptest.NewRequest(http.MethodGet, "/v2/stocks/bars?symbols=ABC&timeframe=1Min&start=2025-01-02&limit=10000", nil)
			request.SetBasicAuth("key", "secret")
			answer := &discarding{header: http.Header{}}
			handler.ServeHTTP(answer, request)
			if answer.bytes < page*90 {
				b.Fatalf("%d bytes", answer.bytes)
			}
		}
	})
	b.ReportMetric(float64(b.N)*page/b.Elapsed().Minutes()/1e6, "Mbars/min")
}

type discarding struct {
	header http.Header
	bytes  int
}

func (d *discarding) Header() http.Header { return d.header }
func (d *discarding) WriteHeader(int)     {}
func (d *discarding) Write(content []byte) (int, error) {
	d.bytes += len(content)
	return len(content), nil
}

// BenchmarkStreamClients opens 1,000 accounts that follow their order events, and reports the
// process's memory with both ends of every connection in it.
func BenchmarkStreamClients(b *testing.B) {
	const clients = 1000
	for b.Loop() {
		bench := serve(b, sim.Config{Market: sim.NewSynthetic(1), Now: at(b, "2026-11-20T15:00:02Z")})
		transport := &http.Transport{}
		for i := range clients {
			request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, bench.server.URL+"/v2/events/trades", nil)
			if err != nil {
				b.Fatal(err)
			}
			request.SetBasicAuth(fmt.Sprint("key", i), "secret")
			response, err := transport.RoundTrip(request)
			if err != nil || response.StatusCode != http.StatusOK {
				b.Fatalf("client %d: %v", i, err)
			}
			b.Cleanup(func() { _ = response.Body.Close() })
		}
		runtime.GC()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.Sys-memory.HeapReleased)/(1<<20), "MB")
		_ = bench.simulator.Stop()
	}
}
