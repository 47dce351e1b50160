package daemon_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// freeAddress is an address that nobody listens on, for a moment at least.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// shake makes a TLS connection by the name and returns the certificate that was shown.
func shake(address, name string, roots *x509.CertPool) (*x509.Certificate, error) {
	connection, err := tls.Dial("tcp", strings.TrimPrefix(address, "https://"), &tls.Config{ServerName: name, RootCAs: roots})
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0], nil
}

// awaitLog waits until the log says the words.
func awaitLog(t *testing.T, log *journal, words string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for log.count(words) == 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			t.Fatalf("the log never said %q:\n%s", words, log.all())
		}
	}
}

func TestACMEGetsACertificateByEitherChallenge(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"http-01", "tls-alpn-01"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			given, bind := newAuthority(t, kind), freeAddress(t)
			given.connectTo = bind
			settings := []string{
				"TLS_ACME_DOMAINS=trader.example.com", "TLS_ACME_EMAIL=you@example.com",
				"TLS_ACME_DIRECTORY=" + given.URL + "/directory",
			}
			second := ""
			if kind == "http-01" {
				second = bind
				settings, bind = append(settings, "TLS_ACME_HTTP_BIND="+second), "127.0.0.1:0"
			}
			cfg := configured(t, settings...)
			address, log := dashboard(t, daemon.Options{Config: cfg, Bind: bind})
			awaitLog(t, log, "TLS certificate ready")
			roots := x509.NewCertPool()
			roots.AddCert(given.self)
			shown, err := shake(address, "trader.example.com", roots)
			if err != nil {
				t.Fatal(err)
			}
			if shown.SerialNumber.Int64() != 101 || !slices.Equal(given.contacts(), []string{"mailto:you@example.com"}) {
				t.Errorf("certificate %d was shown, contact %v", shown.SerialNumber, given.contacts())
			}
			if _, err := shake(address, "other.example.com", roots); err == nil || given.count() != 1 {
				t.Errorf("for a strange name: %v, %d orders", err, given.count())
			}
			folder, err := os.Stat(cfg.TLS.Cache)
			if err != nil || folder.Mode().Perm() != 0o700 {
				t.Errorf("the folder: %v %v", folder, err)
			}
			if second != "" {
				redirected(t, second)
			}
		})
	}
}

// redirected checks that plain HTTP leads a browser to the dashboard whatever name is given, and no program.
func redirected(t *testing.T, address string) {
	t.Helper()
	for _, asked := range []struct {
		method, path, to string
		status           int
	}{
		{http.MethodGet, "/login?next=%2F", "https://trader.example.com/login?next=%2F", http.StatusPermanentRedirect},
		{http.MethodGet, "/api/account", "", http.StatusBadRequest},
		{http.MethodPost, "/login", "", http.StatusBadRequest},
	} {
		request, err := http.NewRequestWithContext(t.Context(), asked.method, "http://"+address+asked.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = "evil.example"
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if to := answer.Header.Get("Location"); answer.StatusCode != asked.status || to != asked.to {
			t.Errorf("%s %s: %s to %q", asked.method, asked.path, answer.Status, to)
		}
	}
}

func TestARestartKeepsTheCertificateOfTheAuthority(t *testing.T) {
	t.Parallel()
	given, bind := newAuthority(t, "tls-alpn-01"), freeAddress(t)
	given.connectTo = bind
	cache := filepath.Join(t.TempDir(), "acme")
	settings := []string{"TLS_ACME_DOMAINS=trader.example.com", "TLS_ACME_DIRECTORY=" + given.URL + "/directory", "TLS_ACME_CACHE=" + cache}
	for range 2 {
		t.Run("start", func(t *testing.T) {
			_, log := dashboard(t, daemon.Options{Config: configured(t, settings...), Bind: bind})
			awaitLog(t, log, "TLS certificate ready")
		})
	}
	if given.count() != 1 {
		t.Errorf("the authority was asked %d times", given.count())
	}
	if err := os.Chmod(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	err := daemon.Serve(t.Context(), daemon.Options{Config: configured(t, settings...), Bind: "127.0.0.1:0", Stdout: io.Discard, Log: slog.New(slog.DiscardHandler)})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "chmod 700") {
		t.Errorf("a folder that others can enter: %v", err)
	}
}

func TestAnAuthorityThatRefusesIsSaid(t *testing.T) {
	t.Parallel()
	given := newAuthority(t, "http-01")
	given.connectTo = freeAddress(t) // nobody answers there
	cfg := configured(t, "TLS_ACME_DOMAINS=trader.example.com", "TLS_ACME_DIRECTORY="+given.URL+"/directory", "TLS_ACME_HTTP_BIND=127.0.0.1:0")
	_, log := dashboard(t, daemon.Options{Config: cfg})
	awaitLog(t, log, "the authority gave no TLS certificate")
}
