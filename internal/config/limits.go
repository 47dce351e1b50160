package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

func parseRates(value string) (auth.Rates, error) {
	rates, err := auth.ParseRates(value)
	if err != nil {
		return nil, fmt.Errorf("is %q; use counts such as 200/day;50/hour", value)
	}
	return rates, nil
}

// parseRateStorage returns the address of Redis, empty for memory. The address may hold a password.
func parseRateStorage(value string) (secret.Text, error) {
	if value == "memory://" || value == "memory" {
		return secret.Text{}, nil
	}
	address, err := url.Parse(value)
	if err != nil || (address.Scheme != "redis" && address.Scheme != "rediss") || address.Hostname() == "" {
		return secret.Text{}, errors.New("must be memory:// or an address such as redis://host:6379/0")
	}
	return secret.NewText(value), nil
}

// parseNetworks reads networks and single addresses, separated by commas.
func parseNetworks(value string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, part := range strings.Split(value, ",") {
		network, err := parseNetwork(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// parseNetwork refuses a network of every address: then anybody could say who they are.
func parseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("holds %q; use networks such as 10.0.0.0/8, 192.168.1.7 or fd00::/8", text)
		}
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	if network.Bits() == 0 {
		return netip.Prefix{}, fmt.Errorf("holds %q, every address there is; name the networks of your proxies", text)
	}
	return network.Masked(), nil
}

// parseSecrets reads secrets separated by commas.
func parseSecrets(value string) ([]secret.Text, error) {
	var secrets []secret.Text
	for _, part := range strings.Split(value, ",") {
		one, err := parseSecret(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		if !one.IsEmpty() {
			secrets = append(secrets, one)
		}
	}
	return secrets, nil
}
