package daemon

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

func ask(t *testing.T, ctx context.Context, handler http.HandlerFunc) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, demoAddress+"/v2/orders?a=1", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	return inProcess{handler}.RoundTrip(request)
}

func TestInProcessAnswers(t *testing.T) {
	t.Parallel()
	response, err := ask(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Request-ID", "abc")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, r.RequestURI+" "+string(content))
		w.Header().Set("X-Late", "1")
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusAccepted || string(content) != "/v2/orders?a=1 body" || response.Header.Get("X-Request-ID") != "abc" {
		t.Errorf("HTTP %d %q, %v", response.StatusCode, content, err)
	}
}

// What is flushed is there before the handler ends, and leaving ends the handler.
func TestInProcessStreams(t *testing.T) {
	t.Parallel()
	left := make(chan struct{})
	response, err := ask(t, t.Context(), func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		flush := http.NewResponseController(w).Flush
		_, _ = io.WriteString(w, "first\n")
		if err := flush(); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "second\n")
		<-r.Context().Done()
	})
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(response.Body)
	for _, want := range []string{"first", "second"} {
		if !lines.Scan() || lines.Text() != want {
			t.Errorf("read %q, %v, want %q", lines.Text(), lines.Err(), want)
		}
	}
	_ = response.Body.Close()
	<-left
}

// A client that has left waits for no handler, which may go on with its request.
func TestInProcessClientsLeave(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan struct{})
	_, err := ask(t, ctx, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		leave()
		<-r.Context().Done()
		r.Body = http.MaxBytesReader(w, r.Body, 1)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("after leaving: %v", err)
	}
	<-ended
}

func TestInProcessHandlersThatFail(t *testing.T) {
	t.Parallel()
	if _, err := ask(t, t.Context(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an abandoned request: %v", err)
	}
	response, err := ask(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	if err != nil {
		t.Fatal(err)
	}
	if content, err := io.ReadAll(response.Body); string(content) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %q, %v", content, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := ask(t, ctx, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }); !errors.Is(err, context.Canceled) {
		t.Errorf("a request whose context ended: %v", err)
	}
}
