// Package transit keeps an ENCRYPTION_KEY wrapped by the transit engine of HashiCorp Vault or
// OpenBao: the key that wraps never leaves it. It has the interfaces by which Tink knows key services.
package transit

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

const (
	patience      = 5 * time.Second
	largestAnswer = 64 << 10 // bytes
	usualMount    = "transit"
)

// The schemes of an ENCRYPTION_KEY that a transit engine keeps. Plain http is for this machine.
const (
	scheme      = "vault-transit"
	plainScheme = "vault-transit+http"
)

// Service is one key of a transit engine.
type Service struct {
	address string
	base    *url.URL // of the mount, with the final slash
	name    string
	token   secret.Text
	client  *http.Client
}

var segment = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// Open reads vault-transit://host:port/NAME, or .../MOUNT/NAME where the engine is not mounted at
// "transit", and the file of authorities. It connects with the first call. The error is a fault of kind Invalid.
func (c Client) Open(encryptionKey secret.Text) (*Service, error) {
	address, err := url.Parse(encryptionKey.Reveal())
	if err != nil {
		return nil, errAddress
	}
	segments := strings.Split(strings.TrimPrefix(address.Path, "/"), "/")
	for _, part := range segments {
		if !segment.MatchString(part) {
			return nil, errAddress
		}
	}
	switch {
	case address.Scheme != scheme && address.Scheme != plainScheme, address.Hostname() == "", address.User != nil,
		address.RawQuery != "" || address.ForceQuery || address.Fragment != "" || address.Opaque != "", len(segments) > 4:
		return nil, errAddress
	case address.Scheme == plainScheme && !thisMachine(address.Hostname()):
		return nil, fault.New(fault.Invalid, "ENCRYPTION_KEY names a key service by plain http, which is for 127.0.0.1 only; use vault-transit://.")
	case c.Token.IsEmpty():
		return nil, fault.New(fault.Invalid, "ENCRYPTION_KEY names a key service, which needs VAULT_TOKEN (or VAULT_TOKEN_FILE).")
	}
	authorities, err := c.authorities()
	if err != nil {
		return nil, err
	}
	return newService(address, segments, c.Token, authorities), nil
}

// authorities are those of the file; nil: the system's.
func (c Client) authorities() (*tls.Config, error) {
	if c.Authorities == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Authorities)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return nil, fault.Because(err, fault.Invalid, "VAULT_CACERT %s holds no certificate (PEM) that can be read.", c.Authorities)
	}
	return &tls.Config{RootCAs: pool}, nil
}

var errAddress = fault.New(fault.Invalid, "ENCRYPTION_KEY is not an address such as vault-transit://vault.example:8200/alpaca-trader.")

func newService(address *url.URL, segments []string, token secret.Text, authorities *tls.Config) *Service {
	mount, name := segments[:len(segments)-1], segments[len(segments)-1]
	if len(mount) == 0 {
		mount = []string{usualMount}
	}
	base := &url.URL{Scheme: "https", Host: address.Host, Path: "/v1/" + strings.Join(mount, "/") + "/"}
	if address.Scheme == plainScheme {
		base.Scheme = "http"
	}
	return &Service{
		address: fmt.Sprintf("%s://%s/%s/%s", address.Scheme, address.Host, strings.Join(mount, "/"), name),
		base:    base, name: name, token: token,
		client: &http.Client{
			Timeout: patience,
			Transport: &http.Transport{
				DialContext: (&net.Dialer{Timeout: patience}).DialContext, DisableKeepAlives: true, TLSClientConfig: authorities,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token stays here
		},
	}
}

func thisMachine(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// Address names the engine and the key.
func (s *Service) Address() string { return s.address }

// Client opens the keys of transit engines with one token: Tink's registry.KMSClient.
type Client struct {
	Token       secret.Text
	Authorities string // file (PEM) of those that alone vouch for the engine; empty: the system's
}

// Supported reports whether the address is one of a transit engine's key.
func (Client) Supported(keyURI string) bool {
	return strings.HasPrefix(keyURI, scheme+"://") || strings.HasPrefix(keyURI, plainScheme+"://")
}

// GetAEAD is Open.
func (c Client) GetAEAD(keyURI string) (tink.AEAD, error) {
	service, err := c.Open(secret.NewText(keyURI))
	if err != nil {
		return nil, err
	}
	return service, nil
}

// Encrypt is EncryptWithContext within 5 s.
func (s *Service) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	return s.EncryptWithContext(context.Background(), plaintext, associatedData)
}

// Decrypt is DecryptWithContext within 5 s.
func (s *Service) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	return s.DecryptWithContext(context.Background(), ciphertext, associatedData)
}

