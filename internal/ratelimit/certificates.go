package ratelimit

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"

	"github.com/redis/go-redis/v9"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// certificates are files (PEM) that a rediss:// address names by PostgreSQL's words; empty: none.
type certificates struct {
	authorities string // sslrootcert: those that alone vouch for Redis, instead of the system's
	own, ownKey string // sslcert, sslkey: by which Redis knows this program
}

// splitAddress reads the address of Redis and takes the certificates out of its query. It opens no file.
func splitAddress(address secret.Text) (*redis.Options, certificates, error) {
	given, err := url.Parse(address.Reveal())
	if err != nil {
		return nil, certificates{}, errAddress
	}
	query := given.Query()
	files := certificates{query.Get("sslrootcert"), query.Get("sslcert"), query.Get("sslkey")}
	if files != (certificates{}) {
		for _, name := range []string{"sslrootcert", "sslcert", "sslkey"} {
			query.Del(name)
		}
		given.RawQuery = query.Encode()
	}
	options, err := redis.ParseURL(given.String())
	if err != nil {
		return nil, certificates{}, errAddress
	}
	return options, files, nil
}

var errAddress = fault.New(fault.Invalid, "RATE_LIMIT_STORAGE is not an address such as redis://host:6379/0.")

// apply reads the files into the settings of TLS, which are nil for redis://.
func (c certificates) apply(settings *tls.Config) error {
	if c == (certificates{}) {
		return nil
	}
	if settings == nil {
		return fault.New(fault.Invalid, "RATE_LIMIT_STORAGE names certificates, which need an address that begins with rediss://.")
	}
	if c.authorities != "" {
		text, err := os.ReadFile(c.authorities)
		settings.RootCAs = x509.NewCertPool()
		if err != nil || !settings.RootCAs.AppendCertsFromPEM(text) {
			return fault.Because(err, fault.Invalid, "The sslrootcert of RATE_LIMIT_STORAGE, %s, holds no certificate (PEM) that can be read.", c.authorities)
		}
	}
	if c.own != "" || c.ownKey != "" {
		pair, err := tls.LoadX509KeyPair(c.own, c.ownKey)
		if err != nil {
			return fault.Because(err, fault.Invalid, "The sslcert and sslkey of RATE_LIMIT_STORAGE are not a certificate and its key (PEM) that can be read.")
		}
		settings.Certificates = []tls.Certificate{pair}
	}
	return nil
}
