package ratelimit_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// A Redis inside of one's own network is known by one's own authority alone, and knows the program by its certificate.
func TestRedisByCertificates(t *testing.T) {
	t.Parallel()
	pair := certificateOfTests(t)
	server := miniredis.NewMiniRedis()
	if err := server.StartTLS(&tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	folder := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, private := filepath.Join(folder, "certificate.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]}, private: {Type: "PRIVATE KEY", Bytes: key}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, own := "&sslrootcert="+certificate, "&sslcert="+certificate+"&sslkey="+private
	for query, works := range map[string]bool{root + own: true, root: false, own: false, "": false} {
		redis, err := ratelimit.OpenRedis(secret.NewText("rediss://" + server.Addr() + patient + query))
		if err != nil {
			t.Fatal(err)
		}
		if err := redis.Ping(t.Context()); (err == nil) != works {
			t.Errorf("%s: %v", query, err)
		}
		_ = redis.Close()
	}
	for _, useless := range []string{
		"rediss://host:1/0?sslrootcert=" + private, "rediss://host:1/0?sslrootcert=" + folder, "rediss://host:1/0?sslcert=" + certificate,
		"rediss://host:1/0?sslkey=" + private, "redis://host:1/0?sslrootcert=" + certificate,
	} {
		if _, err := ratelimit.OpenRedis(secret.NewText(useless)); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "RATE_LIMIT_STORAGE") {
			t.Errorf("%s: %v", useless, err)
		}
	}
}

// certificateOfTests is one for 127.0.0.1 that vouches for itself.
func certificateOfTests(t *testing.T) tls.Certificate {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	return server.TLS.Certificates[0]
}
