package daemon

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// FuzzCertificateFiles: two files are a certificate with its key, or one sentence that shows
// neither's content.
func FuzzCertificateFiles(f *testing.F) {
	public, private, err := ed25519.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		f.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Unix(1e10, 0)}
	made, err := x509.CreateCertificate(nil, template, template, public, private)
	if err != nil {
		f.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		f.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made})
	secretKey := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	f.Add(certificate, secretKey)
	f.Add(secretKey, certificate)
	f.Add(certificate, []byte("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"))
	f.Add([]byte{}, []byte("hunter2hunter2"))
	f.Fuzz(func(t *testing.T, certificate, key []byte) {
		folder := t.TempDir()
		files := [2]string{filepath.Join(folder, "cert"), filepath.Join(folder, "key")}
		for i, content := range [][]byte{certificate, key} {
			if err := os.WriteFile(files[i], content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := openCertificateFiles(files[0], files[1], slog.New(slog.DiscardHandler))
		if err != nil && (!fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hunter2") || strings.Contains(fault.Public(err), "\n")) {
			t.Errorf("%v", err)
		}
	})
}

// FuzzHealth: whatever answers at the server's address, one sentence comes of it.
func FuzzHealth(f *testing.F) {
	for _, body := range []string{"", "{}", `{"status":"ready"}`, `{"status":"not ready","reasons":["The database does not answer."]}`, `{"reasons":[null]}`, "<html>", `[1]`} {
		f.Add(200, body)
		f.Add(503, body)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		err := readHealth(&http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(body))}, "http://x")
		if err == nil && (status != http.StatusOK || !strings.Contains(body, "ready")) || err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("%d %q: %v", status, body, err)
		}
	})
}
