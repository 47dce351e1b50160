package config_test

import (
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func TestBarsKept(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{"": 5000, "500": 500, "all": 0, "499": -1, "0": -1, "-5": -1, "many": -1} {
		source := config.Source{Dir: t.TempDir()}
		if value != "" {
			source.Environ = []string{"BARS_KEEP=" + value}
		}
		cfg, err := config.Load(source)
		switch {
		case want < 0:
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q was taken: %v", value, err)
			}
		case err != nil || cfg.BarsKept != want:
			t.Errorf("%q: %d, %v, want %d", value, cfg.BarsKept, err, want)
		}
	}
}
