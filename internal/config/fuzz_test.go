package config_test

import (
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
)

// FuzzAccounts: an accounts.yaml gives accounts or a sentence, which never repeats a key.
func FuzzAccounts(f *testing.F) {
	for _, text := range []string{
		"", "accounts:\n", "accounts:\n- name: a\n  api_key: PKSECRETKEY\n  secret_key: hush\n  paper: true\n  active: yes\n", "accounts: [{name: x}]", "accounts: {a: b}",
		"\"0PKSECRETKEY", "accounts:\n- api_key: 'PKSECRETKEY\n", "accounts: &a [*a]", "accounts:\n- name: [1]\n", "- 1\n- 2", "accounts:\n- api_key: PKSECRETKEY\n  unknown: 1\n", "\x00", "? a\n: b", "accounts: !!binary aGk=", "a: &x [1]\nb: [*x,*x]",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		accounts, err := config.ParseAccounts("accounts.yaml", text)
		if err == nil {
			return
		}
		if len(accounts) > 0 {
			t.Error("accounts and an error")
		}
		if strings.Contains(err.Error(), "PKSECRETKEY") {
			t.Errorf("a key is repeated: %v", err)
		}
	})
}
