// Package transittest is a small transit engine for tests: the encrypt and decrypt calls of Vault's
// HTTP interface with AES-256-GCM and versions of keys.
package transittest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Engine is a running server; it ends with the test.
type Engine struct {
	server *httptest.Server
	token  string

	mu   sync.Mutex
	keys map[string][]cipher.AEAD // by name, oldest version first
}

// Start serves an engine that takes the token.
func Start(t testing.TB, token string) *Engine {
	t.Helper()
	e := &Engine{token: token, keys: map[string][]cipher.AEAD{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/transit/encrypt/{name}", e.guard(e.encrypt))
	mux.HandleFunc("POST /v1/transit/decrypt/{name}", e.guard(e.decrypt))
	e.server = httptest.NewServer(mux)
	t.Cleanup(e.server.Close)
	return e
}

// KeyAddress is the ENCRYPTION_KEY that names a key of the engine.
func (e *Engine) KeyAddress(name string) string {
	return "vault-transit+http://" + e.server.Listener.Addr().String() + "/" + name
}

// Rotate adds a version to the key.
func (e *Engine) Rotate(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys[name] = append(e.keys[name], newVersion())
}

// Stop ends the server; no later call is answered.
func (e *Engine) Stop() { e.server.Close() }

func newVersion() cipher.AEAD {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return sealer
}

type call struct {
	Plaintext  []byte `json:"plaintext,omitempty"`
	Ciphertext string `json:"ciphertext,omitempty"`
}

func (e *Engine) guard(act func(name string, given call) (call, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		var given call
		if r.Header.Get("X-Vault-Token") != e.token {
			refuse(w, http.StatusForbidden, "permission denied")
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		done, err := act(r.PathValue("name"), given)
		if err != nil {
			refuse(w, http.StatusBadRequest, err.Error())
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": done})
	}
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []string{why}})
}

// encrypt makes the key when there is none of the name, as Vault does for a token that may.
func (e *Engine) encrypt(name string, given call) (call, error) {
	if len(e.keys[name]) == 0 {
		e.keys[name] = []cipher.AEAD{newVersion()}
	}
	version := len(e.keys[name])
	sealed := e.keys[name][version-1].Seal(nil, nil, given.Plaintext, nil)
	return call{Ciphertext: fmt.Sprintf("vault:v%d:%s", version, base64.StdEncoding.EncodeToString(sealed))}, nil
}

func (e *Engine) decrypt(name string, given call) (call, error) {
	parts := strings.SplitN(given.Ciphertext, ":", 3)
	if len(parts) != 3 || parts[0] != "vault" {
		return call{}, fmt.Errorf("invalid ciphertext: no prefix")
	}
	version, err := strconv.Atoi(strings.TrimPrefix(parts[1], "v"))
	if err != nil || version < 1 || version > len(e.keys[name]) {
		return call{}, fmt.Errorf("encryption key not found")
	}
	sealed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return call{}, fmt.Errorf("invalid ciphertext: could not decode base64")
	}
	plain, err := e.keys[name][version-1].Open(nil, nil, sealed, nil)
	if err != nil {
		return call{}, fmt.Errorf("cipher: message authentication failed")
	}
	return call{Plaintext: plain}, nil
}
