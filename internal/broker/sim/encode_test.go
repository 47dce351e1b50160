package sim_test

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

// Prices are written as encoding/json would, and times as RFC 3339.
func TestBarsAreWrittenExactly(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		price := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) float64 {
				return float64(rapid.Int64Range(1, 1e12).Draw(t, "units")) / math.Pow10(rapid.IntRange(0, 9).Draw(t, "places"))
			}),
			rapid.Float64Range(1e-9, 9e11),
			rapid.SampledFrom([]float64{0.1 + 0.2, 1e-7, 0.0001, 1, 999999999.999999, 123456789.123456}),
		).Draw(rt, "price")
		text := strconv.FormatFloat(price, 'g', -1, 64)
		writeFile(t, filepath.Join(folder, "ABC.csv"), "symbol,timestamp,open,high,low,close,volume\n"+
			fmt.Sprintf("ABC,2020-06-01T13:30:00Z,%s,%s,%s,%s,250\n", text, text, text, text))
		prices, err := sim.LoadCSV(folder)
		if err != nil {
			rt.Fatal(err)
		}
		simulator, err := sim.New(sim.Config{Market: prices, Now: at(t, "2020-06-01T20:00:00Z")})
		if err != nil {
			rt.Fatal(err)
		}
		_, body := send(spectest.Checked(t, simulator.Handler()), "GET", "/v2/stocks/bars?symbols=ABC,NONE&timeframe=1Min&start=2020-06-01", "")
		plain := strconv.FormatFloat(price, 'f', -1, 64)
		want := fmt.Sprintf(`{"bars":{"ABC":[{"t":"2020-06-01T13:30:00Z","o":%s,"h":%s,"l":%s,"c":%s,"v":250,"n":3,"vw":`, plain, plain, plain, plain)
		if !strings.HasPrefix(body, want) || !strings.HasSuffix(body, `}]},"next_page_token":null}`) {
			rt.Errorf("%s, want %s...", body, want)
		}
	})
}
