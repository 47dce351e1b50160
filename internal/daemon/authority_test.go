package daemon_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// authority is an ACME server (RFC 8555) of one account, one order at a time and one kind of
// challenge. It proves control of the name as a real one does, by connecting; what it does not
// look at is the signature of requests.
type authority struct {
	*httptest.Server
	kind      string // http-01 or tls-alpn-01
	connectTo string // where the name is served: host:port of HTTP-01, or of TLS

	mu      sync.Mutex
	contact []string
	key     *ecdsa.PrivateKey
	self    *x509.Certificate
	thumb   string // of the account's key
	domain  string
	proved  bool
	chain   []byte
	orders  int
	failed  error
}

const challengeToken = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"

func newAuthority(t *testing.T, kind string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	self, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{kind: kind, key: key, self: self}
	a.Server = httptest.NewServer(a.routes())
	t.Cleanup(a.Close)
	return a
}

// count is how many certificates were ordered.
func (a *authority) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.orders
}

func (a *authority) contacts() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.contact
}

func (a *authority) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /directory", func(w http.ResponseWriter, _ *http.Request) {
		a.answer(w, http.StatusOK, map[string]any{"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/account", "newOrder": a.URL + "/order"})
	})
	mux.HandleFunc("HEAD /nonce", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Replay-Nonce", "first") })
	mux.HandleFunc("POST /account", a.account)
	mux.HandleFunc("POST /order", func(w http.ResponseWriter, r *http.Request) {
		var order struct{ Identifiers []struct{ Value string } }
		a.read(r, &order)
		a.mu.Lock()
		a.domain, a.proved, a.chain, a.failed = order.Identifiers[0].Value, false, nil, nil
		a.orders++
		a.mu.Unlock()
		w.Header().Set("Location", a.URL+"/orders/1")
		a.answer(w, http.StatusCreated, a.order())
	})
	mux.HandleFunc("POST /orders/1", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, http.StatusOK, a.order()) })
	mux.HandleFunc("POST /authorizations/1", func(w http.ResponseWriter, _ *http.Request) { a.answer(w, http.StatusOK, a.authorization()) })
	mux.HandleFunc("POST /challenges/1", a.challenge)
	mux.HandleFunc("POST /finalize/1", a.finalize)
	mux.HandleFunc("POST /certificates/1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Header().Set("Replay-Nonce", "next")
		_, _ = w.Write(a.chain)
	})
	return mux
}

func (a *authority) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Replay-Nonce", "next")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// read decodes the payload of a signed request into body, and returns its protected header.
func (a *authority) read(r *http.Request, body any) (header struct{ JWK map[string]string }) {
	var signed struct{ Protected, Payload string }
	_ = json.NewDecoder(r.Body).Decode(&signed)
	protected, _ := base64.RawURLEncoding.DecodeString(signed.Protected)
	_ = json.Unmarshal(protected, &header)
	payload, _ := base64.RawURLEncoding.DecodeString(signed.Payload)
	_ = json.Unmarshal(payload, body)
	return header
}

// account remembers the thumbprint of the account's key (RFC 7638).
func (a *authority) account(w http.ResponseWriter, r *http.Request) {
	var account struct{ Contact []string }
	jwk := a.read(r, &account).JWK
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":%q,"kty":%q,"x":%q,"y":%q}`, jwk["crv"], jwk["kty"], jwk["x"], jwk["y"]))
	a.mu.Lock()
	a.thumb, a.contact = base64.RawURLEncoding.EncodeToString(sum[:]), account.Contact
	a.mu.Unlock()
	w.Header().Set("Location", a.URL+"/accounts/1")
	a.answer(w, http.StatusCreated, map[string]any{"status": "valid"})
}

func (a *authority) order() map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	order := map[string]any{
		"status": "pending", "identifiers": []map[string]string{{"type": "dns", "value": a.domain}},
		"authorizations": []string{a.URL + "/authorizations/1"}, "finalize": a.URL + "/finalize/1",
	}
	switch {
	case a.chain != nil:
		order["status"], order["certificate"] = "valid", a.URL+"/certificates/1"
	case a.proved:
		order["status"] = "ready"
	}
	return order
}

func (a *authority) authorization() map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	status := "pending"
	if a.proved {
		status = "valid"
	} else if a.failed != nil {
		status = "invalid"
	}
	return map[string]any{
		"status": status, "identifier": map[string]string{"type": "dns", "value": a.domain},
		"challenges": []map[string]string{{"type": a.kind, "url": a.URL + "/challenges/1", "token": challengeToken, "status": status}},
	}
}

// challenge connects to where the name is served.
func (a *authority) challenge(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	if a.kind == "http-01" {
		a.failed = a.proveByHTTP(r)
	} else {
		a.failed = a.proveByALPN()
	}
	a.proved = a.failed == nil
	a.mu.Unlock()
	a.answer(w, http.StatusOK, map[string]string{"type": a.kind, "url": a.URL + "/challenges/1", "token": challengeToken, "status": "processing"})
}

func (a *authority) proveByHTTP(r *http.Request) error {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://"+a.connectTo+"/.well-known/acme-challenge/"+challengeToken, nil)
	if err != nil {
		return err
	}
	request.Host = a.domain
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if wanted := challengeToken + "." + a.thumb; err == nil && strings.TrimSpace(string(text)) != wanted {
		err = fmt.Errorf("the challenge was answered by %s %q, not by %q", answer.Status, text, wanted)
	}
	return err
}

// proveByALPN is RFC 8737: the certificate holds the digest of the key authorization.
func (a *authority) proveByALPN() error {
	connection, err := tls.Dial("tcp", a.connectTo, &tls.Config{ServerName: a.domain, NextProtos: []string{acme.ALPNProto}, InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer connection.Close()
	digest := sha256.Sum256([]byte(challengeToken + "." + a.thumb))
	wanted, err := asn1.Marshal(digest[:])
	if err != nil {
		return err
	}
	for _, extension := range connection.ConnectionState().PeerCertificates[0].Extensions {
		if extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}) && bytes.Equal(extension.Value, wanted) {
			return nil
		}
	}
	return fmt.Errorf("the certificate of the challenge does not hold its digest")
}

// finalize signs what was asked for.
func (a *authority) finalize(w http.ResponseWriter, r *http.Request) {
	var asked struct{ CSR string }
	a.read(r, &asked)
	der, _ := base64.RawURLEncoding.DecodeString(asked.CSR)
	request, err := x509.ParseCertificateRequest(der)
	if err == nil {
		err = a.sign(request.PublicKey, request.DNSNames)
	}
	if err != nil {
		a.answer(w, http.StatusBadRequest, map[string]string{"type": "urn:ietf:params:acme:error:badCSR", "detail": err.Error()})
		return
	}
	w.Header().Set("Location", a.URL+"/orders/1")
	a.answer(w, http.StatusOK, a.order())
}

func (a *authority) sign(key crypto.PublicKey, names []string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(names) != 1 || names[0] != a.domain || !a.proved {
		return fmt.Errorf("%v was not proved", names)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(int64(100 + a.orders)), DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.self, key, a.key)
	a.chain = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.self.Raw})...)
	return err
}
