package daemon_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// journal is a log that tests read while it is written.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) count(words string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), words)
}

func (j *journal) all() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// configured returns the configuration of these settings, with keys, in a folder of its own.
func configured(t *testing.T, settings ...string) config.Config {
	t.Helper()
	cfg, err := config.Load(config.Source{Environ: settings, Dir: t.TempDir()})
	if err == nil {
		cfg, err = cfg.WithKeys()
	}
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// dashboard serves until the test ends, and returns the address and the log.
func dashboard(t *testing.T, options daemon.Options) (string, *journal) {
	t.Helper()
	written := &journal{}
	out, in := io.Pipe()
	options.Stdout, options.Log = in, slog.New(slog.NewTextHandler(written, nil))
	if options.Bind == "" {
		options.Bind = "127.0.0.1:0"
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := daemon.Serve(ctx, options)
		_ = in.CloseWithError(io.ErrUnexpectedEOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server said %q: %v", line, err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "listening on ")), written
}

// pair is a self-signed certificate for localhost and its key, in PEM.
type pair struct{ certificate, key []byte }

func newPair(t *testing.T, serial int64) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: inner}),
	}
}

// replace puts text into the place of the file at once, as certificate programs do.
func replace(t *testing.T, file string, text []byte) {
	t.Helper()
	draft := file + ".new"
	if err := os.WriteFile(draft, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(draft, file); err != nil {
		t.Fatal(err)
	}
}

// browser trusts the certificates and names localhost whatever the address is.
func browser(trusted ...pair) *http.Transport {
	pool := x509.NewCertPool()
	for _, p := range trusted {
		pool.AppendCertsFromPEM(p.certificate)
	}
	return &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "localhost"}, ForceAttemptHTTP2: true}
}

// look asks for a page by the transport.
func look(t *testing.T, through http.RoundTripper, address string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "localhost"
	response, err := through.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response
}

// signedIn registers a user, signs in and returns the cookies.
func signedIn(t *testing.T, through http.RoundTripper, address string) []*http.Cookie {
	t.Helper()
	var cookies []*http.Cookie
	for _, path := range []string{"/api/auth/register", "/api/auth/login"} {
		user := strings.NewReader(`{"username":"alice","email":"alice@example.org","password":"correct horse battery staple"}`)
		if path == "/api/auth/login" {
			user = strings.NewReader(`{"username":"alice","password":"correct horse battery staple"}`)
		}
		answer, err := (&http.Client{Transport: through}).Post(address+path, "application/json", user)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if cookies = answer.Cookies(); answer.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s: %s", path, answer.Status)
		}
	}
	return cookies
}

func serialOf(response *http.Response) int64 {
	return response.TLS.PeerCertificates[0].SerialNumber.Int64()
}

