// Package config is the one door to the environment: a table of settings, read from environment
// variables, from `.env` and from *_FILE files, and the two YAML files of the strategy.
//
// Every error is a fault of kind Invalid whose public sentence names the variable or the file and
// the line, says what to do, and never shows a secret's value.
package config

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Mode says how careful the program must be.
type Mode string

// The two modes. Development makes its own keys; production refuses to start without them.
const (
	Production  Mode = "production"
	Development Mode = "development"
)

// Config is what the settings table holds, parsed and checked.
type Config struct {
	Mode           Mode
	SecretKey      secret.Text   // for signatures on what a browser carries; see WithKeys
	EncryptionKey  secret.Text   // seals broker keys; see WithKeys
	OldKeys        []secret.Text // earlier ENCRYPTION_KEYs, which open what was sealed under them
	VaultToken     secret.Text   // for an ENCRYPTION_KEY that a key service keeps
	VaultCACert    string        // file (PEM) of the authorities that alone vouch for it; empty: the system's
	DatabaseURL    secret.Text   // may hold a password; a SQLite path is absolute
	Bind           string        // host:port to listen on; port 0 chooses a free one
	PublicURL      string        // origin under which browsers reach the dashboard, without a slash at its end; empty: BIND
	AllowPlainHTTP bool          // serve plain http beyond this machine without a PublicURL
	PrivateNetwork bool          // nobody else is on the network to the database, Redis, the proxy and the collector
	Admin          Admin
	LogLevel       slog.Level
	Alpaca         Alpaca
	Require2FA     auth.FactorRule // of whom a second factor is demanded
	RateLimits     RateLimits
	RateStorage    secret.Text    // redis:// address, may hold a password; empty: this process's memory
	TrustedProxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto count
	MetricsBind    string         // host:port of the metrics; empty: none are served
	TradingEnabled bool           // false: nothing is submitted, every cycle is a dry run
	BarsKept       int            // the newest stored bars of each symbol and timeframe; 0: all

	TLS     TLS
	Logs    Logs
	Audit   AuditCheckpoints
	Backups Backups

	// Notes are sentences about accepted settings that have no effect, for the log at start.
	Notes []string

	keyFile string // where development keeps its keys
}

// Admin is the administrator made on an empty database; all three are set, or none.
type Admin struct {
	Username string
	Email    string
	Password secret.Text
}

// RateLimits are how many requests of a group are let through.
type RateLimits struct {
	Auth      auth.Rates // sign-in and second factor, by address
	Register  auth.Rates // by address
	API       auth.Rates // by API token, unless the token has its own
	Admin     auth.Rates // changes by administrators, by user
	Dashboard auth.Rates // by user
}

// Wanted reports whether an administrator is to be made.
func (a Admin) Wanted() bool { return a.Username != "" }

// Alpaca holds the keys of command-line jobs and the broker's addresses. The addresses have no
// trailing slash and belong to the operator alone: no user's input reaches them.
type Alpaca struct {
	APIKey    secret.Text
	SecretKey secret.Text
	Paper     bool
	PaperURL  string
	LiveURL   string
	DataURL   string
	DataFeed  string // iex (every plan) or sip (paid plans)

	// The operator's data account: set, the bars and prices of all users come from it.
	DataAccountKey    secret.Text
	DataAccountSecret secret.Text
}

// SharesData reports whether users see the market data of the operator's account.
func (a Alpaca) SharesData() bool { return !a.DataAccountKey.IsEmpty() }

// TradingURL is the trading address for the mode of an account.
func (a Alpaca) TradingURL(paper bool) string {
	if paper {
		return a.PaperURL
	}
	return a.LiveURL
}

// SimulatedTime reports whether accounts of the mode trade at an address that is not Alpaca's, such
// as a simulator's, whose clock need not be this machine's.
func (a Alpaca) SimulatedTime(paper bool) bool {
	address, err := url.Parse(a.TradingURL(paper))
	return err == nil && address.Hostname() != "alpaca.markets" && !strings.HasSuffix(address.Hostname(), ".alpaca.markets")
}

