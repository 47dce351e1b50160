package sim_test

import (
	"testing"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
)

// FuzzUpgrade: a state file of an earlier version is taken over or refused.
func FuzzUpgrade(f *testing.F) {
	for _, text := range []string{
		"", "{}", `{"version":1}`, `{"version":1,"now":"2026-03-02T14:30:00Z"}`, `{"version":2,"now":"2026-03-02T14:30:00Z","accounts":{"PK":null}}`,
		`{"version":1,"now":"2026-03-02T14:30:00Z","accounts":{"PK":{"orders":[null],"positions":{"AAPL":null},"cash":"1"}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(_ *testing.T, content []byte) {
		_, _ = sim.Upgrade(content) // either is fine; a panic is not
	})
}