func TestTLSFromFilesFollowsTheFiles(t *testing.T) {
	t.Parallel()
	folder, first, second := t.TempDir(), newPair(t, 1), newPair(t, 2)
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	replace(t, certFile, first.certificate)
	replace(t, keyFile, first.key)
	address, log := dashboard(t, daemon.Options{Config: configured(t, "TLS_CERT_FILE="+certFile, "TLS_KEY_FILE="+keyFile)})
	if !strings.HasPrefix(address, "https://127.0.0.1:") {
		t.Fatalf("it listens on %s", address)
	}
	stays := browser(first, second)
	served := look(t, stays, address+"/")
	if served.ProtoMajor != 2 || serialOf(served) != 1 || served.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s with certificate %d and headers %v", served.Proto, serialOf(served), served.Header)
	}
	cookies := signedIn(t, stays, address)
	session := slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return c.Name == "__Host-sid" && c.Secure })
	if !session || slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return !c.Secure }) {
		t.Errorf("a session is held by %v", cookies)
	}

	replace(t, certFile, second.certificate) // half of the new pair
	for range 3 {
		if got := serialOf(look(t, browser(first, second), address+"/")); got != 1 {
			t.Fatalf("with half a pair certificate %d is shown", got)
		}
	}
	if said := log.count("the changed TLS certificate cannot be used; the earlier one stays"); said != 1 {
		t.Errorf("it was said %d times that the pair does not fit", said)
	}
	replace(t, keyFile, second.key[:len(second.key)/2]) // half-written
	if got := serialOf(look(t, browser(first, second), address+"/")); got != 1 {
		t.Errorf("with half a key certificate %d is shown", got)
	}
	replace(t, keyFile, second.key)
	if got := serialOf(look(t, browser(first, second), address+"/")); got != 2 {
		t.Errorf("after the change certificate %d is shown", got)
	}
	if got := serialOf(look(t, stays, address+"/")); got != 1 {
		t.Errorf("the open connection was dropped: certificate %d", got)
	}
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	if got := serialOf(look(t, browser(second), address+"/")); got != 2 {
		t.Errorf("without the key's file certificate %d is shown", got)
	}
	for what, old := range map[string]*tls.Config{
		"TLS 1.1": {MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
		"a cipher without authentication": {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
	} {
		old.RootCAs, old.ServerName = stays.TLSClientConfig.RootCAs, "localhost"
		if connection, err := tls.Dial("tcp", strings.TrimPrefix(address, "https://"), old); err == nil {
			_ = connection.Close()
			t.Errorf("%s was accepted", what)
		}
	}
}

func TestACertificateThatCannotBeUsedIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	folder, one, other := t.TempDir(), newPair(t, 1), newPair(t, 2)
	for name, text := range map[string][]byte{"cert.pem": one.certificate, "key.pem": one.key, "other.pem": other.key, "empty.pem": nil} {
		replace(t, filepath.Join(folder, name), text)
	}
	for _, wrong := range []struct{ cert, key, says string }{
		{"cert.pem", "other.pem", "private key does not match"},
		{"key.pem", "key.pem", "cannot be used"},
		{"cert.pem", "missing.pem", "no such file"},
		{"empty.pem", "key.pem", "cannot be used"},
	} {
		cfg := configured(t, "TLS_CERT_FILE="+filepath.Join(folder, wrong.cert), "TLS_KEY_FILE="+filepath.Join(folder, wrong.key))
		err := daemon.Serve(t.Context(), daemon.Options{Config: cfg, Bind: "127.0.0.1:0", Stdout: io.Discard, Log: slog.New(slog.DiscardHandler)})
		if said := fault.Public(err); !fault.Is(err, fault.Invalid) || !strings.Contains(said, wrong.says) || !strings.Contains(said, "TLS_KEY_FILE") || strings.Contains(said, "\n") {
			t.Errorf("%s with %s: %q", wrong.cert, wrong.key, said)
		}
		if file, _ := cfg.DatabaseFile(); fileExists(file) {
			t.Errorf("%s with %s: a database was made", wrong.cert, wrong.key)
		}
	}
}

func fileExists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// The manager's socket is a real one, as systemd makes it.
func TestTheServiceManagerIsTold(t *testing.T) {
	t.Parallel()
	folder, err := os.MkdirTemp("", "notify") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	socket := filepath.Join(folder, "socket")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	_ = manager.SetReadDeadline(time.Now().Add(time.Minute))
	hear := func(wanted string) {
		t.Helper()
		for said := ""; said != wanted; {
			buffer := make([]byte, 1024)
			n, err := manager.Read(buffer)
			if err != nil {
				t.Fatalf("%s was not said: %v", wanted, err)
			}
			said = string(buffer[:n])
		}
	}
	source := config.Source{Environ: []string{"NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=20000"}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	options := daemon.Options{Config: configured(t), Bind: "127.0.0.1:0", Stdout: io.Discard, Log: slog.New(slog.DiscardHandler), Supervisor: source.Supervisor()}
	go func() { ended <- daemon.Serve(ctx, options) }()
	hear("READY=1")
	hear("WATCHDOG=1")
	hear("WATCHDOG=1")
	stop()
	hear("STOPPING=1")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
