package app

import (
	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// SealTOTP seals a user's secret of another system for its place here, enabled from the start.
func SealTOTP(key *secret.DataKey, userID string, totpSecret secret.Text) auth.TOTPSecret {
	stored := auth.TOTPSecret{ID: uuid.NewString(), UserID: userID, Enabled: true}
	stored.Sealed = key.Seal(totpPlace(stored), totpSecret)
	return stored
}

// CheckImportedAccount returns the trimmed name and keys of an account of another system; a fault
// says why they cannot be an account's here.
func CheckImportedAccount(wanted NewAccount) (NewAccount, error) {
	if err := validateAccountName(wanted.Name); err != nil {
		return NewAccount{}, err
	}
	var err error
	if wanted.APIKey, err = cleanBrokerKey("API key", wanted.APIKey); err != nil {
		return NewAccount{}, err
	}
	wanted.SecretKey, err = cleanBrokerKey("secret key", wanted.SecretKey)
	return wanted, err
}
