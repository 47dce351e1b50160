package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
)

// local makes the bench a single-user dashboard, whose rules stand in the files.
func local(files app.LocalFiles) option {
	return func(forApp *app.Config, forAPI *api.Config) {
		forApp.SingleUser, forApp.Files = true, files
		forAPI.Local = &auth.User{ID: auth.LocalUserID, Username: auth.LocalUsername, Role: auth.Trader}
	}
}

// setupLocal is a single-user dashboard with its user.
func setupLocal(t *testing.T, files app.LocalFiles) *bench {
	t.Helper()
	b := setup(t, local(files))
	if _, err := b.app.EnsureLocalUser(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

// send is one raw request; header lines are `Name: value`, of which Host names the host.
func (b *bench) send(method, path, body string, header ...string) (int, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			request.Host = value
			continue
		}
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestTheLocalUserNeedsNoSignIn(t *testing.T) {
	t.Parallel()
	b := setupLocal(t, app.LocalFiles{})
	status, text := b.send("GET", "/api/session", "")
	var session struct {
		SignedIn   bool `json:"signed_in"`
		SingleUser bool `json:"single_user"`
		User       struct{ Username, Role string }
	}
	if err := json.Unmarshal([]byte(text), &session); err != nil || status != 200 {
		t.Fatalf("%d %s: %v", status, text, err)
	}
	if !session.SignedIn || !session.SingleUser || session.User.Username != "local" || session.User.Role != "trader" {
		t.Errorf("the session is %s", text)
	}
	// a dangerous act asks for no factor, which nobody could show
	account := `{"name":"Mine","api_key":"PKLOCAL","secret_key":"hush","paper":true}`
	if status, text := b.send("POST", "/api/accounts", account, "Origin: "+b.url, "Sec-Fetch-Site: same-origin"); status != 201 {
		t.Errorf("adding an account answers %d %s", status, text)
	}
	if status, text := b.send("PUT", "/api/settings", `{"max_positions":3}`, "Origin: "+b.url); status != 200 {
		t.Errorf("changing a setting answers %d %s", status, text)
	}
}

// Whatever the other routes are, none of sign-in, users, tokens or administration is open.
func TestTheLocalUserHasNoSignInRoutes(t *testing.T) {
	t.Parallel()
	b := setupLocal(t, app.LocalFiles{})
	for _, call := range [][3]string{
		{"POST", "/api/auth/register", `{"username":"eve","email":"e@example.org","password":"a calm desk, no casino"}`},
		{"POST", "/api/auth/login", `{"username":"local","password":""}`},
		{"POST", "/api/auth/logout", ""},
		{"GET", "/logout", ""},
		{"POST", "/api/auth/passkey/begin", `{}`},
		{"POST", "/api/auth/step-up", `{"password":"x"}`},
		{"GET", "/api/security", ""},
		{"GET", "/api/tokens", ""},
		{"POST", "/api/tokens", `{"name":"x","scopes":["read"]}`},
		{"GET", "/api/admin/users", ""},
		{"GET", "/api/admin/audit", ""},
		{"GET", "/api/admin/trading", ""},
	} {
		if status, text := b.send(call[0], call[1], call[2]); status != 403 || !strings.Contains(text, "no sign-in") {
			t.Errorf("%s %s answers %d %s", call[0], call[1], status, text)
		}
	}
	if users, err := b.store.CountUsers(t.Context()); err != nil || users != 0 {
		t.Errorf("%d users besides the built-in one: %v", users, err)
	}
}

// What web pages, other machines and proxies can send reaches nothing, neither to change nor to read.
func TestNoWebPageReachesTheLocalUser(t *testing.T) {
	t.Parallel()
	b := setupLocal(t, app.LocalFiles{})
	host := strings.TrimPrefix(b.url, "http://")
	_, port, _ := strings.Cut(host, ":")
	attacks := map[string][]string{
		"rebound name":                       {"Host: attacker.example:" + port, "Origin: http://attacker.example:" + port, "Sec-Fetch-Site: same-origin"},
		"rebound name that begins as ours":   {"Host: localhost.attacker.example"},
		"rebound name that ends as ours":     {"Host: attacker-localhost"},
		"address of the network":             {"Host: 192.168.1.7:" + port},
		"cross-site":                         {"Origin: https://attacker.example", "Sec-Fetch-Site: cross-site"},
		"cross-site without an origin":       {"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"},
		"cross-site, an older browser":       {"Origin: https://attacker.example"},
		"null origin":                        {"Origin: null"},
		"null origin of a sandboxed frame":   {"Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"},
		"another port of this machine":       {"Origin: http://localhost:9", "Sec-Fetch-Site: same-site"},
		"another port without an origin":     {"Sec-Fetch-Site: same-site"},
		"https of the same name":             {"Origin: https://" + host},
		"a name that is ours, but not this":  {"Origin: http://localhost:" + port},
		"a cross-site form":                  {"Origin: https://attacker.example", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document", "Content-Type: text/plain"},
		"a proxy of this machine":            {"X-Forwarded-For: 203.0.113.7"},
		"a proxy that names the real host":   {"X-Forwarded-Host: trader.example.org"},
		"a proxy by the standard's header":   {"Forwarded: for=203.0.113.7"},
		"nginx without other headers of its": {"X-Real-Ip: 203.0.113.7"},
	}
	for name, header := range attacks {
		for _, call := range [][3]string{
			{"POST", "/api/trading/flatten", `{}`},
			{"PUT", "/api/settings", `{"max_positions":9}`},
			{"GET", "/api/positions", ""},
			{"GET", "/api/stream", ""},
		} {
			if status, text := b.send(call[0], call[1], call[2], header...); status != 403 && status != 421 {
				t.Errorf("%s: %s %s answers %d %s", name, call[0], call[1], status, text)
			}
		}
	}
	if status, text := b.send("GET", "/api/settings", ""); status != 200 || strings.Contains(text, `"max_positions":9`) {
		t.Errorf("settings after the attacks: %d %s", status, text)
	}
}

// A link from elsewhere opens the page; it does not open what the page reads.
func TestALinkOpensTheLocalPage(t *testing.T) {
	t.Parallel()
	b := setupLocal(t, app.LocalFiles{})
	followed := []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"}
	if status, _ := b.send("GET", "/strategy", "", followed...); status != 200 {
		t.Errorf("a followed link answers %d", status)
	}
	if status, _ := b.send("GET", "/api/positions", "", followed...); status != 403 {
		t.Errorf("a link to the interface answers %d", status)
	}
	framed := []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"}
	if status, _ := b.send("GET", "/", "", framed...); status != 403 {
		t.Errorf("a frame answers %d", status)
	}
}

func TestWhatAFileSaysIsChangedInTheFile(t *testing.T) {
	t.Parallel()
	b := setupLocal(t, app.LocalFiles{Settings: "config/settings.yaml", Watchlist: "config/watchlist.yaml"})
	for _, call := range [][4]string{
		{"PUT", "/api/settings", `{"max_positions":3}`, "config/settings.yaml"},
		{"PUT", "/api/indicators", `{"rsi":false}`, "config/settings.yaml"},
		{"POST", "/api/watchlist", `{"symbol":"AAPL"}`, "config/watchlist.yaml"},
		{"DELETE", "/api/watchlist/AAPL", "", "config/watchlist.yaml"},
		{"PUT", "/api/accounts/local/strategy", `{"max_positions":3}`, "config/settings.yaml"},
		{"PUT", "/api/accounts/local/watchlist", `{"symbols":["AAPL"]}`, "config/watchlist.yaml"},
	} {
		if status, text := b.send(call[0], call[1], call[2]); status != 409 || !strings.Contains(text, "the file "+call[3]) {
			t.Errorf("%s %s answers %d %s", call[0], call[1], status, text)
		}
	}
}

// Users who sign in must not be traded for, or shown, without their sign-in.
func TestADatabaseWithUsersIsNotServedToOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user("alice")
	_, err := b.app.EnsureLocalUser(t.Context())
	if err == nil || !strings.Contains(err.Error(), "dashboard-secure") {
		t.Errorf("the built-in user among users who sign in: %v", err)
	}
}

// Who begins alone and later invites others still becomes administrator of the same database.
func TestAfterTheLocalUserTheFirstToRegisterAdministers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.app.EnsureLocalUser(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.user("alice")
	user, err := b.store.UserByLogin(t.Context(), "alice")
	if err != nil || user.Role != auth.Admin {
		t.Errorf("the first to register is %s: %v", user.Role, err)
	}
}
