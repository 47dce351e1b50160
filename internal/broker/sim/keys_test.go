package sim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

// A bearer token opens an account of its own, the same one over HTTP and on both streams.
func TestBearerTokens(t *testing.T) {
	t.Parallel()
	b := setup(t, "2026-11-20T15:00:00Z")
	ask := func(header string) (int, string) {
		request := httptest.NewRequest(http.MethodGet, "/v2/account", nil)
		request.Header.Set("Authorization", header)
		recorder := httptest.NewRecorder()
		spectest.Checked(t, b.simulator.Handler()).ServeHTTP(recorder, request)
		return recorder.Code, recorder.Body.String()
	}
	_, one := ask("Bearer first-token")
	if _, again := ask("bearer first-token"); again != one {
		t.Errorf("the same token opens\n%s, then\n%s", one, again)
	}
	if _, other := ask("Bearer second-token"); other == one || strings.Contains(other, "token") {
		t.Errorf("another token opens %s", other)
	}
	for _, header := range []string{"Bearer ", "Bearer", "Digest first-token"} {
		if status, body := ask(header); status != http.StatusUnauthorized {
			t.Errorf("%q: HTTP %d %s", header, status, body)
		}
	}
	trading := b.dial(t, "/stream")
	trading.say(`{"action":"authenticate","data":{"oauth_token":"first-token"}}`)
	if heard := trading.hear(); !strings.Contains(heard, `"authorized"`) {
		t.Errorf("heard %s", heard)
	}
	data := b.dial(t, "/v2/iex")
	data.hear()
	data.say(`{"action":"auth","key":"oauth","secret":"first-token"}`)
	data.wants(`[{"T":"success","msg":"authenticated"}]`)
}
