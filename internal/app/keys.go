package app

import (
	"context"

	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// KeySafe seals and opens the broker keys of brokerage accounts under their user's data key. The
// seal is bound to the user, the row, the column and the mode.
type KeySafe struct {
	Keyring *secret.Keyring
	Users   SealedRows
}

// SealedRows keeps what a KeySafe needs; a Store is one.
type SealedRows interface {
	// DataKey returns the user's wrapped data key.
	DataKey(ctx context.Context, userID string) ([]byte, error)
	// CheckSealed refuses sealed keys that are not those of the last audited act that sealed them.
	CheckSealed(ctx context.Context, account trade.BrokerageAccount) error
}

// Seal puts the key pair into the account; its ID, UserID and mode must be final.
func (k KeySafe) Seal(ctx context.Context, account *trade.BrokerageAccount, apiKey, secretKey secret.Text) error {
	dataKey, err := k.dataKey(ctx, account.UserID)
	if err != nil {
		return err
	}
	account.SealedKey = dataKey.Seal(keyPlace(*account, "api_key"), apiKey)
	account.SealedSecret = dataKey.Seal(keyPlace(*account, "secret_key"), secretKey)
	account.APIKeyHint = truncate(apiKey.Reveal(), keyHintLength)
	return nil
}

const keyHintLength = 8

// Open returns the account's key pair. Keys that were moved here from another place, or put back
// from an earlier time, do not open.
func (k KeySafe) Open(ctx context.Context, account trade.BrokerageAccount) (apiKey, secretKey secret.Text, err error) {
	if len(account.SealedKey) == 0 || len(account.SealedSecret) == 0 { // see `keys reset`
		return secret.Text{}, secret.Text{}, fault.New(fault.Invalid, "The broker keys of the account %s were removed, because the ENCRYPTION_KEY was lost. Enter them again.", account.Name)
	}
	if err := k.Users.CheckSealed(ctx, account); err != nil {
		return secret.Text{}, secret.Text{}, err
	}
	dataKey, err := k.dataKey(ctx, account.UserID)
	if err != nil {
		return secret.Text{}, secret.Text{}, err
	}
	if apiKey, err = dataKey.Open(keyPlace(account, "api_key"), account.SealedKey); err != nil {
		return secret.Text{}, secret.Text{}, err
	}
	secretKey, err = dataKey.Open(keyPlace(account, "secret_key"), account.SealedSecret)
	return apiKey, secretKey, err
}

func (k KeySafe) dataKey(ctx context.Context, userID string) (*secret.DataKey, error) {
	wrapped, err := k.Users.DataKey(ctx, userID)
	if err != nil {
		return nil, err
	}
	return k.Keyring.Unwrap(userID, wrapped)
}

func keyPlace(account trade.BrokerageAccount, column string) secret.Place {
	return secret.Place{
		Table: "accounts", Column: column, UserID: account.UserID, RowID: account.ID,
		Mode: account.Mode(), ValueVersion: 1,
	}
}
