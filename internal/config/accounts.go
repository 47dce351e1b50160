package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// FileAccount is one brokerage account of an accounts.yaml.
type FileAccount struct {
	Name      string
	APIKey    secret.Text
	SecretKey secret.Text
	Paper     bool // true when the file does not say
	Active    bool
}

// LoadAccounts reads an accounts.yaml of the Python system: brokerage accounts with their keys. A
// missing file is an error that names it. No error repeats a key.
func LoadAccounts(path string) ([]FileAccount, error) {
	text, err := readYAML(path)
	if err != nil {
		return nil, err
	}
	return ParseAccounts(path, text)
}

// ParseAccounts reads the text of an accounts.yaml; name stands in errors.
func ParseAccounts(name string, text []byte) ([]FileAccount, error) {
	return parseList(yamlFile{name}, text, yamlList[FileAccount]{
		key: "accounts", secret: true, shape: "accounts must be a list of name, api_key, secret_key, paper and active",
		item: yamlFile.account, name: func(account FileAccount) string { return account.Name },
		twice: "the account %q stands there already, in line %d",
	})
}

func (f yamlFile) account(node ast.Node) (FileAccount, error) {
	account := FileAccount{Paper: true}
	entries, err := f.entries(node, "an account")
	if err != nil {
		return account, err
	}
	texts := map[string]func(string){
		"name":       func(text string) { account.Name = text },
		"api_key":    func(text string) { account.APIKey = secret.NewText(text) },
		"secret_key": func(text string) { account.SecretKey = secret.NewText(text) },
	}
	truths := map[string]scalar{"paper": boolean(&account.Paper), "active": boolean(&account.Active)}
	for _, e := range entries {
		if set, ok := truths[e.key]; ok {
			if problem := set(e.value); problem != "" {
				return account, f.wrong(e.at, "%s %s", e.key, problem)
			}
			continue
		}
		set, known := texts[e.key]
		written, isText := scalarText(e.value)
		switch {
		case !known:
			return account, f.wrong(e.at, "an unknown key; an account has name, api_key, secret_key, paper and active")
		case !isText:
			return account, f.wrong(e.at, "%s must be text", e.key)
		}
		set(strings.TrimSpace(written))
	}
	if account.Name == "" || account.APIKey.IsEmpty() || account.SecretKey.IsEmpty() {
		return account, f.wrong(node, "this account lacks its name, api_key or secret_key")
	}
	return account, nil
}
