package sim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata"
	"github.com/alpacahq/alpaca-trade-api-go/v3/marketdata/stream"

	"github.com/jcap24/alpaca-trader/internal/broker/sim"
)

// A late trade, a correction and a cancellation are told to the official SDK's stream together with
// the bar that they change; from then on the same bar is served. What filled before stays.
func TestTradesThatAreToldLaterChangeTheirBars(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:30Z")
	b.buy(t, "AAPL", "1", "early")
	b.advance(t, "2026-11-20T15:01:30Z")
	filled, err := b.trading.GetOrderByClientOrderID("early")
	if err != nil || filled.FilledAvgPrice == nil {
		t.Fatal(filled, err)
	}
	minute := func() marketdata.Bar {
		t.Helper()
		bars, err := b.data.GetBars("AAPL", marketdata.GetBarsRequest{
			TimeFrame: marketdata.OneMin, Start: at(t, "2026-11-20T15:00:00Z"), End: at(t, "2026-11-20T15:00:00Z"),
		})
		if err != nil || len(bars) != 1 {
			t.Fatal(bars, err)
		}
		return bars[0]
	}
	heard := b.listen(t, "AAPL")
	before := minute()

	b.raise(t, `{"kind":"late_trade","symbol":"AAPL","at":"2026-11-20T15:00:31Z","price":900,"size":300}`)
	if late := within(t, heard.trades, "late trade"); late.Price != 900 || late.Size != 300 || !late.Timestamp.Equal(at(t, "2026-11-20T15:00:31Z")) {
		t.Errorf("late trade %+v", late)
	}
	spiked := within(t, heard.bars, "updated bar")
	if spiked.High != 900 || spiked.Low != before.Low || spiked.Open != before.Open || spiked.Close != before.Close || spiked.Volume != before.Volume+300 {
		t.Errorf("after a late trade %+v, before %+v", spiked, before)
	}
	if served := minute(); served.High != 900 || served.Volume != spiked.Volume {
		t.Errorf("served %+v", served)
	}
	b.simulator.RemoveFaults()
	if served := minute(); served != before {
		t.Errorf("served %+v after the fault was deleted, before %+v", served, before)
	}

	b.raise(t, `{"kind":"trade_correction","symbol":"AAPL","at":"2026-11-20T15:00:55Z","price":1.5}`)
	if c := within(t, heard.corrections, "correction"); c.OriginalPrice != before.Close || c.CorrectedPrice != 1.5 || c.OriginalID != c.CorrectedID {
		t.Errorf("correction %+v", c)
	}
	if corrected := within(t, heard.bars, "updated bar"); corrected.Close != 1.5 || corrected.Low != 1.5 || corrected.Open != before.Open || corrected.Volume != before.Volume {
		t.Errorf("after a correction %+v, before %+v", corrected, before)
	}
	days, err := b.data.GetBars("AAPL", marketdata.GetBarsRequest{TimeFrame: marketdata.OneDay, Start: at(t, "2026-11-20T05:00:00Z")})
	if err != nil || len(days) != 1 || days[0].Low != 1.5 || days[0].Close == 1.5 {
		t.Errorf("day %+v, %v", days, err)
	}
	b.simulator.RemoveFaults()

	b.raise(t, `{"kind":"trade_cancel","symbol":"AAPL","at":"2026-11-20T15:00:55Z"}`)
	canceled := within(t, heard.cancels, "cancellation")
	if canceled.Price != before.Close || canceled.CancelErrorAction != "C" {
		t.Errorf("cancellation %+v", canceled)
	}
	previous, _ := sim.NewSynthetic(1).LastPrint("AAPL", at(t, "2026-11-20T15:00:50Z"))
	if left := within(t, heard.bars, "updated bar"); left.Close != previous.Price || left.Volume != before.Volume-uint64(canceled.Size) {
		t.Errorf("after a cancellation %+v, before %+v", left, before)
	}
	if again, err := b.trading.GetOrderByClientOrderID("early"); err != nil || !again.FilledAvgPrice.Equal(*filled.FilledAvgPrice) {
		t.Errorf("the fill has become %+v, %v", again, err)
	}
}

func TestRevisionsNeedAMomentAndAPrice(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:01:30Z")
	for fault, want := range map[string]string{
		`{"kind":"late_trade","at":"2026-11-20T15:00:31Z","price":1}`:                               "needs a symbol",
		`{"kind":"late_trade","symbol":"KO","price":1}`:                                             "needs at",
		`{"kind":"trade_cancel","symbol":"KO","at":"2026-11-20T15:02:00Z"}`:                         "needs at",
		`{"kind":"trade_cancel","symbol":"KO","at":"2026-11-20T12:00:00Z"}`:                         "needs at",
		`{"kind":"trade_correction","symbol":"KO","at":"2026-11-20T15:00:00Z"}`:                     "needs a price",
		`{"kind":"late_trade","symbol":"KO","at":"2026-11-20T15:00:00Z","price":1,"size":-1}`:       "size must be",
		`{"kind":"trade_correction","symbol":"KO","at":"2026-11-20T15:00:00Z","price":-1,"size":1}`: "needs a price",
	} {
		if status, body, _ := b.ask(t, "POST", "/_simulator/faults", fault); status != 422 || !strings.Contains(body, want) {
			t.Errorf("%s: HTTP %d %s", fault, status, body)
		}
	}
}

// ears hear what a stream of the official SDK tells.
type ears struct {
	trades      chan stream.Trade
	bars        chan stream.Bar
	corrections chan stream.TradeCorrection
	cancels     chan stream.TradeCancelError
}

// listen subscribes to the late trades and all changes of the symbol.
func (b bench) listen(t *testing.T, symbol string) ears {
	t.Helper()
	e := ears{make(chan stream.Trade, 100), make(chan stream.Bar, 100), make(chan stream.TradeCorrection, 100), make(chan stream.TradeCancelError, 100)}
	client := stream.NewStocksClient(marketdata.IEX, stream.WithBaseURL(strings.Replace(b.server.URL, "http", "ws", 1)+"/v2"), stream.WithCredentials("key", "secret"),
		stream.WithTrades(func(trade stream.Trade) {
			if trade.Timestamp.Truncate(5*time.Second) != trade.Timestamp { // prints are at full five seconds
				e.trades <- trade
			}
		}, symbol),
		stream.WithUpdatedBars(func(bar stream.Bar) { e.bars <- bar }, symbol),
		stream.WithCorrections(func(correction stream.TradeCorrection) { e.corrections <- correction }),
		stream.WithCancelErrors(func(cancel stream.TradeCancelError) { e.cancels <- cancel }),
	)
	if err := client.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}
