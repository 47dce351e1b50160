package api_test

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
)

func networks(texts ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func TestWhoIsTheClient(t *testing.T) {
	t.Parallel()
	proxies := networks("10.0.0.0/8", "fd00::/8")
	for _, test := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"198.51.100.9:4711", nil, "198.51.100.9"},
		{"198.51.100.9:4711", []string{"203.0.113.7"}, "198.51.100.9"}, // not a proxy of ours: a lie
		{"10.0.0.1:80", nil, "10.0.0.1"},
		{"10.0.0.1:80", []string{"203.0.113.7"}, "203.0.113.7"},
		{"10.0.0.1:80", []string{"6.6.6.6, 203.0.113.7"}, "203.0.113.7"},                   // what stands left was forged
		{"10.0.0.1:80", []string{"6.6.6.6", "203.0.113.7, 10.0.0.2"}, "203.0.113.7"},       // two proxies, two headers
		{"10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},                        // all of it ours
		{"10.0.0.1:80", []string{"203.0.113.7, not an address"}, "10.0.0.1"},               // nothing behind nonsense counts
		{"10.0.0.1:80", []string{"203.0.113.7:1234"}, "203.0.113.7"},                       // some proxies add the port
		{"[fd00::1]:80", []string{"[2001:db8::5]:99"}, "2001:db8::5"},                      //
		{"[fd00::1]:80", []string{"2001:DB8:0::5"}, "2001:db8::5"},                         // one form for each address
		{"[::ffff:10.0.0.1]:80", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},            // IPv4 inside IPv6
		{"[fe80::1%eth0]:80", []string{"203.0.113.7"}, "fe80::1"},                          //
		{"10.0.0.1:80", []string{""}, "10.0.0.1"},                                          //
		{"10.0.0.1:80", []string{"unknown, 203.0.113.7"}, "203.0.113.7"},                   //
		{"@", []string{"203.0.113.7"}, "@"},                                                // a socket without an address
		{"10.0.0.1:80", []string{strings.Repeat("6.6.6.6,", 1000) + "1.1.1.1"}, "1.1.1.1"}, //
	} {
		request := &http.Request{RemoteAddr: test.peer, Header: http.Header{"X-Forwarded-For": test.forwarded, "Forwarded": {"for=6.6.6.6"}, "X-Real-Ip": {"6.6.6.6"}}}
		if got := api.ClientAddress(request, proxies); got != test.want {
			t.Errorf("%s, %.60q: %s, want %s", test.peer, test.forwarded, got, test.want)
		}
	}
}

// FuzzForwardedFor: nobody but a proxy of ours changes the address, and what comes out is one.
func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{"203.0.113.7", "6.6.6.6, 10.0.0.2", "[::1]:1, ,", "fe80::1%x", "\x00", "1.2.3.4:99999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		forwarded := http.Header{"X-Forwarded-For": {header}}
		stranger := &http.Request{RemoteAddr: "198.51.100.9:1", Header: forwarded}
		if got := api.ClientAddress(stranger, networks("10.0.0.0/8")); got != "198.51.100.9" {
			t.Errorf("%q moved a stranger to %s", header, got)
		}
		proxy := &http.Request{RemoteAddr: "10.0.0.1:1", Header: forwarded}
		if _, err := netip.ParseAddr(api.ClientAddress(proxy, networks("10.0.0.0/8"))); err != nil {
			t.Errorf("%q: %v", header, err)
		}
	})
}

func TestTheClientsAddressIsInSessionsAndAudit(t *testing.T) {
	t.Parallel()
	b := setup(t, func(_ *app.Config, c *api.Config) { c.TrustedProxies = networks("127.0.0.1/32") })
	v := b.user("ann")
	v.call("POST", "/api/auth/login", map[string]any{"username": "ann", "password": password}, "X-Forwarded-For", "6.6.6.6, 203.0.113.7").want(200)
	if sessions := v.call("GET", "/api/sessions", nil).want(200).text; !strings.Contains(sessions, `"203.0.113.7"`) || strings.Contains(sessions, "6.6.6.6") {
		t.Errorf("sessions: %s", sessions)
	}
	links, err := b.store.AuditLinks(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if last := links[len(links)-1]; last.Address != "203.0.113.7" {
		t.Errorf("the audit has %q", last.Address)
	}
}

func TestOnlyATrustedProxySpeaksOfTLS(t *testing.T) {
	t.Parallel()
	plain := setup(t).visitor().call("GET", "/", nil, "X-Forwarded-Proto", "https")
	proxied := setup(t, func(_ *app.Config, c *api.Config) { c.TrustedProxies = networks("127.0.0.0/8") }).visitor().call("GET", "/", nil, "X-Forwarded-Proto", "https")
	if plain.header.Get("Strict-Transport-Security") != "" || proxied.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("HSTS: %q and %q", plain.header.Get("Strict-Transport-Security"), proxied.header.Get("Strict-Transport-Security"))
	}
}

// FuzzHost: no name of another machine counts as this one.
func FuzzHost(f *testing.F) {
	for _, seed := range []string{"localhost:5000", "[::1]", "127.0.0.1.evil.example", "localhost.", "[::1]:x:y", "[[::1]]", "::1%evil", "127.1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if !api.LoopbackHost(host) {
			return
		}
		name, _, err := net.SplitHostPort(host)
		if err != nil {
			name = strings.Trim(host, "[]")
		}
		if address, err := netip.ParseAddr(name); !strings.EqualFold(name, "localhost") && (err != nil || !address.IsLoopback()) {
			t.Errorf("%q counts as this machine", host)
		}
	})
}
