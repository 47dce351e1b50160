package cli_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/pquerna/otp/totp"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// monitored is a running server with everything that can be watched.
type monitored struct {
	*server
	shell   *shell
	metrics string // address of /metrics
}

func startMonitored(t *testing.T, environ ...string) monitored {
	t.Helper()
	sh := newShell(t, append([]string{
		"METRICS_BIND=127.0.0.1:0", "LOG_FORMAT=json", "LOG_LEVEL=debug", "LOG_FILE=logs/test.log", "BACKUP_EVERY=24h",
	}, environ...)...)
	m := monitored{server: sh.start(t, "dashboard-secure", "--demo", "--port", "0"), shell: sh}
	m.metrics = regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`).FindString(m.log(t))
	if m.metrics == "" {
		t.Fatalf("the log does not say where the metrics are:\n%s", m.log(t))
	}
	return m
}

func (m monitored) log(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(m.shell.folder, "logs", "test.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// scrape is what Prometheus reads.
func (m monitored) scrape(t *testing.T) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.metrics, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", response.StatusCode, err)
	}
	return string(text)
}

// cookies are what the browser keeps of the server.
func (v *visitor) cookies() []*http.Cookie {
	address, err := url.Parse(v.address)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.client.Jar.Cookies(address)
}

// journey is what a user does, well and badly; it returns every secret on the way.
func (m monitored) journey(t *testing.T) (v *visitor, secrets map[string]string) {
	t.Helper()
	v = visit(t, m.address)
	secrets = map[string]string{
		"password": "planted: no casino here", "wrong password": "planted-but-wrong-one", "key id": "PKPLANTEDKEYID", "secret key": "planted-secret-key",
	}
	newcomer := map[string]string{"username": "newcomer", "email": "n@example.org", "password": secrets["password"]}
	v.must("POST", "/api/auth/register", newcomer, nil)
	v.call("POST", "/api/auth/login", map[string]string{"username": "newcomer", "password": secrets["wrong password"]}, nil)
	v.must("POST", "/api/auth/login", map[string]string{"username": "newcomer", "password": secrets["password"]}, nil)
	v.call("POST", "/api/accounts", map[string]any{"name": "planted", "api_key": secrets["key id"], "secret_key": secrets["secret key"], "paper": true}, nil)
	var app struct {
		Secret string `json:"secret"`
	}
	v.must("POST", "/api/2fa/setup", nil, &app)
	code, err := totp.GenerateCode(app.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var enabled struct {
		Codes []string `json:"recovery_codes"`
	}
	v.must("POST", "/api/2fa/enable", map[string]string{"token": code}, &enabled)
	var token struct {
		Token string `json:"token"`
	}
	v.must("POST", "/api/tokens", map[string]any{"name": "bot", "scopes": []string{"read"}}, &token)
	v.call("POST", "/api/auth/step-up", map[string]string{"token": "000000"}, nil)
	v.call("GET", "/api/account?token="+token.Token, nil, nil)
	v.call("GET", "/positions?key="+secrets["key id"], nil, nil) // paths are logged, queries are not
	secrets["TOTP secret"], secrets["API token"] = app.Secret, token.Token
	if len(enabled.Codes) > 0 {
		secrets["recovery code"] = enabled.Codes[0]
	}
	for _, cookie := range v.cookies() {
		secrets["cookie "+cookie.Name] = cookie.Value
	}
	for name, secret := range secrets {
		if len(secret) < 8 {
			t.Fatalf("the journey found no %s: %q", name, secret)
		}
	}
	return v, secrets
}

// TestNoSecretReachesLogsOrMetrics: with everything logged, nothing that a user keeps secret is in
// the log or in the metrics; nor does a metric name anybody.
func TestNoSecretReachesLogsOrMetrics(t *testing.T) {
	t.Parallel()
	m := startMonitored(t)
	v, secrets := m.journey(t)
	v.until("an order of ours is filled", func() bool { return len(v.ours("filled")) > 0 })
	filled := v.ours("filled")[0]
	v.until("the log knows the order and a cycle", func() bool { // an order may be filled before its cycle has ended
		log := m.log(t)
		return strings.Contains(log, filled.ClientOrderID) && strings.Contains(log, "cycle finished")
	})
	log, metrics := m.log(t), m.scrape(t)
	for _, key := range []string{"SECRET_KEY", "ENCRYPTION_KEY"} {
		content, err := os.ReadFile(filepath.Join(m.shell.folder, "alpaca_trader.keys"))
		if err != nil {
			t.Fatal(err)
		}
		if _, after, found := strings.Cut(string(content), key+"="); found {
			secrets[key], _, _ = strings.Cut(after, "\n")
		}
	}
	for what, secret := range secrets {
		for place, text := range map[string]string{"log": log, "metrics": metrics} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s has the %s", place, what)
			}
		}
	}
	for _, name := range []string{"newcomer", "example.org", filled.Symbol, filled.ClientOrderID} {
		if strings.Contains(metrics, name) {
			t.Errorf("the metrics name %s", name)
		}
	}
	m.checkEntries(t, log)
}

// checkEntries sees that every entry of the log is an object, and that cycles and orders have their ids.
func (m monitored) checkEntries(t *testing.T, log string) {
	t.Helper()
	seen := map[string]bool{}
	for line := range strings.Lines(log) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		message, _ := entry["msg"].(string)
		for field, of := range map[string]string{"request": "request served", "cycle": "cycle finished", "client_order_id": "order"} {
			if text, _ := entry[field].(string); text != "" && message == of {
				seen[field] = true
			}
		}
	}
	if len(seen) != 3 {
		t.Errorf("entries have these ids only: %v", seen)
	}
}

// series is what a scrape has: by name the values of each label.
type series map[string]map[string]map[string]bool

func parseScrape(text string) series {
	found := series{}
	line := regexp.MustCompile(`^([a-zA-Z_:]+)(?:\{(.*)\})? \S+$`)
	label := regexp.MustCompile(`([a-zA-Z_]+)="([^"]*)"`)
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		match := line.FindStringSubmatch(scanner.Text())
		if match == nil {
			continue
		}
		if found[match[1]] == nil {
			found[match[1]] = map[string]map[string]bool{}
		}
		for _, pair := range label.FindAllStringSubmatch(match[2], -1) {
			if found[match[1]][pair[1]] == nil {
				found[match[1]][pair[1]] = map[string]bool{}
			}
			found[match[1]][pair[1]][pair[2]] = true
		}
	}
	return found
}

