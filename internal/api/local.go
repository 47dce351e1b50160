package api

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// alone hands every request on as the built-in user's: a single-user dashboard has no sign-in.
func (s *server) alone(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		known := requestOf(r.Context())
		local := app.LocalPrincipal(*s.Local, s.Clock.Now())
		local.Address, local.UserAgent = known.principal.Address, known.principal.UserAgent
		known.principal = local
		next.ServeHTTP(w, r)
	})
}

// refuseSignIn refuses the routes that a single-user dashboard does not have: sign-in, other users,
// API tokens, administration.
func (s *server) refuseSignIn(called route) error {
	switch called.permission {
	case auth.Read, auth.Write, auth.Trade, auth.Accounts:
		return nil
	case auth.Public:
		switch called.path {
		case "/health", "/livez", "/readyz", "/api/session":
			return nil
		}
	}
	return fault.New(fault.Forbidden, "The single-user dashboard has no sign-in, no other users and no administration. Serve dashboard-secure for those.")
}

// forwardingHeaders are what proxies add: behind one, a single-user dashboard would be everybody's.
var forwardingHeaders = []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"}

// sheltered lets in only what was sent on this machine by our own page or by a program, because who
// reaches a single-user dashboard needs nothing else. Refused are
//   - other machines, also behind a proxy on this one;
//   - foreign host names, which another site's page has when its name was made to point here (DNS
//     rebinding);
//   - what a page of another origin sends, be it a form, a fetch, a picture or a frame. Browsers mark
//     those by Sec-Fetch-Site or Origin, also for GET; of them only a followed link opens the page.
func (s *server) sheltered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !loopbackPeer(r.RemoteAddr) || forwarded(r.Header):
			refused(r.Context(), http.StatusForbidden, "The single-user dashboard serves this machine only, without a proxy. For other machines use dashboard-secure.", "not from this machine").write(w)
		case !loopbackHost(r.Host):
			refused(r.Context(), http.StatusMisdirectedRequest, "This server answers to localhost only.", "foreign host name").write(w)
		case foreignPage(r):
			refused(r.Context(), http.StatusForbidden, "This request comes from another site and was refused.", "foreign page").write(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func loopbackPeer(address string) bool {
	peer, err := netip.ParseAddrPort(address)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

func forwarded(header http.Header) bool {
	for _, name := range forwardingHeaders {
		if len(header.Values(name)) > 0 {
			return true
		}
	}
	return false
}

// foreignPage reports whether a page that is not ours sent the request. Pages on other ports of this
// machine are foreign too.
func foreignPage(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host {
			return true
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	followed := r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	return !followed || !isPage(r.URL.Path)
}

// isPage reports whether the path is one of the web application's.
func isPage(path string) bool {
	return path != "/openapi.json" && path != "/api" && !strings.HasPrefix(path, "/api/")
}
