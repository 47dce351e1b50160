package transit_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/core/registry"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/transit"
	"github.com/jcap24/alpaca-trader/internal/transit/transittest"
)

// The client is one of Tink's registry, the service an AEAD of Tink's.
var (
	_ registry.KMSClient   = transit.Client{}
	_ secret.KMSClient     = transit.Client{}
	_ tink.AEAD            = (*transit.Service)(nil)
	_ tink.AEADWithContext = (*transit.Service)(nil)
)

func open(t *testing.T, address, token string) *secret.KeyService {
	t.Helper()
	service, err := secret.OpenService(secret.NewText(address), transit.Client{Token: secret.NewText(token)})
	if err != nil {
		t.Fatal(err)
	}
	return service
}

func TestAKeyComesBackAlsoAfterTheEngineRotated(t *testing.T) {
	t.Parallel()
	engine := transittest.Start(t, "hush")
	service := open(t, engine.KeyAddress("trader"), "hush")
	key := secret.GenerateKey()
	first, err := service.Wrap(t.Context(), key)
	if err != nil || !strings.HasPrefix(string(first), "vault:v1:") || strings.Contains(string(first), key.Reveal()) {
		t.Fatalf("%s, %v", first, err)
	}
	engine.Rotate("trader")
	second, err := service.Wrap(t.Context(), key)
	if err != nil || !strings.HasPrefix(string(second), "vault:v2:") {
		t.Fatalf("%s, %v", second, err)
	}
	for _, wrapped := range [][]byte{first, second} {
		if got, err := service.Unwrap(t.Context(), wrapped); err != nil || got != key {
			t.Errorf("%s: %v", wrapped, err)
		}
	}
}

