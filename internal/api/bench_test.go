package api_test

import (
	"testing"

	"github.com/jcap24/alpaca-trader/internal/api"
)

// BenchmarkDescription is the part of a start that registers and describes all routes.
func BenchmarkDescription(b *testing.B) {
	for b.Loop() {
		if _, err := api.OpenAPI("test"); err != nil {
			b.Fatal(err)
		}
	}
}
