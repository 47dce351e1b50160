package trade_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// FuzzParseSymbol: what is taken is one to five capital letters and was typed so, in any case.
func FuzzParseSymbol(f *testing.F) {
	for _, seed := range []string{"AAPL", "brk", "", "TOOLONG", "A\x00", "ａａｐｌ", "A;DROP", "../x"} {
		f.Add(seed)
	}
	valid := regexp.MustCompile(`^[A-Z]{1,5}$`)
	f.Fuzz(func(t *testing.T, typed string) {
		symbol, err := trade.ParseSymbol(typed)
		if err == nil && (!valid.MatchString(symbol) || symbol != strings.ToUpper(typed)) {
			t.Errorf("%q became %q", typed, symbol)
		}
	})
}
