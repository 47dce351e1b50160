package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
)

// zeros is a body that never ends by itself.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// counted tells how much was taken of what it reads.
type counted struct {
	io.Reader
	taken atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.taken.Add(int64(n))
	return n, err
}

// TestABodyOfFiftyMegabytesIsRefused: whether its length is said beforehand or it comes in pieces, and
// whether the client waits to be asked for it or not; most of it is never taken.
func TestABodyOfFiftyMegabytesIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.user("ann")
	for _, route := range []string{"POST /api/auth/login", "PUT /api/settings", "POST /api/2fa/setup"} { // a stranger's, a user's, and one that reads none
		method, path, _ := strings.Cut(route, " ")
		for _, length := range []int64{50 << 20, -1} {
			for _, asks := range []bool{true, false} {
				body := &counted{Reader: io.LimitReader(zeros{}, 50<<20)}
				request, err := http.NewRequestWithContext(t.Context(), method, v.url+path, body)
				if err != nil {
					t.Fatal(err)
				}
				request.ContentLength = length
				request.Header.Set("Content-Type", "application/json")
				request.Header.Set("Origin", v.url)
				if asks {
					request.Header.Set("Expect", "100-continue") // so that the answer is not lost behind the body
				}
				v.client.Transport = &http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}
				response, err := v.client.Do(request)
				name := fmt.Sprintf("%s, length %d, asking %v", route, length, asks)
				if err == nil { // otherwise the server has hung up on us, which is as good
					response.Body.Close()
					if path != "/api/2fa/setup" && response.StatusCode != http.StatusRequestEntityTooLarge {
						t.Errorf("%s: %s", name, response.Status)
					}
				}
				if taken := body.taken.Load(); taken > 25<<20 { // what stands in the buffers of the connection is some megabytes
					t.Errorf("%s: %d bytes were taken", name, taken)
				}
			}
		}
	}
	v.call("GET", "/api/accounts", nil).want(200)
}

func TestAPackedBodyIsRefused(t *testing.T) {
	t.Parallel()
	var bomb bytes.Buffer
	packer := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(packer, zeros{}, 10<<20); err != nil {
		t.Fatal(err)
	}
	if err := packer.Close(); err != nil {
		t.Fatal(err)
	}
	v := setup(t).visitor()
	for _, packing := range []string{"gzip", "deflate", "br", "gzip, gzip", "identity, gzip"} {
		v.call("POST", "/api/auth/login", bomb.String(), "Content-Encoding", packing).problem(415)
	}
	v.call("POST", "/api/auth/login", map[string]any{"username": "x", "password": "y"}, "Content-Encoding", "identity").problem(401)
}