func TestEveryRefusalIsOneSentence(t *testing.T) {
	t.Parallel()
	engine := transittest.Start(t, "hush")
	wrapped, err := open(t, engine.KeyAddress("trader"), "hush").Wrap(t.Context(), secret.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	for name, test := range map[string]struct {
		service *secret.KeyService
		says    string
	}{
		"token":     {open(t, engine.KeyAddress("trader"), "wrong"), "refuses VAULT_TOKEN"},
		"other key": {open(t, engine.KeyAddress("other"), "hush"), "the version that is needed is gone"},
		"mount":     {open(t, strings.Replace(engine.KeyAddress("trader"), "/trader", "/elsewhere/trader", 1), "hush"), "has no key"},
		"nobody":    {open(t, "vault-transit+http://"+closed.Addr().String()+"/trader", "hush"), "does not answer"},
		"tls":       {open(t, strings.Replace(engine.KeyAddress("trader"), "+http", "", 1), "hush"), "does not answer"},
		"sealed":    {answering(t, 503, `{}`), "is sealed"},
		"redirect":  {answering(t, 307, `{}`), "does not answer as it should"},
		"no JSON":   {answering(t, 200, `<html>`), "not JSON"},
		"nothing":   {answering(t, 200, `{"data":{}}`), "has no plaintext"},
	} {
		_, err := test.service.Unwrap(t.Context(), wrapped)
		if said := fault.Public(err); err == nil || !strings.Contains(said, test.says) || strings.Contains(fmt.Sprint(err), "hush") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func answering(t *testing.T, status int, body string) *secret.KeyService {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return open(t, "vault-transit+http://"+server.Listener.Addr().String()+"/trader", "hush")
}

func TestASilentEngineIsGivenUp(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = open(t, "vault-transit+http://"+silent.Addr().String()+"/trader", "hush").Wrap(ctx, secret.GenerateKey())
	if !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
}

func TestAddressesAreChecked(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{
		"vault-transit://", "vault-transit://host", "vault-transit://host/", "vault-transit://host/a//b", "vault-transit://host/../x",
		"vault-transit://me:hunter2@host/x", "vault-transit://host/x?y", "vault-transit://host/x#y", "https://host/x", "vault-transit:x",
		"vault-transit://host/a/b/c/d/e", "vault-transit://host/%2e%2e", "vault-transit+http://vault.example/x", "aws-kms://key",
	} {
		if _, err := secret.OpenService(secret.NewText(wrong), transit.Client{Token: secret.NewText("t")}); !fault.Is(err, fault.Invalid) || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if _, err := (transit.Client{}).Open(secret.NewText("vault-transit://vault.example:8200/x")); err == nil || !strings.Contains(fault.Public(err), "VAULT_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
	if service := open(t, "vault-transit://vault.example:8200/x", "t"); service.Address() != "vault-transit://vault.example:8200/transit/x" {
		t.Errorf("address %s", service.Address())
	}
}

// TestTheAssociatedDataGoesAlong: what Tink's interface promises, also to others who use the client.
func TestTheAssociatedDataGoesAlong(t *testing.T) {
	t.Parallel()
	bodies := make(chan string, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
		_, _ = io.WriteString(w, `{"data":{"ciphertext":"vault:v1:x","plaintext":"aGVsbG8="}}`)
	}))
	t.Cleanup(server.Close)
	key, err := transit.Client{Token: secret.NewText("t")}.GetAEAD("vault-transit+http://" + server.Listener.Addr().String() + "/trader")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.Encrypt([]byte("hello"), []byte("where"))
	if got := <-bodies; err != nil || string(sealed) != "vault:v1:x" || got != `{"associated_data":"d2hlcmU=","plaintext":"aGVsbG8="}` {
		t.Errorf("%s, %v: sent %s", sealed, err, got)
	}
	opened, err := key.Decrypt(sealed, []byte("where"))
	if got := <-bodies; err != nil || string(opened) != "hello" || got != `{"associated_data":"d2hlcmU=","ciphertext":"vault:v1:x"}` {
		t.Errorf("%s, %v: sent %s", opened, err, got)
	}
}

// FuzzAnswers: whatever the engine answers, a key comes out or one sentence.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{`{"data":{"plaintext":"aGVsbG8="}}`, `{"data":{"plaintext":"%"}}`, `{"data":null}`, `[]`, `{`, "\xff", `{"data":{"plaintext":1}}`} {
		f.Add(200, seed)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 || status == 204 || status == 304 {
			return
		}
		key, err := answering(t, status, body).Unwrap(t.Context(), []byte("vault:v1:x"))
		if err == nil && key.IsEmpty() || err != nil && fault.Public(err) == fault.Public(nil) {
			t.Errorf("%d %q: %v", status, body, err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	for _, seed := range []string{"vault-transit://h:8200/k", "vault-transit+http://[::1]:1/m/k", "vault-transit://h/%00", "://", "vault-transit://h/k?x#y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		client := transit.Client{Token: secret.NewText("t")}
		service, err := client.Open(secret.NewText(address))
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", address, err)
			}
			return
		}
		if again, err := client.Open(secret.NewText(service.Address())); err != nil || again.Address() != service.Address() {
			t.Errorf("%q became %q, then %v", address, service.Address(), err)
		}
	})
}

// A service inside of one's own network is known by one's own authority alone.
func TestTheNamedAuthorityAloneVouches(t *testing.T) {
	t.Parallel()
	inside := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":{"ciphertext":"vault:v1:AAAA"}}`)
	}))
	inside.Config.ErrorLog = log.New(io.Discard, "", 0)
	inside.StartTLS()
	t.Cleanup(inside.Close)
	authority, empty := filepath.Join(t.TempDir(), "authority.pem"), filepath.Join(t.TempDir(), "empty.pem")
	write(t, authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: inside.Certificate().Raw}))
	write(t, empty, nil)
	address := secret.NewText("vault-transit://" + inside.Listener.Addr().String() + "/trader")
	for name, works := range map[string]bool{authority: true, "": false} {
		service, err := transit.Client{Token: secret.NewText("t"), Authorities: name}.Open(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := service.Encrypt([]byte("x"), nil); (err == nil) != works || !works && !strings.Contains(fault.Public(err), "VAULT_CACERT") {
			t.Errorf("authorities %q: %v", name, err)
		}
	}
	for _, useless := range []string{empty, authority + ".missing"} {
		if _, err := (transit.Client{Token: secret.NewText("t"), Authorities: useless}).Open(address); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "VAULT_CACERT") {
			t.Errorf("%s: %v", useless, err)
		}
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
