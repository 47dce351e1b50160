package config

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// TLS says how the program itself proves to browsers who it is: with a certificate from files, with
// one that it gets by ACME, or not at all.
type TLS struct {
	CertFile string // PEM, the server's own certificate first
	KeyFile  string // PEM

	Domains   []string // names for which a certificate is got by ACME (RFC 8555)
	Email     string   // contact for the authority; may be empty
	Directory string   // the authority's directory address
	HTTPBind  string   // host:port for HTTP-01 challenges; empty: TLS-ALPN-01 alone
	Cache     string   // folder of the account's key and the certificates
}

// Letsencrypt's directory, as https://letsencrypt.org/docs/acme-protocol-updates publishes it.
const defaultACMEDirectory = "https://acme-v02.api.letsencrypt.org/directory"

// Files reports whether the certificate comes from files.
func (t TLS) Files() bool { return t.CertFile != "" }

// ACME reports whether the certificate comes from an authority by itself.
func (t TLS) ACME() bool { return len(t.Domains) > 0 }

// On reports whether the program speaks TLS itself.
func (t TLS) On() bool { return t.Files() || t.ACME() }

// check refuses half a pair and two sources of one certificate.
func (t TLS) check() error {
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		return fault.New(fault.Invalid, "TLS_CERT_FILE is set but TLS_KEY_FILE is not; set both or none.")
	case t.KeyFile != "" && t.CertFile == "":
		return fault.New(fault.Invalid, "TLS_KEY_FILE is set but TLS_CERT_FILE is not; set both or none.")
	case t.Files() && t.ACME():
		return fault.New(fault.Invalid, "TLS_CERT_FILE and TLS_ACME_DOMAINS are both set; the certificate comes either from files or by ACME.")
	case t.HTTPBind != "" && !t.ACME():
		return fault.New(fault.Invalid, "TLS_ACME_HTTP_BIND is set but TLS_ACME_DOMAINS is not; name the domains.")
	}
	return nil
}

// place makes the paths absolute; certificates got by ACME are kept beside the database.
func (t *TLS) place(dir, folder string) {
	for _, path := range []*string{&t.CertFile, &t.KeyFile, &t.Cache} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
	if t.Cache == "" {
		t.Cache = filepath.Join(folder, "alpaca_trader.acme")
	}
}

// applyTLS checks the settings; the first domain is where browsers reach the dashboard, unless
// PUBLIC_URL says otherwise.
func (c *Config) applyTLS() error {
	if c.TLS.ACME() && c.PublicURL == "" {
		c.PublicURL = "https://" + c.TLS.Domains[0]
	}
	if c.TLS.On() && strings.HasPrefix(c.PublicURL, "http://") {
		return fault.New(fault.Invalid, "PUBLIC_URL begins with http://, but the program speaks TLS itself; begin it with https://.")
	}
	return c.TLS.check()
}

func parseDomains(value string) ([]string, error) {
	var domains []string
	for _, name := range strings.Split(value, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" || net.ParseIP(name) != nil || !strings.Contains(name, ".") || strings.ContainsAny(name, "*/: \t") {
			return nil, fmt.Errorf("holds %q; use names such as trader.example.com, separated by commas", name)
		}
		domains = append(domains, name)
	}
	return domains, nil
}

func parseDirectory(value string) (string, error) {
	address, err := parseBrokerURL(value)
	if err != nil {
		return "", errors.New("must be the https address of an ACME directory, such as " + defaultACMEDirectory)
	}
	return address, nil
}
