package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Examination is what the checks of an installation look at. They change nothing.
type Examination struct {
	Config  config.Config
	Folder  string   // of .env and config/
	Environ []string // NAME=value
	Offline bool     // asks nobody on the network
	Log     *slog.Logger
}

// Examine runs every check, in the order of the upgrade guide's checklist.
func Examine(ctx context.Context, e Examination) []app.Finding {
	c := &checkup{Examination: e}
	c.settings()
	c.keys()
	c.network()
	c.lines()
	c.fileModes()
	c.database(ctx)
	c.backups(ctx)
	c.disk()
	if !e.Offline {
		c.broker(ctx)
	}
	return c.findings
}

// checkup collects findings.
type checkup struct {
	Examination
	findings []app.Finding
}

func (c *checkup) find(check string, severity app.Severity, do, format string, args ...any) {
	c.findings = append(c.findings, app.Finding{Check: check, Severity: severity, Says: fmt.Sprintf(format, args...), Do: do})
}

// either is fine unless it is wrong.
func (c *checkup) either(check string, wrong bool, severity app.Severity, do, problem, fine string) {
	if wrong {
		c.find(check, severity, do, "%s", problem)
		return
	}
	c.find(check, app.Fine, "", "%s", fine)
}

func (c *checkup) settings() {
	c.either("mode", c.Config.Mode != config.Production, app.Warning, "Set APP_ENV=production where others depend on it.",
		"APP_ENV is development: keys are made by themselves, and the first to register becomes administrator without a setup code.", "APP_ENV is production.")
	c.either("log level", c.Config.LogLevel < slog.LevelInfo, app.Warning, "Set LOG_LEVEL=info.",
		"LOG_LEVEL is debug: causes of errors stand in the log.", "The log level is "+strings.ToLower(c.Config.LogLevel.String())+".")
	c.either("admin password", !c.Config.Admin.Password.IsEmpty(), app.Warning, "Remove ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD: the administrator is there.",
		"ADMIN_PASSWORD is still in the environment.", "No password is in the environment.")
	names := config.BrokerSDKVariables(c.Environ)
	c.either("broker variables", len(names) > 0, app.Critical, "Unset them.",
		strings.Join(names, " and ")+" would act for every user's account.", "No variable of the broker's library is set.")
}

func (c *checkup) keys() {
	given := !c.Config.SecretKey.IsEmpty() && !c.Config.EncryptionKey.IsEmpty()
	if !given && !exists(c.Config.KeyFile()) {
		severity := app.Warning
		if c.Config.Mode == config.Production {
			severity = app.Critical
		}
		c.find("keys", severity, "Run `alpaca-trader keys generate` and put both lines into .env.", "SECRET_KEY or ENCRYPTION_KEY is not set.")
		return
	}
	cfg, err := c.Config.WithKeys()
	switch {
	case err != nil:
		c.find("keys", app.Critical, "Run `alpaca-trader keys generate` for keys that are strong.", "%s", fault.Public(err))
		return
	case cfg.SecretKey.Reveal() == cfg.EncryptionKey.Reveal():
		c.find("keys", app.Warning, "Make another SECRET_KEY: everybody signs in again, nothing else happens.", "SECRET_KEY and ENCRYPTION_KEY are the same.")
	case !given:
		c.find("keys", app.Note, "Keep a copy of the file apart from the database, or put the keys into .env.", "The keys are in %s.", c.Config.KeyFile())
	default:
		c.find("keys", app.Fine, "", "SECRET_KEY and ENCRYPTION_KEY are set and strong.")
	}
	c.Config = cfg
	c.either("old keys", len(cfg.OldKeys) > 0, app.Note, "Run `alpaca-trader keys rotate`, then remove ENCRYPTION_KEYS_OLD.",
		"ENCRYPTION_KEYS_OLD is set.", "No earlier ENCRYPTION_KEY is in use.")
}