// ofPrometheus are labels that Prometheus itself puts on what it reads.
var ofPrometheus = map[string]bool{"instance": true, "job": true}

// rarely are values that a healthy server does not show.
var rarely = map[string][]string{
	"status": {"4xx", "5xx"}, "outcome": {"5xx", "429", "none"},
}

// check says what is wrong with the selector.
func (s series) check(t *testing.T, query string, selector *parser.VectorSelector) {
	t.Helper()
	have, known := s[selector.Name]
	if selector.Name == "up" { // Prometheus' own
		return
	}
	if !known {
		t.Errorf("%s: no server serves %s", query, selector.Name)
		return
	}
	for _, matcher := range selector.LabelMatchers {
		if matcher.Name == labels.MetricName || ofPrometheus[matcher.Name] {
			continue
		}
		values := slices.Concat(slices.Collect(maps.Keys(have[matcher.Name])), rarely[matcher.Name])
		if len(have[matcher.Name]) == 0 {
			t.Errorf("%s: %s has no label %s", query, selector.Name, matcher.Name)
		}
		alternatives := []string{matcher.Value}
		if matcher.Type == labels.MatchRegexp {
			alternatives = strings.Split(matcher.Value, "|")
		}
		for _, value := range alternatives {
			if !slices.Contains(values, value) {
				t.Errorf("%s: %s of %s is never %q", query, matcher.Name, selector.Name, value)
			}
		}
	}
}