// Load reads and checks every setting of the table. It writes nothing; WithKeys makes keys.
func Load(source Source) (Config, error) {
	layers, err := source.layers()
	if err != nil {
		return Config{}, err
	}
	cfg := Config{}
	for _, setting := range table {
		if err := setting.load(&cfg, layers); err != nil {
			return Config{}, err
		}
	}
	if err := cfg.applyPort(layers); err != nil {
		return Config{}, err
	}
	if err := cfg.applyTLS(); err != nil {
		return Config{}, err
	}
	if err := cfg.checkAdmin(); err != nil {
		return Config{}, err
	}
	if err := cfg.checkBrokerKeys(); err != nil {
		return Config{}, err
	}
	cfg.placeFiles(source.Dir)
	return cfg, nil
}

// checkAdmin refuses half an administrator.
func (c *Config) checkAdmin() error {
	var missing []string
	for _, part := range []struct {
		name string
		set  bool
	}{
		{"ADMIN_USERNAME", c.Admin.Username != ""},
		{"ADMIN_EMAIL", c.Admin.Email != ""},
		{"ADMIN_PASSWORD", !c.Admin.Password.IsEmpty()},
	} {
		if !part.set {
			missing = append(missing, part.name)
		}
	}
	if len(missing) == 0 || len(missing) == 3 {
		return nil
	}
	return fault.New(fault.Invalid, "The first administrator needs ADMIN_USERNAME, ADMIN_EMAIL and ADMIN_PASSWORD together; %s is missing.", strings.Join(missing, " and "))
}

// checkBrokerKeys refuses half a key pair: an empty half would let the broker's library look elsewhere.
func (c *Config) checkBrokerKeys() error {
	for _, pair := range []struct {
		id, secret         secret.Text
		idName, secretName string
	}{
		{c.Alpaca.APIKey, c.Alpaca.SecretKey, "ALPACA_API_KEY", "ALPACA_SECRET_KEY"},
		{c.Alpaca.DataAccountKey, c.Alpaca.DataAccountSecret, "DATA_ACCOUNT_KEY", "DATA_ACCOUNT_SECRET"},
	} {
		set, missing := pair.secretName, pair.idName
		switch {
		case pair.id.IsEmpty() == pair.secret.IsEmpty():
			continue
		case pair.secret.IsEmpty():
			set, missing = pair.idName, pair.secretName
		}
		return fault.New(fault.Invalid, "%s is set but %s is not; set both or none.", set, missing)
	}
	return nil
}

// applyPort lets PORT replace the port of BIND, and refuses two different ports.
func (c *Config) applyPort(layers []layer) error {
	given, err := find(layers, "PORT", nil)
	if err != nil || given.value == "" {
		return err
	}
	port, err := parsePort(given.value)
	if err != nil {
		return fault.New(fault.Invalid, "%s %s.", given.name, err)
	}
	bind, err := find(layers[given.layer:given.layer+1], "BIND", []string{"GUNICORN_BIND"})
	if err != nil {
		return err
	}
	host, bindPort, err := net.SplitHostPort(c.Bind)
	if err != nil {
		return fault.New(fault.Invalid, "BIND %q must be HOST:PORT, such as 127.0.0.1:5000.", c.Bind)
	}
	if bind.value != "" && bindPort != port {
		return fault.New(fault.Invalid, "%s says port %s and PORT says %s; set only one of them.", bind.name, bindPort, port)
	}
	c.Bind = net.JoinHostPort(host, port)
	return nil
}

// Secure reports whether browsers reach the dashboard by TLS.
func (c Config) Secure() bool { return c.TLS.On() || strings.HasPrefix(c.PublicURL, "https://") }

// placeFiles makes the SQLite path absolute and puts the key file beside the database.
func (c *Config) placeFiles(dir string) {
	folder := dir
	if file, ok := sqliteFile(c.DatabaseURL.Reveal()); ok {
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		c.DatabaseURL = secret.NewText(sqlitePrefix + file)
		folder = filepath.Dir(file)
	}
	c.keyFile = filepath.Join(folder, keyFileName)
	c.Audit.place(dir, folder)
	c.Backups.place(dir, folder)
	c.TLS.place(dir, folder)
	if c.VaultCACert != "" && !filepath.IsAbs(c.VaultCACert) {
		c.VaultCACert = filepath.Join(dir, c.VaultCACert)
	}
	c.Logs.place(dir, folder, c.Mode)
}

// DatabaseFile returns the SQLite database's path; false when the database is PostgreSQL.
func (c Config) DatabaseFile() (string, bool) { return sqliteFile(c.DatabaseURL.Reveal()) }

// KeyFile is where development keeps the keys that it made.
func (c Config) KeyFile() string { return c.keyFile }
