package store

import (
	"crypto/tls"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// OverOpenNetwork reports whether the database of the address may be asked over a network that
// could read or change what is said: PostgreSQL on another machine without TLS that checks the
// server's certificate and name (sslmode=verify-full), also as a way out when TLS fails. An address
// that cannot be read is none; Open says what is wrong with it.
func OverOpenNetwork(text secret.Text) bool {
	at, err := parseAddress(text)
	if err != nil || at.postgres == "" {
		return false
	}
	config, err := pgconn.ParseConfig(at.postgres)
	if err != nil {
		return false
	}
	return exposed(config.Host, config.TLSConfig) || slices.ContainsFunc(config.Fallbacks, func(other *pgconn.FallbackConfig) bool {
		return exposed(other.Host, other.TLSConfig)
	})
}

func exposed(host string, settings *tls.Config) bool {
	checked := settings != nil && !settings.InsecureSkipVerify
	return !checked && !onThisMachine(host)
}

// onThisMachine is whether a host of PostgreSQL is a socket's folder or a name of this machine.
func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}
