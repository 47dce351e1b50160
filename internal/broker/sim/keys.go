package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// keys are what the request authenticates with.
func (c *call) keys() (key, secret string) { return keysOf(c.request) }

// keysOf reads the three ways of RULES 1: Alpaca's headers, HTTP Basic, or a bearer token.
func keysOf(r *http.Request) (key, secret string) {
	key, secret = r.Header.Get("APCA-API-KEY-ID"), r.Header.Get("APCA-API-SECRET-KEY")
	if key != "" || secret != "" {
		return key, secret
	}
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "bearer") {
		return tokenKeys(strings.TrimSpace(token))
	}
	key, secret, _ = r.BasicAuth()
	return key, secret
}

// tokenKeys lets a bearer token open an account of its own, whose key does not show it.
func tokenKeys(token string) (key, secret string) {
	if token == "" {
		return "", ""
	}
	sum := sha256.Sum256([]byte(token))
	return "token-" + hex.EncodeToString(sum[:8]), token
}
