package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// A parser's error completes the sentence "NAME ..." without its full stop. It shows the value
// only where the setting is no secret.

func parseMode(value string) (Mode, error) {
	switch mode := Mode(strings.ToLower(value)); mode {
	case Production, Development:
		return mode, nil
	}
	return "", fmt.Errorf("is %q; use production or development", value)
}

func parseFactorRule(value string) (auth.FactorRule, error) {
	rule, err := auth.ParseFactorRule(strings.ToLower(value))
	if err != nil {
		return "", fmt.Errorf("is %q; use off, admins or all", value)
	}
	return rule, nil
}

func parseSecret(value string) (secret.Text, error) {
	if strings.ContainsAny(value, "\r\n\x00") {
		return secret.Text{}, errors.New("must be one line")
	}
	return secret.NewText(value), nil
}

func parseBool(value string) (bool, error) {
	switch strings.ToLower(value) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return false, fmt.Errorf("is %q; use true or false", value)
}

// ParseLogLevel accepts the names of Go's and of Python's logging.
func ParseLogLevel(value string) (slog.Level, error) {
	switch strings.ToLower(value) {
	case "debug":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "error", "critical":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("is %q; use debug, info, warning or error", value)
}

func setLogLevel(c *Config, value string) error {
	level, err := ParseLogLevel(value)
	c.LogLevel = level
	return err
}

func parsePort(value string) (string, error) {
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return "", fmt.Errorf("is %q; use a port from 0 to 65535", value)
	}
	return strconv.FormatUint(port, 10), nil
}

func parseBind(value string) (string, error) {
	host, port, err := net.SplitHostPort(value)
	if err != nil || strings.ContainsAny(host, "/ ,") {
		return "", fmt.Errorf("is %q; use HOST:PORT, such as 127.0.0.1:5000", value)
	}
	port, err = parsePort(port)
	if err != nil {
		return "", fmt.Errorf("is %q; use HOST:PORT with a port from 0 to 65535", value)
	}
	return net.JoinHostPort(host, port), nil
}

// parseUsername leaves the finer rules to the use case that makes the user.
func parseUsername(value string) (string, error) {
	if n := utf8.RuneCountInString(value); n < 3 || n > 80 {
		return "", fmt.Errorf("has %d characters; use 3 to 80", n)
	}
	return value, nil
}

func parseEmail(value string) (string, error) {
	address, err := mail.ParseAddress(value)
	if err != nil || address.Address != value || len(value) > 120 {
		return "", fmt.Errorf("is %q; use an address such as you@example.com", value)
	}
	return value, nil
}

func parsePassword(value string) (secret.Text, error) {
	if n := utf8.RuneCountInString(value); n < 8 {
		return secret.Text{}, fmt.Errorf("has %d characters; use at least 8", n)
	}
	return parseSecret(value)
}

const sqlitePrefix = "sqlite:///"

// parseDatabaseURL accepts the forms that the Python system's database library used.
func parseDatabaseURL(value string) (secret.Text, error) {
	if file, ok := sqliteFile(value); ok {
		if file == "" || strings.Contains(file, ":memory:") || strings.ContainsAny(file, "?#\x00") {
			return secret.Text{}, errors.New("must name a file: sqlite:///alpaca_trader.db")
		}
		return secret.NewText(value), nil
	}
	address, err := url.Parse(value)
	if err != nil || (address.Scheme != "postgres" && address.Scheme != "postgresql") {
		return secret.Text{}, errors.New("must begin with sqlite:/// or postgresql://")
	}
	if strings.Trim(address.Path, "/") == "" {
		return secret.Text{}, errors.New("must end with the database's name: postgresql://user:password@host/alpaca_trader")
	}
	return secret.NewText(value), nil
}

func sqliteFile(databaseURL string) (string, bool) {
	return strings.CutPrefix(databaseURL, sqlitePrefix)
}

// parseBrokerURL accepts https, and http to this machine only: keys travel to that address.
func parseBrokerURL(value string) (string, error) {
	address, err := url.Parse(value)
	if err != nil {
		return "", errors.New("is not an address; use one such as " + defaultPaperURL)
	}
	switch {
	case address.User != nil:
		return "", errors.New("must not hold a user name or password")
	case address.Hostname() == "" || address.Opaque != "":
		return "", errors.New("is not an address; use one such as " + defaultPaperURL)
	case address.RawQuery != "" || address.ForceQuery || address.Fragment != "":
		return "", errors.New("must not hold a query or fragment")
	case address.Scheme == "http" && !isLoopback(address.Hostname()):
		return "", errors.New("must begin with https://, because keys travel to it; http is for 127.0.0.1 only")
	case address.Scheme != "https" && address.Scheme != "http":
		return "", errors.New("must begin with https://")
	}
	return strings.TrimRight(address.String(), "/"), nil
}

// parsePublicURL accepts the origin of a name: https, or http on this machine. Browsers keep
// passkeys for names only.
func parsePublicURL(value string) (string, error) {
	address, err := url.Parse(value)
	if err != nil || address.Hostname() == "" || address.User != nil || address.RawQuery != "" || address.ForceQuery || address.Fragment != "" || strings.Trim(address.Path, "/") != "" {
		return "", fmt.Errorf("is %q; use only scheme and name, such as https://trader.example.com", value)
	}
	name, port := strings.ToLower(address.Hostname()), address.Port()
	switch {
	case net.ParseIP(name) != nil:
		return "", errors.New("must hold a name, because browsers keep passkeys for names and not for addresses")
	case address.Scheme == "http" && name != "localhost":
		return "", errors.New("must begin with https://, because passwords travel to it; http is for localhost only")
	case address.Scheme != "http" && address.Scheme != "https":
		return "", errors.New("must begin with https://")
	}
	if port == "" || port == map[string]string{"http": "80", "https": "443"}[address.Scheme] {
		return address.Scheme + "://" + name, nil // as browsers write the origin
	}
	return address.Scheme + "://" + net.JoinHostPort(name, port), nil
}

// parseDataFeed accepts the feeds of Alpaca's plans for stocks.
func parseDataFeed(value string) (string, error) {
	if value != "iex" && value != "sip" {
		return "", errors.New("must be iex, which every plan has, or sip, which needs a paid plan")
	}
	return value, nil
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
