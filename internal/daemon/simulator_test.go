package daemon_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// serve starts a simulator and returns its address; it ends with the test.
func serve(t *testing.T, options daemon.SimulatorOptions) string {
	t.Helper()
	out, in := io.Pipe()
	options.Listen, options.Cash, options.Stdout, options.Log = "127.0.0.1:0", decimal.NewFromInt(100_000), in, slog.New(slog.DiscardHandler)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := daemon.ServeSimulator(ctx, options)
		_ = in.CloseWithError(io.ErrUnexpectedEOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the simulator ended with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
}

func fetch(t *testing.T, client *http.Client, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("key", "secret")
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestSelfSignedCertificateIsWrittenForClients(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "certificate.pem")
	address := serve(t, daemon.SimulatorOptions{Data: []string{"synthetic"}, Now: friday, TLS: daemon.SimulatorTLS{SelfSigned: file}})
	content, err := os.ReadFile(file)
	if err != nil || strings.Contains(string(content), "PRIVATE") {
		t.Fatalf("%s, %v", content, err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(content)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer client.CloseIdleConnections()
	if status, body := fetch(t, client, address+"/v2/account"); !strings.HasPrefix(address, "https://") || status != http.StatusOK {
		t.Errorf("%s: HTTP %d %s", address, status, body)
	}
}

func TestTheProjectsOwnBarsAreAMarket(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "program.db")
	address := secret.NewText("sqlite:///" + file)
	database, err := store.Open(t.Context(), store.Options{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	if err := database.Migrate(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	session := market.LatestSession(friday)
	minute := trade.Bar{Start: session.Open, End: session.Open.Add(5 * time.Minute), Open: 50, High: 52, Low: 49, Close: 51, Volume: 700}
	day := trade.Bar{Start: session.Date.UTC(), End: session.Close, Open: 50, High: 55, Low: 48, Close: 54, Volume: 90_000}
	for feed, price := range map[string]float64{"first": 1, "second": 2} {
		minute, day := minute, day
		minute.High, day.High = minute.High*price, day.High*price
		for timeframe, bar := range map[trade.Timeframe]trade.Bar{trade.Minutes5: minute, trade.Hour: minute, trade.Day: day} {
			if err := database.StoreBars(t.Context(), feed, "ABC", timeframe, []trade.Bar{bar}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	options := daemon.SimulatorOptions{BarsFrom: address, BarsFeed: "second"}
	simulated := serve(t, options)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for path, want := range map[string]string{
		"/v2/stocks/bars?symbols=ABC&timeframe=1Day&start=2026-11-20": `"h":110,`, "/v2/stocks/bars?symbols=ABC&timeframe=5Min&start=2026-11-20": `"h":104,`,
	} {
		if status, body := fetch(t, client, simulated+path); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: HTTP %d %s", path, status, body)
		}
	}
	for name, wrong := range map[string]daemon.SimulatorOptions{
		"no feed": {BarsFrom: address}, "a feed that is not there": {BarsFrom: address, BarsFeed: "third"},
		"folders too": {BarsFrom: address, Data: []string{"synthetic"}},
	} {
		wrong.Listen, wrong.Log = "127.0.0.1:0", slog.New(slog.DiscardHandler)
		if err := daemon.ServeSimulator(t.Context(), wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
