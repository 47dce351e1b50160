// Package authtest is an authenticator in software, for tests of passkeys: it makes ES256
// credentials without attestation and shows them as a browser would (w3.org/TR/webauthn-3).
package authtest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// Authenticator holds the credentials of one person. Its fields are what it, or the browser around
// it, says; a test changes them to lie.
type Authenticator struct {
	Origin     string // of the page that asks
	Unverified bool   // the person was present but not verified
	Challenge  string // said instead of the one that was asked for; empty: the right one
	Count      uint32 // of the next signature; it rises by Step with each
	Step       uint32
	Credential int    // which credential is shown, from 0
	UserHandle string // said instead of the credential's own; empty: the right one

	credentials []credential
}

type credential struct {
	id     []byte
	party  string
	handle string // base64url
	key    *ecdsa.PrivateKey
}

// New returns an authenticator without credentials that counts from 1.
func New(origin string) *Authenticator { return &Authenticator{Origin: origin, Count: 1, Step: 1} }

// Flags of authenticator data (6.1).
const (
	present   = 0x01
	verified  = 0x04
	attested  = 0x40
	idLength  = 32
	algES256  = -7
	keyTypeEC = 2
	curveP256 = 1
)

// Create answers creation options (PublicKeyCredentialCreationOptionsJSON) with a new credential.
func (a *Authenticator) Create(t testing.TB, options []byte) json.RawMessage {
	t.Helper()
	var asked struct {
		Challenge string
		RP        struct{ ID string }
		User      struct{ ID string }
	}
	decode(t, options, &asked)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made := credential{id: make([]byte, idLength), party: asked.RP.ID, handle: asked.User.ID, key: key}
	_, _ = rand.Read(made.id)
	a.credentials = append(a.credentials, made)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": a.data(t, made, true)})
	if err != nil {
		t.Fatal(err)
	}
	return a.answer(t, made, map[string]any{
		"clientDataJSON": encode(a.clientData(t, "webauthn.create", asked.Challenge)), "attestationObject": encode(object), "transports": []string{"internal"},
	})
}

// Get answers request options (PublicKeyCredentialRequestOptionsJSON) with a signature.
func (a *Authenticator) Get(t testing.TB, options []byte) json.RawMessage {
	t.Helper()
	var asked struct{ Challenge string }
	decode(t, options, &asked)
	shown := a.credentials[a.Credential]
	data, client := a.data(t, shown, false), a.clientData(t, "webauthn.get", asked.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, shown.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	handle := shown.handle
	if a.UserHandle != "" {
		handle = encode([]byte(a.UserHandle))
	}
	return a.answer(t, shown, map[string]any{
		"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature), "userHandle": handle,
	})
}

// Has reports whether the options name one of the authenticator's credentials among those allowed.
func (a *Authenticator) Has(t testing.TB, options []byte) bool {
	t.Helper()
	var asked struct{ AllowCredentials []struct{ ID string } }
	decode(t, options, &asked)
	for _, allowed := range asked.AllowCredentials {
		for _, known := range a.credentials {
			if allowed.ID == encode(known.id) {
				return true
			}
		}
	}
	return false
}

// answer is the JSON form of what the browser's API returns.
func (a *Authenticator) answer(t testing.TB, shown credential, response map[string]any) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"id": encode(shown.id), "rawId": encode(shown.id), "type": "public-key", "response": response,
		"authenticatorAttachment": "platform", "clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// data is the authenticator data (6.1), with the credential's public key when it is new.
func (a *Authenticator) data(t testing.TB, shown credential, fresh bool) []byte {
	t.Helper()
	party := sha256.Sum256([]byte(shown.party))
	flags := byte(present)
	if !a.Unverified {
		flags |= verified
	}
	if fresh {
		flags |= attested
	}
	data := binary.BigEndian.AppendUint32(append(party[:], flags), a.Count)
	a.Count += a.Step
	if !fresh {
		return data
	}
	data = append(data, make([]byte, 16)...) // no model
	data = append(binary.BigEndian.AppendUint16(data, idLength), shown.id...)
	return append(data, publicKey(t, shown.key)...)
}

// publicKey is the key in COSE form (RFC 9053).
func publicKey(t testing.TB, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	point, err := key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		t.Fatal(err)
	}
	encoding, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	text, err := encoding.Marshal(map[int]any{1: keyTypeEC, 3: algES256, -1: curveP256, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// clientData is what the browser says about the page (5.8.1).
func (a *Authenticator) clientData(t testing.TB, kind, challenge string) []byte {
	t.Helper()
	if a.Challenge != "" {
		challenge = a.Challenge
	}
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.Origin, "crossOrigin": false})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

func decode(t testing.TB, text []byte, target any) {
	t.Helper()
	if err := json.Unmarshal(text, target); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
}
