package api_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// attacked is the whole server, before which the targets below send their bytes. Its user is an
// administrator, so that nothing is refused before it is read.
type attacked struct {
	http.Handler
	session string // the cookie header of a session
	token   string // the text of an API token
	routes  []string
}

func attack(f *testing.F) *attacked {
	f.Helper()
	handler, session, token := signedInHandler(f)
	return &attacked{handler, session, token, listedRoutes(f)}
}

// request is one to the path, which may be no path at all, as our own page sends it.
func (a *attacked) request(method, path, query, body string) *http.Request {
	request := httptest.NewRequest(method, "/", strings.NewReader(body))
	request.URL = &url.URL{Path: path, RawQuery: query}
	request.Header.Set("Cookie", a.session)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	return request
}

// patient is an answer's place whose connection has all the time in the world.
type patient struct{ *httptest.ResponseRecorder }

func (patient) SetReadDeadline(time.Time) error  { return nil }
func (patient) SetWriteDeadline(time.Time) error { return nil }

// answer is the server's; one of a failure of its own is the test's failure. A session that moved
// to another token is followed.
func (a *attacked) answer(t *testing.T, request *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	answer := httptest.NewRecorder()
	a.ServeHTTP(patient{answer}, request)
	if answer.Code >= http.StatusInternalServerError {
		t.Errorf("%s %s?%s: %d %s", request.Method, request.URL.Path, request.URL.RawQuery, answer.Code, answer.Body)
	}
	for _, cookie := range answer.Result().Cookies() {
		if cookie.Name == "sid" && cookie.Value != "" {
			a.session = cookie.Name + "=" + cookie.Value
		}
	}
	return answer
}

// FuzzCookies: nobody signs in by an invented cookie or token, and what stands there breaks nothing.
func FuzzCookies(f *testing.F) {
	a := attack(f)
	for _, cookie := range []string{a.session, "sid=", "sid=x; sid=y", "device=\x7f; sid=\"a\"", "; ;=;", "__Host-sid=x", strings.Repeat("sid=a;", 200)} {
		for _, authorization := range []string{"", "Bearer " + a.token, "bearer at_", "Basic eDp5", "Bearer  \x00 x"} {
			f.Add(cookie, authorization)
		}
	}
	_, value, _ := strings.Cut(a.session, "=")
	f.Fuzz(func(t *testing.T, cookie, authorization string) {
		request := a.request(http.MethodGet, "/api/accounts", "", "")
		request.Header["Cookie"], request.Header["Authorization"] = []string{cookie}, []string{authorization}
		answer := a.answer(t, request)
		if invented := !strings.Contains(cookie, value) && !strings.Contains(authorization, a.token); invented && answer.Code == http.StatusOK {
			t.Errorf("%q, %q: signed in", cookie, authorization)
		}
	})
}

// FuzzOrigin: whatever a browser is made to say, no other site's request with a cookie changes anything.
func FuzzOrigin(f *testing.F) {
	a := attack(f)
	for _, origin := range []string{"", "null", "http://example.com", "https://evil.example", "http://example.com@evil.example", "http://example.com.evil.example", "//example.com", "\x00"} {
		for _, site := range []string{"", "same-origin", "same-site", "cross-site", "none", "SAME-ORIGIN"} {
			f.Add(origin, site, "application/json")
		}
	}
	f.Fuzz(func(t *testing.T, origin, site, kind string) {
		request := a.request(http.MethodPut, "/api/settings", "", `{"max_positions":4}`)
		request.Header["Origin"], request.Header["Sec-Fetch-Site"], request.Header["Content-Type"] = []string{origin}, []string{site}, []string{kind}
		if a.answer(t, request).Code != http.StatusOK {
			return
		}
		from, err := url.Parse(origin)
		if ours := site == "same-origin" || site == "none" || site == "" && err == nil && from.Host == request.Host; !ours {
			t.Errorf("Origin %q, Sec-Fetch-Site %q: done", origin, site)
		}
		if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(kind)), "application/json") {
			t.Errorf("Content-Type %q: done", kind)
		}
	})
}

// FuzzAddresses: the names in a path and the parameters behind it are read or refused.
func FuzzAddresses(f *testing.F) {
	a := attack(f)
	for i := range a.routes {
		f.Add(uint8(i), "paper", "limit=10&after=2026-03-02T14:30:00Z&symbol=AAPL&period=1M&status=open&q=ann&action=login&format=csv")
	}
	for _, query := range []string{"limit=-1", "limit=9223372036854775808", "after=%00", "at=0001-01-01T00:00:00Z&symbol=A", "from=x&to=9999-12-31", "period=1e9D", "a=1&a=2", "%zz", ";", "q=%25_%21"} {
		f.Add(uint8(3), "\u202e'\"", query)
	}
	f.Fuzz(func(t *testing.T, which uint8, name, query string) {
		method, path, _ := strings.Cut(a.routes[int(which)%len(a.routes)], " ")
		named := strings.Contains(path, "{")
		if method != http.MethodGet && !named || path == "/api/stream" || path == "/logout" { // has a body; does not end; ends all
			return
		}
		path = strings.NewReplacer("{id}", name, "{name}", name, "{symbol}", name).Replace(path)
		a.answer(t, a.request(method, path, query, ""))
	})
}

// FuzzBodies: every route reads what it is sent, or says what is wrong with it.
func FuzzBodies(f *testing.F) {
	a := attack(f)
	schemas := bodySchemas(f)
	for i, route := range a.routes {
		f.Add(uint8(i), routeAccess[route].body)
		for _, field := range schemas[route].texts("") {
			f.Add(uint8(i), `{"`+field+`":"1e999","x":[{}]}`)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		route := a.routes[int(which)%len(a.routes)]
		if _, reads := schemas[route]; !reads {
			return
		}
		method, path := target(route)
		a.answer(t, a.request(method, path, "", body))
	})
}
