package survival_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

var symbols = []string{"AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "TSLA", "JPM", "SPY", "META", "KO", "XOM", "DIS", "BAC", "GE", "INTC", "PFE"}

// account is one brokerage account: its name for the command line, its id in the journal, and the
// key that opens it at the simulator.
type account struct{ name, id, key string }

// world is a program with its database before an exchange.
type world struct {
	*shell
	*exchange
	database *sql.DB
	accounts []account
	serving  []string // how the program is started
}

// newWorld makes the folder, the exchange and the connection; the database is empty.
func newWorld(t *testing.T, address storetest.Address, seed uint64) *world {
	t.Helper()
	url := address(t).Reveal()
	e := newExchange(t, seed)
	sh := newShell(t, "DATABASE_URL="+url, "ALPACA_PAPER_URL="+e.address, "ALPACA_DATA_URL="+e.address, "TRADING_ENABLED=true",
		"ALPACA_API_KEY=PKLOCAL", "ALPACA_SECRET_KEY=hush",
		"ADMIN_USERNAME=admin", "ADMIN_EMAIL=admin@example.org", "ADMIN_PASSWORD="+password)
	driver, name := "pgx", url
	if path, found := strings.CutPrefix(url, "sqlite:///"); found {
		driver, name = "sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(60000)"
	}
	database, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	database.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = database.Close() })
	return &world{shell: sh, exchange: e, database: database}
}

const password = "a calm desk, no casino"

// protections are what the worlds do beside buying and selling often.
var protections = []struct{ yaml, json string }{
	{"trailing_stop_pct: 1, whole_shares: true", `{"trailing_stop_pct": 1, "whole_shares": true}`},
	{"stop_loss_pct: 1, take_profit_pct: 1", `{"stop_loss_pct": 1, "take_profit_pct": 1}`},
	{"max_slippage_pct: 2", `{"max_slippage_pct": 2}`},
}

// onTheCommandLine is a world whose program is the schedule of one account.
func onTheCommandLine(t *testing.T, address storetest.Address, seed uint64) *world {
	t.Helper()
	w := newWorld(t, address, seed)
	w.write(t, "config/watchlist.yaml", "watchlist: ["+strings.Join(symbols, ", ")+"]\n")
	w.write(t, "config/settings.yaml", `
data: {timeframe: 5Min}
indicators:
  rsi: {enabled: true, oversold: 49, overbought: 51}
  sma_crossover: {enabled: false}
  macd: {enabled: false}
  bollinger_bands: {enabled: false}
execution: {position_size_pct: 4, max_positions: 16, `+protections[seed%uint64(len(protections))].yaml+`}
`)
	if output, err := w.run(t, "reconcile"); err != nil { // makes keys and tables
		t.Fatalf("%v: %s", err, output)
	}
	w.serving = []string{"schedule"}
	if seed%2 == 0 {
		w.serving = []string{"headless"}
	}
	w.accounts = []account{{"local", "", "PKLOCAL"}}
	w.scan(t, "SELECT account_id FROM reconciliations", &w.accounts[0].id)
	return w
}

// served is a world whose program is the dashboard with so many automated accounts.
func served(t *testing.T, address storetest.Address, seed uint64, accounts int) *world {
	t.Helper()
	w := newWorld(t, address, seed)
	w.serving = []string{"dashboard-secure", "--port", "0"}
	server := w.start(t, "dashboard-secure", "--port", "0", "--no-scheduler")
	browser := &browser{server.listening(t), http.Client{Timeout: patience}}
	browser.Jar, _ = cookiejar.New(nil)
	browser.put(t, "POST", "/api/auth/login", fmt.Sprintf(`{"username": "admin", "password": %q}`, password))
	browser.put(t, "PUT", "/api/settings", `{"timeframe": "5Min", "rsi": {"enabled": true, "oversold": 49, "overbought": 51},
		"sma": {"enabled": false}, "macd": {"enabled": false}, "bollinger": {"enabled": false}, "position_size_pct": 4, "max_positions": 16,
		"signal_min_agree": 1, "schedule_kind": "interval", "schedule_interval_minutes": 5, "execution": `+protections[seed%uint64(len(protections))].json+`}`)
	names, _ := json.Marshal(symbols)
	for i := range accounts {
		one := account{name: fmt.Sprintf("paper-%d", i), key: fmt.Sprintf("PKSERVED%d", i)}
		browser.put(t, "POST", "/api/accounts", fmt.Sprintf(`{"name": %q, "api_key": %q, "secret_key": "hush"}`, one.name, one.key))
		browser.put(t, "PUT", "/api/accounts/"+one.name+"/watchlist", fmt.Sprintf(`{"symbols": %s}`, names))
		browser.put(t, "PUT", "/api/accounts/"+one.name, `{"automated": true}`)
		w.scan(t, "SELECT id FROM brokerage_accounts WHERE name = '"+one.name+"'", &one.id)
		w.accounts = append(w.accounts, one)
	}
	server.kill()
	return w
}

// browser is a signed-in person.
type browser struct {
	address string
	http.Client
}

func (b *browser) put(t *testing.T, method, path, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, b.address+path, bytes.NewBufferString(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := b.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		var problem bytes.Buffer
		_, _ = problem.ReadFrom(response.Body)
		t.Fatalf("%s %s: %s %s", method, path, response.Status, problem.String())
	}
}

// scan reads one row.
func (w *world) scan(t *testing.T, query string, into ...any) {
	t.Helper()
	if err := w.database.QueryRowContext(t.Context(), query).Scan(into...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// rows reads rows of texts.
func (w *world) rows(t *testing.T, query string) [][]string {
	t.Helper()
	rows, err := w.database.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, _ := rows.Columns()
	var all [][]string
	for rows.Next() {
		texts, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range texts {
			into[i] = &texts[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(names))
		for i, text := range texts {
			row[i] = text.String
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// later makes the journal look as if a minute had passed since the program died: its leases are
// over, what was sent has had its time to show up, and the queue's tick is due again.
func (w *world) later(t *testing.T) {
	t.Helper()
	statements := []string{
		"UPDATE leases SET expires_at = 0",
		fmt.Sprintf("UPDATE orders SET updated_at = updated_at - %d", time.Minute.Microseconds()),
	}
	if w.serving[0] == "dashboard-secure" {
		statements = append(statements, "DELETE FROM river_job WHERE kind = 'tick'", "DELETE FROM river_leader")
	}
	for _, statement := range statements {
		if _, err := w.database.ExecContext(t.Context(), statement); err != nil && !strings.Contains(err.Error(), "river_") {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
