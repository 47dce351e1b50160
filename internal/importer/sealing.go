package importer

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// sealing seals what belongs to a user who is not stored yet.
type sealing struct {
	keyring *secret.Keyring
	userID  string
	wrapped []byte
}

// DataKey returns the new user's data key.
func (s sealing) DataKey(context.Context, string) ([]byte, error) { return s.wrapped, nil }

// CheckSealed accepts: there is nothing older yet.
func (s sealing) CheckSealed(context.Context, trade.BrokerageAccount) error { return nil }

// factor seals the secret of codes; one that was never turned on is left behind.
func (s sealing) factor(old legacy.User, n *legacy.Newcomer, told *UserReport) error {
	if !old.TwoFactor {
		return nil
	}
	totpSecret := secret.NewText(strings.ToUpper(strings.TrimSpace(old.TOTPSecret.Reveal())))
	if _, _, err := auth.MatchTOTP(totpSecret, secret.NewText(""), n.User.CreatedAt); err != nil || totpSecret.IsEmpty() {
		return fault.New(fault.Invalid, "The second factor of %s is on in the old database, but its secret cannot be read. Turn it off there, then import again.", old.Username)
	}
	key, err := s.keyring.Unwrap(s.userID, s.wrapped)
	if err != nil {
		return err
	}
	sealed := app.SealTOTP(key, s.userID, totpSecret)
	n.TOTP = &sealed
	told.Notes = append(told.Notes, "The authenticator app goes on working. There are no recovery codes yet: make some on the security page.")
	return nil
}

// account opens the old account's keys and seals them.
func (s sealing) account(ctx context.Context, old legacy.Account, key *legacy.Key, now time.Time) (trade.BrokerageAccount, error) {
	apiKey, err := key.Open(old.APIKey)
	if err == nil {
		var secretKey secret.Text
		if secretKey, err = key.Open(old.SecretKey); err == nil {
			return sealAccount(ctx, app.KeySafe{Keyring: s.keyring, Users: s}, s.userID, old, apiKey, secretKey, now)
		}
	}
	return trade.BrokerageAccount{}, fault.Because(err, fault.Invalid, "its keys do not open under the old ENCRYPTION_KEY; enter them again.")
}

func sealAccount(ctx context.Context, safe app.KeySafe, userID string, old legacy.Account, apiKey, secretKey secret.Text, now time.Time) (trade.BrokerageAccount, error) {
	wanted, err := app.CheckImportedAccount(app.NewAccount{Name: strings.TrimSpace(old.Name), APIKey: apiKey, SecretKey: secretKey})
	if err != nil {
		return trade.BrokerageAccount{}, err
	}
	account := trade.BrokerageAccount{
		ID: uuid.NewString(), UserID: userID, Name: wanted.Name, Paper: old.Paper, Active: old.Active, CreatedAt: now,
	}
	return account, safe.Seal(ctx, &account, wanted.APIKey, wanted.SecretKey)
}