// EncryptWithContext encrypts under the newest version of the engine's key.
func (s *Service) EncryptWithContext(ctx context.Context, plaintext, associatedData []byte) ([]byte, error) {
	answer, err := s.call(ctx, "encrypt", withAssociated(associatedData, "plaintext", base64.StdEncoding.EncodeToString(plaintext)))
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(answer.Ciphertext, "vault:") {
		return nil, s.unexpected("its answer has no ciphertext", nil)
	}
	return []byte(answer.Ciphertext), nil
}

// DecryptWithContext decrypts what EncryptWithContext made, also under an older version of the key.
func (s *Service) DecryptWithContext(ctx context.Context, ciphertext, associatedData []byte) ([]byte, error) {
	answer, err := s.call(ctx, "decrypt", withAssociated(associatedData, "ciphertext", string(ciphertext)))
	if err != nil {
		return nil, err
	}
	plaintext, err := base64.StdEncoding.DecodeString(answer.Plaintext)
	if err != nil || len(plaintext) == 0 {
		return nil, s.unexpected("its answer has no plaintext", nil)
	}
	return plaintext, nil
}

func withAssociated(data []byte, name, value string) map[string]string {
	body := map[string]string{name: value}
	if len(data) > 0 {
		body["associated_data"] = base64.StdEncoding.EncodeToString(data)
	}
	return body
}

// answer is what the engine says; errors are its own words.
type answer struct {
	Ciphertext string `json:"ciphertext"`
	Plaintext  string `json:"plaintext"`
}

func (s *Service) call(ctx context.Context, act string, body map[string]string) (answer, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return answer{}, fmt.Errorf("encode request: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base.JoinPath(act, s.name).String(), bytes.NewReader(encoded))
	if err != nil {
		return answer{}, fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Vault-Request", "true")
	request.Header.Set("X-Vault-Token", s.token.Reveal())
	response, err := s.client.Do(request)
	if err != nil {
		return answer{}, s.silence(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err != nil {
		return answer{}, s.unexpected("its answer broke off", err)
	}
	if response.StatusCode != http.StatusOK {
		return answer{}, s.refusal(act, response.StatusCode)
	}
	return s.parse(text)
}

func (s *Service) parse(text []byte) (answer, error) {
	var whole struct {
		Data answer `json:"data"`
	}
	if err := json.Unmarshal(text, &whole); err != nil {
		return answer{}, s.unexpected("its answer is not JSON", err)
	}
	return whole.Data, nil
}

// refusal says what a status means. The body is not repeated: nobody knows what is in it.
func (s *Service) refusal(act string, status int) error {
	cause := fmt.Errorf("%s: status %d", act, status)
	switch {
	case status == http.StatusForbidden || status == http.StatusUnauthorized:
		return fault.Because(cause, fault.Invalid, "The key service at %s refuses VAULT_TOKEN. It needs update on %s/encrypt/%s and decrypt/%s.", s.base.Host, strings.TrimPrefix(strings.TrimSuffix(s.base.Path, "/"), "/v1/"), s.name, s.name)
	case status == http.StatusNotFound:
		return fault.Because(cause, fault.Invalid, "The key service at %s has no key %q there. Check the address in ENCRYPTION_KEY.", s.base.Host, s.name)
	case status == http.StatusBadRequest:
		return fault.Because(cause, fault.Invalid, "The key service at %s cannot %s with the key %q: it is missing, or the version that is needed is gone.", s.base.Host, act, s.name)
	case status == http.StatusServiceUnavailable:
		return fault.Because(cause, fault.Unavailable, "The key service at %s is sealed or starting. Unseal it and start again.", s.base.Host)
	}
	return s.unexpected("status "+http.StatusText(status), cause)
}

// silence is the fault of a call that got no answer.
func (s *Service) silence(cause error) error {
	var stranger *tls.CertificateVerificationError
	if errors.As(cause, &stranger) {
		return fault.Because(cause, fault.Unavailable, "The certificate of the key service at %s is not vouched for, or is for another name. VAULT_CACERT names an authority of your own.", s.base.Host)
	}
	return fault.Because(cause, fault.Unavailable, "The key service at %s does not answer. Check the address in ENCRYPTION_KEY and that it runs.", s.base.Host)
}

func (s *Service) unexpected(what string, cause error) error {
	return fault.Because(cause, fault.Unavailable, "The key service at %s does not answer as it should: %s.", s.base.Host, what)
}
