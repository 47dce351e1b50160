package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/lab"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

type csvSource map[string][]trade.Bar

func (s csvSource) Bars(_ context.Context, query trade.BarQuery) (map[string][]trade.Bar, error) {
	found := map[string][]trade.Bar{}
	for _, symbol := range query.Symbols {
		for _, bar := range s[symbol] {
			if !bar.Start.Before(query.Start) && !bar.Start.After(query.End) {
				found[symbol] = append(found[symbol], bar)
			}
		}
	}
	return found, nil
}

func TestReplayDaysPrintsForPeople(t *testing.T) {
	t.Parallel()
	source := csvSource{"AAPL": sharedtest.DailyBars(t, "daily_adjusted", "AAPL")}
	now := time.Date(2020, 6, 1, 21, 0, 0, 0, time.UTC)
	config := lab.Config{
		Settings: trade.DefaultFileSettings(), Symbols: []string{"AAPL", "XYZ"}, To: now, Cash: decimal.NewFromInt(100000),
		Trading: sim.Trading{Spread: 2, Fees: sim.Fees{PerOrder: decimal.NewFromInt(1)}},
	}
	report, err := replayDays(context.Background(), source, 365, config)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := printReplay(&out, report); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{
		"2 symbols on 1Day bars from 2019-06-02 to 2020-06-01, starting with $100000.00.\n",
		"Fees of $", "SHARPE", "AAPL    long  ", "Buy AAPL for $5,", "Note: XYZ has no closed bars between 2019-06-02 and 2020-06-01.\n",
	} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("lacks %q:\n%s", part, out.String())
		}
	}
	if strings.Contains(out.String(), "Note: AAPL") {
		t.Errorf("AAPL was not warmed up:\n%s", out.String())
	}
	if _, err := replayDays(context.Background(), source, 0, config); !fault.Is(err, fault.Invalid) {
		t.Errorf("0 days: %v", err)
	}
}
