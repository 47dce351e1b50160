package daemon

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// healthPatience is shorter than service managers wait for a check.
const healthPatience = 4 * time.Second

// largestHealth bounds an answer, whoever gives it.
const largestHealth = 64 << 10

// CheckHealth asks a server at the address, such as http://127.0.0.1:5000, whether it is ready. A
// fault says why not: it does not answer, or its own reasons.
func CheckHealth(ctx context.Context, address string) error {
	base, err := url.Parse(address)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return fault.New(fault.Invalid, "%q is not the address of a server, such as http://127.0.0.1:5000.", address)
	}
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(address, "/")+"/readyz", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{ // by no proxy
		DisableKeepAlives: true,
		// On this machine's own addresses a certificate, which is for another name, says nothing; nothing secret is sent.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: loopback(base.Hostname())}, //nolint:gosec // see above
	}}
	response, err := client.Do(request)
	if err != nil {
		return fault.Because(err, fault.Unavailable, "No server answers at %s.", address)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	return readHealth(response, address)
}

func readHealth(response *http.Response, address string) error {
	var answer struct {
		Status  string   `json:"status"`
		Reasons []string `json:"reasons"`
	}
	err := json.NewDecoder(io.LimitReader(response.Body, largestHealth)).Decode(&answer)
	switch {
	case err == nil && response.StatusCode == http.StatusOK && answer.Status == "ready":
		return nil
	case err == nil && response.StatusCode == http.StatusServiceUnavailable && len(answer.Reasons) > 0:
		return fault.New(fault.Unavailable, "Not ready: %s", strings.Join(answer.Reasons, " "))
	default:
		return fault.New(fault.Unavailable, "What answers at %s is not a server of this program, or an older one (status %d).", address, response.StatusCode)
	}
}

func loopback(host string) bool {
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

// LocalAddress is where a server of the settings is reached from this machine.
func LocalAddress(cfg config.Config) string {
	scheme := "http://"
	if cfg.TLS.On() {
		scheme = "https://"
	}
	host, port, err := net.SplitHostPort(cfg.Bind)
	if err != nil {
		return scheme + cfg.Bind
	}
	if address := net.ParseIP(host); host == "" || address != nil && address.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(host, port)
}
