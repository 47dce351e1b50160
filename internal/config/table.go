package config

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// Setting is one row of the settings table.
type Setting struct {
	Name        string
	Aliases     []string // older names, accepted alike
	Default     string
	Required    bool // in production
	Secret      bool // never shown
	Ignored     bool // accepted for the sake of older installations, without effect
	Description string

	set func(*Config, string) error // nil when another row applies it, or nobody
}

// The addresses of the broker as it publishes them.
const (
	defaultPaperURL = "https://paper-api.alpaca.markets"
	defaultLiveURL  = "https://api.alpaca.markets"
	defaultDataURL  = "https://data.alpaca.markets"
)

// Settings returns the table of settings, in the order in which it is documented.
func Settings() []Setting { return append([]Setting(nil), table...) }

var table = []Setting{
	{Name: "APP_ENV", Aliases: []string{"FLASK_ENV"}, Default: "development",
		Description: "`development` makes missing keys itself; `production` refuses to start without them.",
		set:         into(func(c *Config) *Mode { return &c.Mode }, parseMode)},
	{Name: "SECRET_KEY", Required: true, Secret: true,
		Description: "Binds browser sessions to this installation: a new one signs everybody out. At least 32 characters.",
		set:         into(func(c *Config) *secret.Text { return &c.SecretKey }, parseSecret)},
	{Name: "ENCRYPTION_KEY", Required: true, Secret: true,
		Description: "Seals broker keys at rest: 32 bytes, as 64 hexadecimal digits or base64, or `vault-transit://host:port/NAME`. Lost key, lost broker keys: [KEYS.md](KEYS.md).",
		set:         into(func(c *Config) *secret.Text { return &c.EncryptionKey }, parseSecret)},
	{Name: "ENCRYPTION_KEYS_OLD", Secret: true,
		Description: "Earlier ENCRYPTION_KEYs, separated by commas, that still open what they sealed; until `keys rotate` is done.",
		set:         into(func(c *Config) *[]secret.Text { return &c.OldKeys }, parseSecrets)},
	{Name: "VAULT_TOKEN", Secret: true, Description: "Token for an ENCRYPTION_KEY that begins with `vault-transit://`.",
		set: into(func(c *Config) *secret.Text { return &c.VaultToken }, parseSecret)},
	{Name: "VAULT_CACERT", Description: "File of the certificate authorities (PEM) that alone vouch for that key service, where one's own signs; without it those of the system.",
		set: into(func(c *Config) *string { return &c.VaultCACert }, parsePath)},
	{Name: "DATABASE_URL", Default: "sqlite:///alpaca_trader.db", Secret: true,
		Description: "`sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user:password@host/name` (`postgres://` too), to another machine with `?sslmode=verify-full`, and `sslrootcert`, `sslcert`, `sslkey` where wanted.",
		set:         into(func(c *Config) *secret.Text { return &c.DatabaseURL }, parseDatabaseURL)},
	{Name: "BIND", Aliases: []string{"GUNICORN_BIND"}, Default: "127.0.0.1:5000",
		Description: "Address and port of the dashboard; port 0 chooses a free one.",
		set:         into(func(c *Config) *string { return &c.Bind }, parseBind)},
	{Name: "PORT", Description: "Replaces the port of BIND and leaves its address alone."},
	{Name: "PUBLIC_URL", Description: "Where browsers reach the dashboard through a proxy that does TLS, such as `https://trader.example.com`: secure cookies, passkeys for that name, no other host name.",
		set: into(func(c *Config) *string { return &c.PublicURL }, parsePublicURL)},
	{Name: "ALLOW_PLAIN_HTTP", Default: "false", Description: "`true`: start on an address that other machines reach although no PUBLIC_URL is set. The network then sees passwords.",
		set: into(func(c *Config) *bool { return &c.AllowPlainHTTP }, parseBool)},
	{Name: "PRIVATE_NETWORK", Default: "false", Description: "`true`: the network to PostgreSQL, Redis, the proxy and the collector of metrics is yours alone, such as that of the containers on one machine. Connections without TLS there are then a note of `doctor`, not an alarm.",
		set: into(func(c *Config) *bool { return &c.PrivateNetwork }, parseBool)},
	{Name: "TLS_CERT_FILE", Description: "Certificate (PEM, the server's own first) with which the program itself speaks TLS. Read anew when it changes.",
		set: into(func(c *Config) *string { return &c.TLS.CertFile }, parsePath)},
	{Name: "TLS_KEY_FILE", Description: "The key that belongs to TLS_CERT_FILE (PEM).",
		set: into(func(c *Config) *string { return &c.TLS.KeyFile }, parsePath)},
	{Name: "TLS_ACME_DOMAINS", Description: "Names, separated by commas, for which the program gets certificates by itself (ACME, as from Let's Encrypt). The first one is PUBLIC_URL unless that is set.",
		set: into(func(c *Config) *[]string { return &c.TLS.Domains }, parseDomains)},
	{Name: "TLS_ACME_EMAIL", Description: "Where the authority writes to before a certificate expires.",
		set: into(func(c *Config) *string { return &c.TLS.Email }, parseEmail)},
	{Name: "TLS_ACME_DIRECTORY", Default: defaultACMEDirectory, Description: "The authority's directory.",
		set: into(func(c *Config) *string { return &c.TLS.Directory }, parseDirectory)},
	{Name: "TLS_ACME_HTTP_BIND", Description: "Second address, such as `0.0.0.0:80`, that answers HTTP-01 challenges and sends browsers to https. Without it the authority must reach port 443 (TLS-ALPN-01).",
		set: into(func(c *Config) *string { return &c.TLS.HTTPBind }, parseBind)},
	{Name: "TLS_ACME_CACHE", Description: "Folder (mode 0700) of what ACME gave; by default `alpaca_trader.acme` beside the SQLite database, or in the folder of the start.",
		set: into(func(c *Config) *string { return &c.TLS.Cache }, parsePath)},
	{Name: "ADMIN_USERNAME", Description: "Administrator made on an empty database; needs the two settings below.",
		set: into(func(c *Config) *string { return &c.Admin.Username }, parseUsername)},
	{Name: "ADMIN_EMAIL", Description: "The administrator's e-mail address.",
		set: into(func(c *Config) *string { return &c.Admin.Email }, parseEmail)},
	{Name: "ADMIN_PASSWORD", Secret: true, Description: "The administrator's password, at least 8 characters.",
		set: into(func(c *Config) *secret.Text { return &c.Admin.Password }, parsePassword)},
	{Name: "LOG_LEVEL", Default: "info", Description: "`debug`, `info`, `warning` or `error`; logs go to standard error.",
		set: setLogLevel},
	{Name: "LOG_FORMAT", Default: "text", Description: "`text` or `json`: one line or one object for each entry.",
		set: into(func(c *Config) *LogFormat { return &c.Logs.Format }, parseLogFormat)},
	{Name: "LOG_FILE", Description: "File into which servers log besides standard error; by default `logs/alpaca_trader.log` beside the SQLite database, or in the folder of the start, in production; `off`: none.",
		set: into(func(c *Config) *string { return &c.Logs.File }, parseText)},
	{Name: "LOG_MAX_SIZE_MB", Default: "20", Description: "A log file of that size is put aside and a new one begun.",
		set: into(func(c *Config) *int { return &c.Logs.MaxMegabytes }, parseCount)},
	{Name: "LOG_KEEP", Default: "10", Description: "How many log files that were put aside are kept.",
		set: into(func(c *Config) *int { return &c.Logs.Keep }, parseCount)},
	{Name: "METRICS_BIND", Description: "Address and port, such as `127.0.0.1:9464`, at which Prometheus reads `/metrics`: [MONITORING.md](MONITORING.md). Without it there is none. Keep it off the network: it is not guarded.",
		set: into(func(c *Config) *string { return &c.MetricsBind }, parseBind)},
	{Name: "TRUSTED_PROXIES", Description: "Networks of reverse proxies, such as `10.0.0.0/8, ::1`: their `X-Forwarded-For` and `X-Forwarded-Proto` count. Nobody else's do.",
		set: into(func(c *Config) *[]netip.Prefix { return &c.TrustedProxies }, parseNetworks)},
	{Name: "REQUIRE_2FA", Default: "off", Description: "Of whom a second factor is demanded: `off`, `admins` or `all`. Who has none can set one up and nothing else.",
		set: into(func(c *Config) *auth.FactorRule { return &c.Require2FA }, parseFactorRule)},
	{Name: "RATE_LIMIT_AUTH", Default: "10/minute", Description: "Sign-ins and second factors from one address.",
		set: into(func(c *Config) *auth.Rates { return &c.RateLimits.Auth }, parseRates)},
	{Name: "RATE_LIMIT_REGISTER", Default: "5/hour", Description: "Registrations from one address, and changes of the own e-mail address.",
		set: into(func(c *Config) *auth.Rates { return &c.RateLimits.Register }, parseRates)},
	{Name: "RATE_LIMIT_API", Default: "200/day;50/hour", Description: "Requests with one API token that has no limit of its own.",
		set: into(func(c *Config) *auth.Rates { return &c.RateLimits.API }, parseRates)},
	{Name: "RATE_LIMIT_ADMIN", Default: "100/day;20/hour", Description: "Changes by one administrator.",
		set: into(func(c *Config) *auth.Rates { return &c.RateLimits.Admin }, parseRates)},
	{Name: "RATE_LIMIT_DASHBOARD", Default: "600/minute", Description: "Requests of one signed-in user, or of one address where nobody is signed in.",
		set: into(func(c *Config) *auth.Rates { return &c.RateLimits.Dashboard }, parseRates)},
	{Name: "RATE_LIMIT_STORAGE", Default: "memory://", Secret: true, Description: "Where requests are counted: `memory://` in each process, or `redis://[user:password@]host:port/db` for all replicas (`rediss://` for TLS).",
		set: into(func(c *Config) *secret.Text { return &c.RateStorage }, parseRateStorage)},
	{Name: "AUDIT_CHECKPOINT_FILE", Description: "File to which signed checkpoints of the audit log are appended; by default `alpaca_trader.audit.checkpoints` beside the SQLite database, or in the folder of the start. Keep it where the database's owner cannot write.",
		set: into(func(c *Config) *string { return &c.Audit.File }, parsePath)},
	{Name: "AUDIT_CHECKPOINT_WEBHOOK", Secret: true, Description: "Address to which each checkpoint is posted as plain text too: https, or http on this machine.",
		set: into(func(c *Config) *secret.Text { return &c.Audit.Webhook }, parseWebhook)},
	{Name: "BACKUP_TO", Description: "Where backups are kept: a folder or `s3://bucket/prefix`; by default `alpaca_trader.backups` beside the SQLite database, or in the folder of the start. Keep them on another disk.",
		set: into(func(c *Config) *BackupPlace { return &c.Backups.To }, ParseBackupPlace)},
	{Name: "BACKUP_EVERY", Description: "How often a server makes a backup, such as `24h` or `7d`; without it, it makes none.",
		set: into(func(c *Config) *time.Duration { return &c.Backups.Every }, parseEvery)},
	{Name: "BACKUP_KEEP", Default: "7 daily; 4 weekly; 12 monthly", Description: "Which backups stay: the newest of so many days, weeks and months. The newest of all always stays.",
		set: into(func(c *Config) *BackupKeep { return &c.Backups.Keep }, parseKeep)},
	{Name: "BACKUP_S3_ENDPOINT", Default: "https://s3.amazonaws.com", Description: "Address of the S3 store. Plain http only on this machine.",
		set: into(func(c *Config) *BackupEndpoint { return &c.Backups.Endpoint }, parseEndpoint)},
	{Name: "BACKUP_S3_REGION", Default: "us-east-1", Description: "Its region.",
		set: into(func(c *Config) *string { return &c.Backups.Region }, parseText)},
	{Name: "BACKUP_S3_KEY_ID", Secret: true, Description: "Key id for the S3 store. It needs the rights to put, get, list and delete in the bucket.",
		set: into(func(c *Config) *secret.Text { return &c.Backups.KeyID }, parseSecret)},
	{Name: "BACKUP_S3_SECRET", Secret: true, Description: "Secret that belongs to BACKUP_S3_KEY_ID.",
		set: into(func(c *Config) *secret.Text { return &c.Backups.Secret }, parseSecret)},
	{Name: "TRADING_ENABLED", Default: "true", Description: "`false`: nothing is submitted to a broker, every cycle is a dry run.",
		set: into(func(c *Config) *bool { return &c.TradingEnabled }, parseBool)},
	{Name: "ALPACA_API_KEY", Secret: true, Description: "Key id for command-line jobs; users of the dashboard enter their own.",
		set: into(func(c *Config) *secret.Text { return &c.Alpaca.APIKey }, parseSecret)},
	{Name: "ALPACA_SECRET_KEY", Secret: true, Description: "Secret that belongs to ALPACA_API_KEY.",
		set: into(func(c *Config) *secret.Text { return &c.Alpaca.SecretKey }, parseSecret)},
	{Name: "ALPACA_PAPER", Default: "true", Description: "Whether those keys are for paper trading; `false` trades real money.",
		set: into(func(c *Config) *bool { return &c.Alpaca.Paper }, parseBool)},
	{Name: "ALPACA_PAPER_URL", Default: defaultPaperURL, Description: "Address for paper trading. Plain http only on this machine.",
		set: into(func(c *Config) *string { return &c.Alpaca.PaperURL }, parseBrokerURL)},
	{Name: "ALPACA_LIVE_URL", Default: defaultLiveURL, Description: "Address for live trading.",
		set: into(func(c *Config) *string { return &c.Alpaca.LiveURL }, parseBrokerURL)},
	{Name: "ALPACA_DATA_URL", Default: defaultDataURL, Description: "Address of market data.",
		set: into(func(c *Config) *string { return &c.Alpaca.DataURL }, parseBrokerURL)},
	{Name: "ALPACA_DATA_FEED", Default: "iex", Description: "Market data feed: `iex` comes with every plan, `sip` needs a paid one.",
		set: into(func(c *Config) *string { return &c.Alpaca.DataFeed }, parseDataFeed)},
	{Name: "DATA_ACCOUNT_KEY", Secret: true,
		Description: "Key id of an account of yours from which all users get bars and prices, while each trades with own keys. Off when empty; first read [Market data](#market-data): your licence must allow it.",
		set:         into(func(c *Config) *secret.Text { return &c.Alpaca.DataAccountKey }, parseSecret)},
	{Name: "DATA_ACCOUNT_SECRET", Secret: true, Description: "Secret that belongs to DATA_ACCOUNT_KEY.",
		set: into(func(c *Config) *secret.Text { return &c.Alpaca.DataAccountSecret }, parseSecret)},
	{Name: "BARS_KEEP", Default: "5000", Description: "How many of the newest bars of each symbol and timeframe stay in the database, from 500 on, or `all`: [TRADING.md](TRADING.md#bars).",
		set: into(func(c *Config) *int { return &c.BarsKept }, parseBarsKept)},
	{Name: "FLASK_APP", Ignored: true, Description: "No effect: one program serves everything."},
	{Name: "GUNICORN_WORKERS", Ignored: true, Description: "No effect: one process serves everything, and no order is placed twice."},
}

// into makes a setter that parses a value and stores it in one field.
func into[T any](field func(*Config) *T, parse func(string) (T, error)) func(*Config, string) error {
	return func(c *Config, value string) error {
		parsed, err := parse(value)
		if err != nil {
			return err
		}
		*field(c) = parsed
		return nil
	}
}

// load finds the setting's value, or takes its default, and stores it.
func (s Setting) load(cfg *Config, layers []layer) error {
	given, err := find(layers, s.Name, s.Aliases)
	if err != nil {
		return err
	}
	if s.Ignored && given.value != "" {
		cfg.Notes = append(cfg.Notes, fmt.Sprintf("%s is set and has no effect.", given.name))
	}
	if given.value == "" {
		given = found{name: s.Name, value: s.Default}
	}
	if s.set == nil || given.value == "" {
		return nil
	}
	if err := s.set(cfg, given.value); err != nil {
		return fault.New(fault.Invalid, "%s %s.", given.name, err)
	}
	return nil
}