func TestDeepAndRepeatedBodies(t *testing.T) {
	t.Parallel()
	v := setup(t).visitor()
	for name, test := range map[string]struct{ body, says string }{
		"objects":  {strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000), "nested too deeply"},
		"lists":    {`{"username":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + "}", "nested too deeply"},
		"open":     {strings.Repeat(`[{"a":`, 10000), "nested too deeply"},
		"twice":    {`{"username":"ann","username":"bob","password":"x"}`, `has the key "username" twice`},
		"unlike":   {`{"username":"ann","USERNAME":"bob","password":"x"}`, `has the key "USERNAME" twice`},
		"escaped":  {`{"username":"ann","usern\u0061me":"bob","password":"x"}`, `has the key "username" twice`},
		"number":   {`{"username":"ann","password":` + strings.Repeat("9", 100000) + `}`, "too large or of the wrong kind"},
		"inside":   {`{"username":{"a":1,"a":2},"password":"x"}`, `has the key "a" twice`},
		"keys":     {`{` + strings.Repeat(`"k":1,`, 50000) + `"k":1}`, `has the key "k" twice`},
		"no value": {`{"username":}`, "not valid JSON"},
	} {
		if said := v.call("POST", "/api/auth/login", test.body).problem(400); len(said) > 300 || !strings.Contains(said, test.says) {
			t.Errorf("%s: the answer is not that it %s: %.300s", name, test.says, said)
		}
	}
}

// slowly sends the beginning of a request and returns what comes back until the server hangs up.
func slowly(t *testing.T, b *bench, beginning string) string {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, beginning); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(connection) // ends when the server closes
	if err != nil {
		t.Fatalf("the server holds the connection open: %v", err)
	}
	return string(text)
}

func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	const patience = 700 * time.Millisecond
	b := setupServer(t, func(s *http.Server) {
		s.ReadHeaderTimeout, s.ReadTimeout, s.IdleTimeout = patience, 2*patience, patience
	},
		func(_ *app.Config, c *api.Config) { c.BodyTimeout = patience })
	slowly(t, b, "")
	slowly(t, b, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	if text := slowly(t, b, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"); !strings.HasPrefix(text, "HTTP/1.1 200") { // then idle
		t.Errorf("a quick request: %.60s", text)
	}
	for _, length := range []string{"Content-Length: 100\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"} {
		text := slowly(t, b, "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+length)
		if !strings.HasPrefix(text, "HTTP/1.1 408") && !strings.HasPrefix(text, "HTTP/1.1 400") {
			t.Errorf("a slow body: %.60s", text)
		}
	}
	b.visitor().call("GET", "/health", nil).want(200)
}

// crowd is a listener to which clients of any address connect.
type crowd struct {
	net.Listener
	arriving chan net.Conn
}

func (c *crowd) Accept() (net.Conn, error) {
	if connection, open := <-c.arriving; open {
		return connection, nil
	}
	return nil, net.ErrClosed
}

// guest is a connection from an address; closed is done when the server has closed it.
type guest struct {
	net.Conn
	address string
	closed  chan struct{}
	once    sync.Once
}

func (g *guest) RemoteAddr() net.Addr {
	address, _ := net.ResolveTCPAddr("tcp", g.address)
	return address
}

func (g *guest) Close() error {
	g.once.Do(func() { close(g.closed) })
	return nil
}

func TestConnectionsOfOneAddressAreCapped(t *testing.T) {
	t.Parallel()
	arriving := make(chan net.Conn, 1)
	listener := api.CapConnections(&crowd{arriving: arriving}, networks("10.0.0.0/8"))
	taken := make(chan net.Conn, 1000)
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				close(taken)
				return
			}
			taken <- connection
		}
	}()
	connect := func(address string) (net.Conn, bool) {
		t.Helper()
		g := &guest{address: address, closed: make(chan struct{})}
		arriving <- g
		select {
		case connection := <-taken:
			return connection, true
		case <-g.closed:
			return nil, false
		case <-time.After(30 * time.Second):
			t.Fatal("the connection was neither taken nor closed")
			return nil, false
		}
	}
	var last net.Conn
	for i := range 100 {
		if last, _ = connect(fmt.Sprintf("[2001:db8::%x]:1", i)); last == nil {
			t.Fatalf("connection %d is refused", i)
		}
	}
	if _, ok := connect("[2001:db8::ffff:1]:1"); ok {
		t.Error("connection 101 of an IPv6 /64 is taken")
	}
	for _, other := range []string{"[2001:db8:0:1::1]:1", "198.51.100.1:1"} {
		if _, ok := connect(other); !ok {
			t.Errorf("%s is refused for what others do", other)
		}
	}
	for range 150 {
		for _, exempt := range []string{"127.0.0.1:1", "[::1]:1", "10.1.2.3:1", "[::ffff:10.1.2.3]:1"} {
			if _, ok := connect(exempt); !ok {
				t.Fatalf("%s is refused", exempt)
			}
		}
	}
	_, _ = last.Close(), last.Close() // twice gives back one place
	if _, ok := connect("[2001:db8::1]:1"); !ok {
		t.Error("the place of a closed connection is not given back")
	}
	if _, ok := connect("[2001:db8::1]:1"); ok {
		t.Error("a connection that was closed twice gave back two places")
	}
	close(arriving)
}

// TestCrossSiteRequests is the whole matrix: what browsers of today and yesterday send for a form,
// a script or a link of another site, with the victim's cookie.
func TestCrossSiteRequests(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := b.withAccount("ann")
	host := strings.TrimPrefix(b.url, "http://")
	sources := map[string]struct {
		headers []string
		ours    bool
	}{
		"our page":                     {[]string{"Origin", b.url, "Sec-Fetch-Site", "same-origin"}, true},
		"our page, older browser":      {[]string{"Origin", b.url}, true},
		"our page, no Origin":          {[]string{"Origin", "", "Sec-Fetch-Site", "same-origin"}, true},
		"typed by the user":            {[]string{"Origin", "", "Sec-Fetch-Site", "none"}, true},
		"another site":                 {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, false},
		"another site, older browser":  {[]string{"Origin", "https://evil.example"}, false},
		"another site, Origin left":    {[]string{"Origin", "", "Sec-Fetch-Site", "cross-site"}, false},
		"a sibling of our site":        {[]string{"Origin", "http://evil." + host, "Sec-Fetch-Site", "same-site"}, false},
		"another port":                 {[]string{"Origin", "http://127.0.0.1:1", "Sec-Fetch-Site", "same-site"}, false},
		"a sandboxed frame":            {[]string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, false},
		"a sandboxed frame, older":     {[]string{"Origin", "null"}, false},
		"no word about it":             {[]string{"Origin", ""}, false},
		"a lie in upper case":          {[]string{"Origin", "", "Sec-Fetch-Site", "SAME-ORIGIN"}, false},
		"our name as a prefix":         {[]string{"Origin", b.url + ".evil.example"}, false},
		"our name as the user's name":  {[]string{"Origin", "http://" + host + "@evil.example"}, false},
		"an empty Sec-Fetch-Site line": {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", ""}, false},
	}
	bodies := map[string]string{
		"application/json": `{"symbol":"AAPL"}`, "application/json; charset=utf-8": `{"symbol":"AAPL"}`,
		"text/plain": `{"symbol":"AAPL"}`, "application/x-www-form-urlencoded": `{"symbol":"AAPL","x":"=1"}`,
		"multipart/form-data; boundary=x": "--x\r\n", "": `{"symbol":"AAPL"}`,
	}
	for name, source := range sources {
		for contentType, body := range bodies {
			want := 403
			if source.ours {
				want = 415
			}
			if source.ours && strings.HasPrefix(contentType, "application/json") {
				want = 201
			}
			headers := append([]string{"Content-Type", contentType}, source.headers...)
			if answer := v.call("POST", "/api/watchlist", body, headers...); answer.status != want {
				t.Errorf("%s with %q: %d, want %d", name, contentType, answer.status, want)
			} else if want == 201 {
				v.call("DELETE", "/api/watchlist/AAPL", nil).want(200)
			}
		}
		for _, method := range []string{"DELETE", "PUT", "PATCH", "POST"} {
			answer := v.call(method, "/api/accounts/paper", nil, append([]string{"X-HTTP-Method-Override", "DELETE"}, source.headers...)...)
			if !source.ours && answer.status != 403 {
				t.Errorf("%s, %s: %d", name, method, answer.status)
			}
			if source.ours && method == "DELETE" {
				v.call("POST", "/api/accounts", map[string]any{"name": "paper", "api_key": "PKTESTKEY123", "secret_key": "shh", "paper": true}).want(201)
			}
		}
	}
	v.call("GET", "/api/watchlist", nil).json(`[]`)
}

// TestNoAnswerLeadsToAnotherSite: wherever a path or a parameter points, a redirect stays here.
func TestNoAnswerLeadsToAnotherSite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.user("ann")
	address := strings.TrimPrefix(b.url, "http://")
	for _, target := range []string{
		"//evil.example", "//evil.example/..", "/\\evil.example", "/%2f%2fevil.example", "/%5cevil.example", "/.//evil.example", "/..//evil.example/",
		"/logout?next=https://evil.example", "/login?next=//evil.example", "/logout/..//evil.example", "/api//evil.example", "/api/..//evil.example/%2e%2e",
		"http://evil.example/", "http://evil.example//x", "/login?redirect=javascript:alert(1)", "///evil.example/%2f..", "/logout?next=%0d%0aLocation:%20https://evil.example",
	} {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
		fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: %s\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n", target, address)
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatalf("%s: %v", target, err)
		}
		location := response.Header.Get("Location")
		parsed, err := url.Parse(strings.ReplaceAll(location, "\\", "/"))
		if err != nil || parsed.Host != "" && parsed.Host != address || parsed.Scheme != "" && parsed.Scheme != "http" || response.Header.Get("Refresh") != "" {
			t.Errorf("%s leads to %q", target, location)
		}
		_ = response.Body.Close()
		_ = connection.Close()
	}
}