// checkQuery parses the query and checks all that it names.
func (s series) checkQuery(t *testing.T, query string) {
	t.Helper()
	parsed, err := parser.ParseExpr(query)
	if err != nil {
		t.Errorf("%s: %v", query, err)
		return
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		switch node := node.(type) {
		case *parser.VectorSelector:
			s.check(t, query, node)
		case *parser.AggregateExpr:
			for _, label := range node.Grouping {
				if !ofPrometheus[label] && !s.labelled(node.Expr, label) {
					t.Errorf("%s: nothing in it has the label %s", query, label)
				}
			}
		}
		return nil
	})
}

// labelled reports whether a metric of the expression has the label.
func (s series) labelled(expression parser.Expr, label string) bool {
	found := false
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok && len(s[selector.Name][label]) > 0 {
			found = true
		}
		return nil
	})
	return found
}

// TestAlertsDashboardAndPageFitTheMetrics: every query of the alerts and the dashboard names only
// what a running server serves; docs/MONITORING.md has every metric and every alert, and no others.
func TestAlertsDashboardAndPageFitTheMetrics(t *testing.T) {
	t.Parallel()
	m := startMonitored(t)
	v, _ := m.journey(t)
	v.until("a cycle ended, a backup was made and the log was verified", func() bool {
		text := m.scrape(t)
		return strings.Contains(text, "alpaca_trader_cycle_last_timestamp_seconds") && strings.Contains(text, "alpaca_trader_bar_age_seconds") &&
			strings.Contains(text, "alpaca_trader_backup_last_timestamp_seconds") && strings.Contains(text, "alpaca_trader_audit_intact")
	})
	served := parseScrape(m.scrape(t))
	alerts := readAlerts(t)
	for _, query := range alerts {
		served.checkQuery(t, query)
	}
	for _, query := range dashboardQueries(t) {
		served.checkQuery(t, query)
	}
	page := readFile(t, "docs/MONITORING.md")
	comparePage(t, "metrics", metricNames(served), inColumn(page, "## Metrics"))
	comparePage(t, "alerts", slices.Sorted(maps.Keys(alerts)), inColumn(page, "## Alerts"))
	if values := served["alpaca_trader_audit_entries_total"]["action"]; !values["login_failed"] || !values["2fa_failed"] || !values["account_created"] || !values["account_deleted"] {
		t.Errorf("the guide's four events are not all counted: %v", values)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// readAlerts returns the expressions by the name of the alert.
func readAlerts(t *testing.T) map[string]string {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalWithOptions([]byte(readFile(t, "deploy/prometheus/alerts.yaml")), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	expressions := map[string]string{}
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" || expressions[rule.Alert] != "" || rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" {
				t.Errorf("%s: an alert needs a name of its own, a severity and a summary", rule.Alert)
			}
			expressions[rule.Alert] = rule.Expr
		}
	}
	return expressions
}

// dashboardQueries returns the dashboard's queries with its variables filled in.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(readFile(t, "deploy/grafana/dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			queries = append(queries, strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*").Replace(target.Expr))
		}
	}
	if len(queries) < 20 {
		t.Fatalf("the dashboard has only %d queries", len(queries))
	}
	return queries
}

