package config_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

func TestLimitsAndProxies(t *testing.T) {
	t.Parallel()
	cfg, err := load(t, "", "RATE_LIMIT_AUTH=3 per minute, 20 per hour", "TRUSTED_PROXIES=10.1.2.3/8, ::1,192.0.2.7", "RATE_LIMIT_STORAGE=redis://:hunter2@cache:6379/2")
	if err != nil {
		t.Fatal(err)
	}
	if limits := cfg.RateLimits; limits.Auth.String() != "3/minute;20/hour" || limits.API.String() != "200/day;50/hour" || limits.Admin.String() != "100/day;20/hour" || limits.Dashboard.String() != "600/minute" || limits.Register.String() != "5/hour" {
		t.Errorf("limits %v", limits)
	}
	if want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128"), netip.MustParsePrefix("192.0.2.7/32")}; fmt.Sprint(cfg.TrustedProxies) != fmt.Sprint(want) {
		t.Errorf("proxies %v", cfg.TrustedProxies)
	}
	if cfg.RateStorage.Reveal() != "redis://:hunter2@cache:6379/2" || strings.Contains(fmt.Sprint(cfg), "hunter2") {
		t.Errorf("storage %v", cfg.RateStorage)
	}
	if plain, err := load(t, ""); err != nil || !plain.RateStorage.IsEmpty() || plain.TrustedProxies != nil {
		t.Errorf("defaults: %v, %v, %v", plain.RateStorage, plain.TrustedProxies, err)
	}
	for setting, says := range map[string]string{
		"RATE_LIMIT_API=lots":                           "RATE_LIMIT_API",
		"TRUSTED_PROXIES=10.0.0.0/8,proxy.example":      "proxy.example",
		"TRUSTED_PROXIES=0.0.0.0/0":                     "every address",
		"TRUSTED_PROXIES=::/0":                          "every address",
		"RATE_LIMIT_STORAGE=memcached://:hunter2@cache": "RATE_LIMIT_STORAGE",
		"RATE_LIMIT_STORAGE=redis://":                   "RATE_LIMIT_STORAGE",
	} {
		_, err := load(t, "", setting)
		wantFault(t, err, says)
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

func TestOldKeysAndKeyServices(t *testing.T) {
	t.Parallel()
	key, old := secret.GenerateKey().Reveal(), secret.GenerateKey().Reveal()
	production := []string{"APP_ENV=production", "SECRET_KEY=" + secret.GenerateKey().Reveal()}
	for name, settings := range map[string][]string{
		"two old keys": {"ENCRYPTION_KEY=" + key, "ENCRYPTION_KEYS_OLD= " + old + ", vault-transit://vault:8200/k ,"},
		"a service":    {"ENCRYPTION_KEY=vault-transit://vault:8200/k", "ENCRYPTION_KEYS_OLD=" + old, "VAULT_TOKEN=hunter2"},
	} {
		cfg, err := load(t, "", append(settings, production...)...)
		if err == nil {
			cfg, err = cfg.WithKeys()
		}
		if err != nil || len(cfg.OldKeys) == 0 || strings.Contains(fmt.Sprint(cfg), "hunter2") {
			t.Errorf("%s: %v, %v", name, cfg, err)
		}
	}
	cfg, err := load(t, "", "ENCRYPTION_KEY="+key, "ENCRYPTION_KEYS_OLD="+old+",hunter2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = cfg.WithKeys(); !fault.Is(err, fault.Invalid) || strings.Contains(fmt.Sprint(err), "hunter2") {
		t.Errorf("a broken old key: %v", err)
	}
	wantFault(t, err, "Key 2 of ENCRYPTION_KEYS_OLD")
}

// FuzzSettings: whatever stands in the environment, there is a configuration or one sentence that
// names the variable.
func FuzzSettings(f *testing.F) {
	names := []string{}
	for _, setting := range config.Settings() {
		if !setting.Ignored {
			names = append(names, setting.Name)
		}
	}
	for i, seed := range []string{"10.0.0.0/8, ::1", "200/day;50/hour", "redis://h:1/0", "vault-transit://h/k", "\x00", "https://[::1", "a@b", "postgres://x/y", "1e9", "-1"} {
		f.Add(uint8(i*7), seed)
	}
	f.Fuzz(func(t *testing.T, which uint8, value string) {
		name := names[int(which)%len(names)]
		if _, err := config.Load(config.Source{Environ: []string{name + "=" + value}, Dir: t.TempDir()}); err != nil {
			wantFault(t, err, strings.SplitN(name, "_", 2)[0])
		}
	})
}
