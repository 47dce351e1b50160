package daemon

import (
	"log/slog"
	"net"
	"net/netip"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/store"
)

// openLine is a connection of the installation that a network between machines could read or change.
type openLine struct{ says, do string }

// openLines lists those that the settings leave open. What is not listed is encrypted with checked
// certificates, stays on this machine, or is refused elsewhere: the settings of the broker, of the
// key service, of webhooks and of the bucket take https alone, and a server that browsers reach in
// plain http does not start without ALLOW_PLAIN_HTTP.
func openLines(cfg config.Config) (lines []openLine) {
	if store.OverOpenNetwork(cfg.DatabaseURL) {
		lines = append(lines, openLine{"PostgreSQL is on another machine, and DATABASE_URL does not ask for TLS with a checked certificate.",
			"Add sslmode=verify-full to DATABASE_URL, and sslrootcert=FILE where an authority of your own signs."})
	}
	if ratelimit.OverOpenNetwork(cfg.RateStorage) {
		lines = append(lines, openLine{"Redis is on another machine, and RATE_LIMIT_STORAGE does not ask for TLS with a checked certificate.",
			"Let RATE_LIMIT_STORAGE begin with rediss://, without skip_verify, and with sslrootcert=FILE where an authority of your own signs."})
	}
	if away := proxiesElsewhere(cfg.TrustedProxies); away != "" && !cfg.TLS.On() {
		lines = append(lines, openLine{"The proxy at " + away + " is on another machine and reaches this program in plain http.",
			"Set TLS_CERT_FILE and TLS_KEY_FILE and let the proxy come by https, or run it on this machine."})
	}
	if cfg.MetricsBind != "" && !boundHere(cfg.MetricsBind) {
		lines = append(lines, openLine{"METRICS_BIND is " + cfg.MetricsBind + ": other machines read the metrics, in plain http.",
			"Bind them to 127.0.0.1 and let the collector come through a tunnel or run here."})
	}
	return lines
}

// proxiesElsewhere names the trusted proxies that are not on this machine; empty when all are.
func proxiesElsewhere(networks []netip.Prefix) string {
	var away []string
	for _, network := range networks {
		if !network.Addr().IsLoopback() {
			away = append(away, network.String())
		}
	}
	return strings.Join(away, ", ")
}

func boundHere(bind string) bool {
	host, _, err := net.SplitHostPort(bind)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// warnOfOpenLines says at the start what `doctor` says. Trading goes on: what may run on a network of
// one's own is the operator's to judge.
func warnOfOpenLines(cfg config.Config, log *slog.Logger) {
	if cfg.Mode != config.Production || cfg.PrivateNetwork {
		return
	}
	for _, line := range openLines(cfg) {
		log.Warn("a network between machines can read or change what is said: "+line.says, "do", line.do)
	}
}

// lines is the check of all connections: critical in production, unless the operator has said that
// the network is his alone.
func (c *checkup) lines() {
	severity := app.Warning
	switch {
	case c.Config.PrivateNetwork:
		severity = app.Note
	case c.Config.Mode == config.Production:
		severity = app.Critical
	}
	open := openLines(c.Config)
	for _, line := range open {
		c.find("connections", severity, line.do, "%s", line.says)
	}
	if len(open) == 0 {
		c.find("connections", app.Fine, "", "Connections to other machines are encrypted, with checked certificates.")
	}
}