// metricNames are our metrics without the endings of histograms.
func metricNames(served series) []string {
	names := map[string]bool{}
	for name := range served {
		if short, ours := strings.CutPrefix(name, "alpaca_trader_"); ours {
			if _, histogram := served[strings.TrimSuffix(name, "_count")+"_bucket"]; histogram {
				short = strings.TrimSuffix(short, "_count")
			}
			if base, part := strings.CutSuffix(name, "_sum"); part && served[base+"_bucket"] != nil {
				continue
			}
			if !strings.HasSuffix(short, "_bucket") {
				names[short] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// inColumn returns the names in backquotes in the first column of the tables of the page's section.
func inColumn(page, heading string) []string {
	_, section, _ := strings.Cut(page, heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.Contains(cells[1], "(after") {
			continue
		}
		for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(cells[1], -1) {
			names = append(names, match[1])
		}
	}
	slices.Sort(names)
	return names
}

func comparePage(t *testing.T, what string, have, documented []string) {
	t.Helper()
	for _, name := range have {
		if !slices.Contains(documented, name) {
			t.Errorf("docs/MONITORING.md does not have %s among its %s", name, what)
		}
	}
	for _, name := range documented {
		if !slices.Contains(have, name) {
			t.Errorf("docs/MONITORING.md has %s among its %s, and there is none", name, what)
		}
	}
}

// TestHealthAsksTheServer: ready, not there, and somebody else's server.
func TestHealthAsksTheServer(t *testing.T) {
	t.Parallel()
	sh := newShell(t)
	serving := sh.start(t, "dashboard-secure", "--demo", "--port", "0")
	if said := string(sh.run(t, "health", "--url", serving.address)); said != "ready\n" {
		t.Errorf("%q", said)
	}
	serving.kill(t)
	for address, want := range map[string]string{
		serving.address: "No server answers at ", "nonsense": `"nonsense" is not the address of a server`, "ftp://x": "is not the address",
	} {
		command := sh.command(t.Context(), "health", "--url", address)
		said, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(said), want) {
			t.Errorf("%s: %v %s", address, err, said)
		}
	}
}

// TestALogFileThatCannotBeWritten: a named one keeps the server from starting, with a sentence; the
// usual one of production does not.
func TestALogFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	sh := newShell(t, "LOG_FILE=occupied/a.log")
	sh.write(t, "occupied", "a file, and no folder")
	said, err := sh.command(t.Context(), "dashboard-secure", "--demo", "--port", "0").CombinedOutput()
	if err == nil || !strings.Contains(string(said), "The log file ") || !strings.Contains(string(said), "LOG_FILE") {
		t.Errorf("%v: %s", err, said)
	}
	sh = newShell(t, "APP_ENV=production", "SECRET_KEY="+strings.Repeat("0f1e2d3c4b5a6978", 4), "ENCRYPTION_KEY="+strings.Repeat("0123456789abcdef", 4))
	sh.write(t, "logs", "a file, and no folder")
	sh.start(t, "dashboard-secure", "--demo", "--port", "0")
}

// TestCommandsThatRunOnKeepTheLogFile: in production, whatever they do, in the usual file, which is
// put aside when it is full.
func TestCommandsThatRunOnKeepTheLogFile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		arguments []string
		logs      string
	}{
		"single user": {[]string{"dashboard", "--demo", "--port", "0"}, "audit log verified"},
		"secure":      {[]string{"dashboard-secure", "--demo", "--port", "0"}, "audit log verified"},
		"schedule":    {[]string{"schedule", "--dry-run"}, "waiting for the next slot"},
		"headless":    {[]string{"headless", "--dry-run"}, "waiting for the next slot"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sh := newShell(t, "APP_ENV=production", "LOG_MAX_SIZE_MB=1", "SECRET_KEY="+strings.Repeat("0f1e2d3c4b5a6978", 4), "ENCRYPTION_KEY="+strings.Repeat("0123456789abcdef", 4))
			simulator := sh.serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", "synthetic", "--now", "2026-11-20T17:00:01Z", "--speed", "step")
			sh.tradingAt(simulator)
			sh.write(t, "config/watchlist.yaml", "watchlist: [AAPL]\n")
			sh.write(t, "logs/alpaca_trader.log", strings.Repeat("an entry of last year\n", 1<<20/22))
			ctx, end := context.WithCancel(t.Context())
			command := sh.command(ctx, test.arguments...)
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { end(); _ = command.Wait() }()
			log := filepath.Join(sh.folder, "logs", "alpaca_trader.log")
			visit(t, "").until("the log file has it", func() bool {
				content, _ := os.ReadFile(log)
				return strings.Contains(string(content), test.logs)
			})
			if _, err := os.Stat(log + ".1"); err != nil {
				t.Errorf("the full file was not put aside: %v", err)
			}
		})
	}
}