func (c *checkup) network() {
	host, _, err := net.SplitHostPort(c.Config.Bind)
	address, parsed := netip.ParseAddr(host)
	local := err == nil && (host == "localhost" || parsed == nil && address.IsLoopback())
	switch {
	case c.Config.Secure():
		c.find("tls", app.Fine, "", "Browsers come by TLS, to %s.", c.Config.PublicURL)
	case c.Config.AllowPlainHTTP:
		c.find("tls", app.Critical, "Put a proxy with TLS before it, set PUBLIC_URL=https://your.name and remove ALLOW_PLAIN_HTTP.", "ALLOW_PLAIN_HTTP is true: the network sees passwords.")
	case !local:
		c.find("tls", app.Critical, "Put a proxy with TLS before it and set PUBLIC_URL=https://your.name, or set BIND=127.0.0.1:5000.", "BIND is %s without TLS.", c.Config.Bind)
	default:
		c.find("tls", app.Note, "For other machines, put a proxy with TLS before it and set PUBLIC_URL=https://your.name.", "Only this machine reaches the dashboard.")
	}
	for _, network := range c.Config.TrustedProxies {
		if network.Bits() < widestProxy(network) {
			c.find("proxies", app.Critical, "Name the proxy's own address.", "TRUSTED_PROXIES has %s: almost anybody may say which address a request came from.", network)
			return
		}
	}
	c.either("proxies", c.Config.PublicURL != "" && len(c.Config.TrustedProxies) == 0, app.Warning, "Set TRUSTED_PROXIES to the proxy's address, such as 127.0.0.1.",
		"There is a PUBLIC_URL and no TRUSTED_PROXIES: everybody counts as the proxy, for limits and in the audit log.", "TRUSTED_PROXIES names who may say where a request came from.")
}

// widestProxy is the least length of a prefix that is still a network of one's own.
func widestProxy(network netip.Prefix) int {
	if network.Addr().Is4() {
		return 8
	}
	return 32
}

// brokerPatience bounds the question to the broker.
const brokerPatience = 10 * time.Second

// The differences of clocks that matter, with the second that an HTTP date leaves out: a code of an
// authenticator app counts for 30 s, a bar closes at its second.
const (
	clockLate  = 3 * time.Second
	clockWrong = 30 * time.Second
)

// broker asks the broker's address for any answer, and compares its clock.
func (c *checkup) broker(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, brokerPatience)
	defer cancel()
	address := c.Config.Alpaca.TradingURL(c.Config.Alpaca.Paper)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/v2/clock", nil)
	if err == nil {
		var response *http.Response
		if response, err = http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
			c.find("broker", app.Fine, "", "%s answers.", address)
			c.clock(response.Header.Get("Date"))
			return
		}
	}
	c.find("broker", app.Critical, "Check the network, a firewall, and ALPACA_PAPER_URL or ALPACA_LIVE_URL.", "%s does not answer.", address)
	c.Log.Debug("ask the broker", "cause", err)
}

func (c *checkup) clock(date string) {
	theirs, err := http.ParseTime(date)
	if err != nil {
		c.find("clock", app.Note, "Check that this machine's clock is set by NTP.", "The broker did not say what time it is.")
		return
	}
	apart := clock.System().Now().Sub(theirs).Abs()
	severity := app.Warning
	if apart > clockWrong {
		severity = app.Critical
	}
	c.either("clock", apart > clockLate, severity, "Let NTP set the clock: codes of authenticator apps and closed bars depend on it.",
		fmt.Sprintf("This machine's clock and the broker's are %s apart.", apart.Round(time.Second)), "This machine's clock agrees with the broker's.")
}

// hasKeys reports whether the ENCRYPTION_KEY is at hand, without asking a key service.
func (c *checkup) hasKeys() bool {
	return !c.Config.EncryptionKey.IsEmpty() && !secret.InService(c.Config.EncryptionKey)
}
