package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

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
// request as nobody and as a signed-in user, on SQLite. The issue allows 1 ms.
func BenchmarkSignedInRequest(b *testing.B) {
	handler, session := signedInHandler(b)
	for _, who := range []struct {
		name   string
		cookie string
	}{{"nobody", ""}, {"signed in", session}} {
		b.Run(who.name, func(b *testing.B) {
			for b.Loop() {
				request := httptest.NewRequest(http.MethodGet, "/health", nil)
				if who.cookie != "" {
					request.Header.Set("Cookie", who.cookie)
				}
				answer := httptest.NewRecorder()
				handler.ServeHTTP(answer, request)
				if answer.Code != http.StatusOK {
					b.Fatal(answer.Code, answer.Body)
				}
			}
		})
	}
}

// signedInHandler is a server on a SQLite file, with the cookie of a session there.
func signedInHandler(b *testing.B) (http.Handler, string) {
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
		Store: database, Brokerages: broker, Keyring: keyring, Passwords: auth.NewPasswords(cheap), Signals: broker,
		Bus: &event.Bus{}, Clock: clock.System(), Logger: logger,
	})
	b.Cleanup(use.Close)
	handler, err := api.New(api.Config{
		App: use, Sessions: database.Sessions(storetest.SessionKey), Clock: clock.System(), Logger: logger, Version: "bench",
		Limiter: limits(clock.System(), ratelimit.Limits{ratelimit.Dashboard: perMinute(10_000_000)}),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(handler.Close)
	post := func(path, body string) *http.Response {
		request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, request)
		return answer.Result()
	}
	post("/api/auth/register", `{"username":"ann","email":"ann@example.com","password":"`+password+`"}`)
	signedIn := post("/api/auth/login", `{"username":"ann","password":"`+password+`"}`)
	for _, cookie := range signedIn.Cookies() {
		if cookie.Name == "sid" {
			return handler, cookie.Name + "=" + cookie.Value
		}
	}
	text, _ := io.ReadAll(signedIn.Body)
	b.Fatalf("no session: %d %s", signedIn.StatusCode, text)
	return nil, ""
}
