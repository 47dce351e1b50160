package auth_test

import (
	"testing"

	"github.com/jcap24/alpaca-trader/internal/auth"
)

func TestAddressBlocks(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7",
		"2001:db8:1:2:aaaa:bbbb:cccc:dddd": "2001:db8:1:2::/64", "2001:db8:1:2::1": "2001:db8:1:2::/64",
		"2001:db8:1:3::1": "2001:db8:1:3::/64", "fe80::1%eth0": "fe80::/64", "unknown": "unknown", "": "",
	} {
		if got := auth.AddressBlock(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

func TestFactorsSayWhatCompletesASignIn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		factors        auth.Factors
		second, stepUp int
	}{
		{auth.Factors{}, 0, 1}, {auth.Factors{RecoveryCodes: 3}, 0, 1}, {auth.Factors{TOTP: true}, 1, 1},
		{auth.Factors{TOTP: true, RecoveryCodes: 1, Passkeys: 2}, 3, 2}, {auth.Factors{Passkeys: 1, RecoveryCodes: 1}, 2, 1},
	} {
		if second, stepUp := test.factors.SecondStep(), test.factors.StepUp(); len(second) != test.second || len(stepUp) != test.stepUp {
			t.Errorf("%+v: %v, %v", test.factors, second, stepUp)
		}
	}
}
