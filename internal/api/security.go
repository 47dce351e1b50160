package api

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// contentPolicy lets pages run their own hashed files and nothing else; no other origin is contacted.
// Markup reaches a page by one door alone, the policy in which Svelte makes its own templates.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types svelte-trusted-html"

const permissionsPolicy = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), " +
	"geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), " +
	"publickey-credentials-create=(self), publickey-credentials-get=(self), screen-wake-lock=(), sync-xhr=(), usb=(), xr-spatial-tracking=()"

// securityHeaders are on every answer.
var securityHeaders = map[string]string{
	"Content-Security-Policy":      contentPolicy,
	"Permissions-Policy":           permissionsPolicy,
	"X-Content-Type-Options":       "nosniff",
	"X-Frame-Options":              "DENY",
	"Referrer-Policy":              "same-origin",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
}

const twoYears = "max-age=63072000; includeSubDomains"

// armed puts the security headers on every answer.
func (s *server) armed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range securityHeaders {
			w.Header().Set(name, value)
		}
		if s.Secure || secureRequest(r, s.TrustedProxies) {
			w.Header().Set("Strict-Transport-Security", twoYears)
		}
		next.ServeHTTP(w, r)
	})
}

// hosted refuses foreign host names, where the server knows its own: a page of another site whose
// name was made to point here (DNS rebinding) would otherwise count as our own origin. Only who
// asks for the server's health may do so by its address.
func (s *server) hosted(next http.Handler) http.Handler {
	if s.Local != nil {
		return s.sheltered(next)
	}
	if !s.LoopbackOnly && s.PublicURL == "" {
		return next
	}
	name := publicName(s.PublicURL)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !loopbackHost(r.Host) && !strings.EqualFold(hostName(r.Host), name) && !probes[r.URL.Path] {
			refused(r.Context(), http.StatusMisdirectedRequest, "This server answers to "+name+" only.", "foreign host name").write(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// publicName is the host name of the public address, localhost without one.
func publicName(publicURL string) string {
	if address, err := url.Parse(publicURL); err == nil && publicURL != "" {
		return address.Hostname()
	}
	return "localhost"
}

// hostName is the host without its port.
func hostName(hostport string) string {
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		return name
	}
	return strings.Trim(hostport, "[]")
}

func loopbackHost(hostport string) bool {
	host := hostName(hostport)
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || (err == nil && address.IsLoopback())
}

// sameOrigin refuses what another site's page sends (CSRF). The standard library's check passes
// requests that carry neither Sec-Fetch-Site nor Origin, because no browser sends them; with a
// session cookie they are refused too.
func (s *server) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	if s.PublicURL != "" { // a proxy may have put another host name into the request
		if err := protection.AddTrustedOrigin(s.PublicURL); err != nil {
			panic("the public address is no origin: " + s.PublicURL)
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, fault.New(fault.Forbidden, "This request comes from another site and was refused."))
	}))
	return protection.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, noCookie := r.Cookie(s.sessions.Cookie.Name)
		if unsafe(r) && noCookie == nil && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
			writeProblem(w, r, fault.New(fault.Forbidden, "A change with a session cookie needs an Origin header that names this server."))
			return
		}
		next.ServeHTTP(w, r)
	}))
}

func unsafe(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

// jsonOnly refuses bodies of another type, which forms of other sites could send without asking,
// and packed ones, which may grow a thousandfold.
func jsonOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if packing := r.Header.Get("Content-Encoding"); packing != "" && packing != "identity" {
			w.Header().Set("Accept-Encoding", "identity")
			refused(r.Context(), http.StatusUnsupportedMediaType, "Send the body as it is, without Content-Encoding.", "packed body").write(w)
			return
		}
		if unsafe(r) && r.ContentLength != 0 && !isJSON(r.Header.Get("Content-Type")) {
			refused(r.Context(), http.StatusUnsupportedMediaType, "Send the body as application/json.", "not JSON").write(w)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func isJSON(contentType string) bool {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	charset := parameters["charset"]
	return err == nil && mediaType == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}
