// Package spectest checks a broker's answers, and what its streams say, against Alpaca's OpenAPI
// documents, for tests only. What is known to differ stands in differences.json with the reason.
package spectest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

// Test is a testing.TB, or what a library of properties has in its place.
type Test interface {
	Helper()
	Cleanup(end func())
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

// Checked serves as next does and fails the test for every answer and every message of a stream
// that the documents do not allow. It leaves out the simulator's own controls (/_simulator), and
// answers that a fault has spoiled on purpose. Of a long answer's items one of each form is checked. Benchmarks are not checked, and neither is anything
// in a checkout without the documents.
func Checked(t Test, next http.Handler) http.Handler {
	t.Helper()
	if _, timed := t.(*testing.B); timed {
		return next
	}
	path, there := sharedtest.Find()
	if !there {
		return next
	}
	known, err := loaded(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &checker{next: next, documents: known, t: t}
	_, c.beside = t.(testing.TB)
	t.Cleanup(c.end)
	return c
}

// Server is a Checked server at the address, for as long as the test runs, in front of a program
// that listens at the given one. Streams that are open at the end of the test are cut.
func Server(t testing.TB, address string) string {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval: -1,
		ErrorHandler:  func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(Checked(t, proxy))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

// checker stands before a handler.
type checker struct {
	next      http.Handler
	documents *documents
	beside    bool // checks beside the requests, which then do not wait; a test's end does
	checks    sync.WaitGroup

	mu    sync.Mutex
	t     Test     // nil: the test is over
	found []string // beside the requests
}

// do runs a check, unless the test is over.
func (c *checker) do(check func()) {
	c.mu.Lock()
	over := c.t == nil
	if !over && c.beside {
		c.checks.Go(check)
	}
	c.mu.Unlock()
	if !over && !c.beside {
		check()
	}
}

// end waits for the checks that are under way; what comes later is not checked.
func (c *checker) end() {
	c.mu.Lock()
	t := c.t
	c.t = nil
	c.mu.Unlock()
	c.checks.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, problem := range c.found {
		t.Errorf("%s", problem)
	}
}

// fail tells what differs, unless it is known.
func (c *checker) fail(operation string, problems ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, problem := range problems {
		switch {
		case known(operation, problem):
		case c.beside:
			c.found = append(c.found, operation+" "+problem)
		case c.t != nil:
			c.t.Errorf("%s %s", operation, problem)
		}
	}
}

func (c *checker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_simulator") {
		c.next.ServeHTTP(w, r)
		return
	}
	seen := &watched{ResponseWriter: w, checker: c, request: r}
	c.next.ServeHTTP(seen, r) // a panic cuts the connection: then there is no answer
	if gone := seen.status == 0 && r.Context().Err() != nil; gone || seen.stream != nil {
		return
	}
	content := thinned(seen.body.Bytes())
	if len(content) > 0 && !json.Valid(content) && c.spoiled(seen.Header().Get("X-Request-ID")) {
		return
	}
	c.do(func() {
		operation, problems := c.documents.problems(r.Method, r.URL.Path, seen, content)
		c.fail(operation, problems...)
	})
}

// problems are what the documents have against the answer.
func (d *documents) problems(method, path string, seen *watched, content []byte) (operation string, found []string) {
	said := d.answerOf(method, path, seen.status)
	operation = fmt.Sprint(said.operation, " ", seen.status)
	switch {
	case said.schema == "" && seen.status >= http.StatusBadRequest:
		said.schema = refusalSchema // the documents leave out most bodies of errors
	case !said.found:
		return operation, []string{"is not documented"}
	}
	switch {
	case said.schema == "" && len(content) > 0:
		return operation, []string{"has a body where none is documented"}
	case said.schema == "":
		return operation, nil
	case !strings.HasPrefix(seen.kind, "application/json"):
		return operation, []string{fmt.Sprintf("is of type %q, not JSON", seen.kind)}
	}
	return operation, d.against(operation, said.schema, content)
}

// refusalSchema is what every refusal looks like (RULES section 4).
const refusalSchema = "trading.json#/components/schemas/Error"

// spoiled reports whether a fault has changed what the request's answer looks like: the simulator's
// log of requests says so.
func (c *checker) spoiled(id string) bool {
	log := httptest.NewRecorder()
	c.next.ServeHTTP(log, httptest.NewRequest(http.MethodGet, "/_simulator/requests", nil))
	var requests []struct {
		ID     string
		Faults []string
	}
	if err := json.NewDecoder(bytes.NewReader(log.Body.Bytes())).Decode(&requests); err != nil {
		return false
	}
	for _, request := range requests {
		if request.ID == id {
			return slices.Contains(request.Faults, "malformed") || slices.Contains(request.Faults, "html_401")
		}
	}
	return false
}
