package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// sealedDetail is where the audit entry of an act that seals an account's keys names what it
// sealed. A seal binds a value to its place, not to its time: by the entry an older value is found
// that somebody put back.
const sealedDetail = "sealed"

// sealedDigest names the sealed keys; it opens nothing.
func sealedDigest(sealedKey, sealedSecret []byte) string {
	sum := sha256.New()
	for _, sealed := range [][]byte{sealedKey, sealedSecret} {
		_ = binary.Write(sum, binary.BigEndian, uint64(len(sealed))) // a hash takes everything
		sum.Write(sealed)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func sealing(entry audit.Entry, account trade.BrokerageAccount) audit.Entry {
	details := maps.Clone(entry.Details)
	if details == nil {
		details = map[string]any{}
	}
	details[sealedDetail] = sealedDigest(account.SealedKey, account.SealedSecret)
	entry.Details = details
	return entry
}

// storedDigest returns the digest of the account's sealed keys as they stand, empty when the
// account is gone.
func storedDigest(ctx context.Context, from bun.IDB, userID, id string) (string, error) {
	var row accountRow
	err := from.NewSelect().Model(&row).Column("sealed_key", "sealed_secret").Where("id = ? AND user_id = ?", id, userID).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return sealedDigest(row.SealedKey, row.SealedSecret), err
}

var (
	errOlderKeys   = fault.New(fault.Internal, "The stored keys of this account are not those that were last saved: older ones were put back. Enter them again, and verify the audit log.")
	errChangedKeys = fault.New(fault.Conflict, "The keys of this account were changed a moment ago. Try again.")
)

// CheckSealed returns nil when the account's sealed keys are those of the last act that sealed
// them, as the audit log has it. An account whose act is not in the log any more, or is of a
// version before, passes.
func (s *Store) CheckSealed(ctx context.Context, account trade.BrokerageAccount) error {
	audited, err := s.auditedDigest(ctx, account.ID)
	if err != nil || audited == "" || audited == sealedDigest(account.SealedKey, account.SealedSecret) {
		return err
	}
	stored, err := storedDigest(ctx, s.read, account.UserID, account.ID)
	if err != nil {
		return explain(err)
	}
	if stored == audited || stored == "" {
		return errChangedKeys
	}
	return errOlderKeys
}

// auditedDigest is what the newest entry names that sealed keys of the account: an account_created
// or account_update, which are few, while cycles name the account too. An entry that was
// edited is refused like older keys.
func (s *Store) auditedDigest(ctx context.Context, accountID string) (string, error) {
	var row auditRow
	err := s.read.NewSelect().Model(&row).
		Where("target = ? AND action IN (?)", "account:"+accountID, bun.In([]audit.Action{audit.AccountCreated, audit.AccountUpdated})).
		Where("details LIKE ?", `%"`+sealedDetail+`":%`).Order("sequence DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", explain(err)
	}
	link, err := row.link()
	if err != nil {
		return "", err
	}
	expected, err := audit.Chain(s.auditKey, link.PreviousHash, link.Entry)
	if err != nil {
		return "", err
	}
	if !hmac.Equal(expected.Hash, link.Hash) {
		return "", errOlderKeys
	}
	digest, _ := link.Details[sealedDetail].(string)
	return digest, nil
}
