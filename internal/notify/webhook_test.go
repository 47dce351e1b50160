package notify_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/notify"
)

func TestWebhookPostsTheText(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || string(text) != "a note\n" || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" || r.URL.Query().Get("token") != "t" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	if err := notify.NewWebhook(server.URL+"/?token=t").Post(t.Context(), "a note\n"); err != nil {
		t.Error(err)
	}
}

// Redirects could lead a note, and whoever follows it, anywhere; errors go to the log.
func TestWebhookFollowsNothingAndKeepsItsAddress(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	if err := notify.NewWebhook(server.URL+"/?token=hush").Post(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("redirected: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, address := range []string{server.URL + "/?token=hush", "http://127.0.0.1:1/?token=hush", "http://127.0.0.1:x/?token=hush"} {
		if err := notify.NewWebhook(address).Post(ended, "x"); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%v", err)
		}
	}
}
