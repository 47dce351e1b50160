package config

import (
	"errors"
	"net/url"
	"path/filepath"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// AuditCheckpoints say where signed checkpoints of the audit log are kept outside of the database.
type AuditCheckpoints struct {
	File    string      // absolute, or relative to the folder of the start
	Webhook secret.Text // an address that may carry a token; empty: none
}

// checkpointFileName is the file beside the SQLite database, or in the folder of the start.
const checkpointFileName = "alpaca_trader.audit.checkpoints"

// place fills in the file of checkpoints: a relative one belongs to dir, none to folder.
func (a *AuditCheckpoints) place(dir, folder string) {
	switch {
	case a.File == "":
		a.File = filepath.Join(folder, checkpointFileName)
	case !filepath.IsAbs(a.File):
		a.File = filepath.Join(dir, a.File)
	}
}

// parseWebhook reads an address to which texts are posted: https, or http on this machine.
func parseWebhook(value string) (secret.Text, error) {
	address, err := url.Parse(value)
	switch {
	case err != nil || address.Hostname() == "" || address.Opaque != "":
		return secret.Text{}, errors.New("is not an address; use one such as https://example.org/checkpoints")
	case address.Fragment != "":
		return secret.Text{}, errors.New("must not hold a fragment")
	case address.Scheme == "http" && !isLoopback(address.Hostname()):
		return secret.Text{}, errors.New("must begin with https://; http is for 127.0.0.1 only")
	case address.Scheme != "https" && address.Scheme != "http":
		return secret.Text{}, errors.New("must begin with https://")
	}
	return secret.NewText(address.String()), nil
}

// parsePath reads the name of a file.
func parsePath(value string) (string, error) { return filepath.Clean(value), nil }
