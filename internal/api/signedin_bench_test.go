package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// BenchmarkSignedInRequest is what authentication and authorization add to a request: the same
// request as nobody, as a signed-in user and with an API token, on SQLite. The issue allows 1 ms.
func BenchmarkSignedInRequest(b *testing.B) {
	handler, session, token := signedInHandler(b)
	for _, header := range [][2]string{{"Cookie", session}, {"Authorization", "Bearer " + token}} { // they do sign in
		request := httptest.NewRequest(http.MethodGet, "/api/accounts", nil)
		request.Header.Set(header[0], header[1])
		answer := httptest.NewRecorder()
		if handler.ServeHTTP(answer, request); answer.Code != http.StatusOK {
			b.Fatal(header[0], answer.Code, answer.Body)
		}
	}
	for _, who := range []struct{ name, header, value string }{
		{"nobody", "X-Nobody", ""}, {"signed in", "Cookie", session}, {"API token", "Authorization", "Bearer " + token},
	} {
		b.Run(who.name, func(b *testing.B) {
			for b.Loop() {
				request := httptest.NewRequest(http.MethodGet, "/health", nil)
				request.Header.Set(who.header, who.value)
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, request)
				if answer.Code != http.StatusOK {
					b.Fatal(answer.Code, answer.Body)
				}
			}
		})
	}
}

// signedInHandler is a server on a SQLite file, with the cookie of an administrator's session and an
// API token there.
func signedInHandler(b testing.TB) (handler http.Handler, session, token string) {
	b.Helper()
	logger := slog.New(slog.DiscardHandler)
	database := storetest.Open(b, secret.NewText("sqlite:///"+filepath.Join(b.TempDir(), "bench.db")), store.Options{})
	if err := database.Migrate(b.Context(), logger); err != nil {
		b.Fatal(err)
	}
	keyring, err := secret.NewKeyring(secret.GenerateKey())
	if err != nil {
		b.Fatal(err)
	}
	broker := newFakeBroker()
	use := app.New(app.Config{
		Store: database, Brokerages: broker, Keyring: keyring, Passwords: auth.NewPasswords(cheap), Signals: broker, Desk: newFakeDesk(),
		Bus: &event.Bus{}, Clock: clock.System(), Logger: logger, Verifier: untouchedLog{}, SignInFloor: time.Nanosecond,
		Examine: func(context.Context) []app.Finding { return nil },
	})
	b.Cleanup(use.Close)
	plenty := ratelimit.Limits{}
	for group := range ratelimit.Defaults() {
		plenty[group] = perMinute(10_000_000)
	}
	served, err := api.New(api.Config{
		App: use, Sessions: database.Sessions(storetest.SessionKey), Clock: clock.System(), Logger: logger, Version: "bench",
		Limiter: limits(clock.System(), plenty),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(served.Close)
	post := func(path, body string) *http.Response {
		request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
		request.Header.Set("Cookie", session)
		answer := httptest.NewRecorder()
		served.ServeHTTP(answer, request)
		return answer.Result()
	}
	post("/api/auth/register", `{"username":"ann","email":"ann@example.com","password":"`+password+`"}`)
	for _, cookie := range post("/api/auth/login", `{"username":"ann","password":"`+password+`"}`).Cookies() {
		if cookie.Name == "sid" {
			session = cookie.Name + "=" + cookie.Value
		}
	}
	var made struct{ Token string }
	if err := json.NewDecoder(post("/api/tokens", `{"name":"bench","scopes":["read"]}`).Body).Decode(&made); err != nil || made.Token == "" {
		b.Fatalf("no token: %+v, %v", made, err)
	}
	return served, session, made.Token
}
