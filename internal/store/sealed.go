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
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// sealedDetail is where the audit entry of an act that seals an account's keys names what it
// sealed. A seal binds a value to its place, not to its time: by the entry an older value is found
// that somebody put back.
const sealedDetail = "sealed"

// sealedDigest names the sealed values; it opens nothing.
func sealedDigest(values ...[]byte) string {
	sum := sha256.New()
	for _, sealed := range values {
		_ = binary.Write(sum, binary.BigEndian, uint64(len(sealed))) // a hash takes everything
		sum.Write(sealed)
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func sealing(entry audit.Entry, account trade.BrokerageAccount) audit.Entry {
	return naming(entry, sealedDigest(account.SealedKey, account.SealedSecret))
}

// naming is the entry with the digest of what its act sealed.
func naming(entry audit.Entry, digest string) audit.Entry {
	details := maps.Clone(entry.Details)
	if details == nil {
		details = map[string]any{}
	}
	details[sealedDetail] = digest
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
	entries, err := s.sealings.of(ctx, "account:"+accountID)
	if err != nil || len(entries) == 0 {
		return "", explain(err)
	}
	entry, err := s.unedited(entries[len(entries)-1], errOlderKeys)
	if err != nil {
		return "", err
	}
	digest, _ := entry.Details[sealedDetail].(string)
	return digest, nil
}

// readSealings returns the entries that sealed keys of the targets, oldest first.
func (s *Store) readSealings(ctx context.Context, targets []string) (rows []auditRow, err error) {
	err = s.read.NewSelect().Model(&rows).
		Where("target IN (?) AND action IN (?)", bun.In(targets), bun.In([]audit.Action{audit.AccountCreated, audit.AccountUpdated})).
		Where("details LIKE ?", `%"`+sealedDetail+`":%`).Order("sequence").Scan(ctx)
	return rows, err
}

// newestEntry returns the newest entry of the query. One that was edited is the error edited.
func (s *Store) newestEntry(ctx context.Context, query *bun.SelectQuery, edited error) (entry audit.Entry, found bool, err error) {
	var row auditRow
	err = query.Model(&row).Order("sequence DESC").Limit(1).Scan(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Entry{}, false, nil
	}
	if err != nil {
		return audit.Entry{}, false, explain(err)
	}
	entry, err = s.unedited(row, edited)
	return entry, err == nil, err
}

// unedited is the row's entry; the error edited when it is not as it was written.
func (s *Store) unedited(row auditRow, edited error) (audit.Entry, error) {
	link, err := row.link()
	if err != nil {
		return audit.Entry{}, err
	}
	expected, err := audit.Chain(s.auditKey, link.PreviousHash, link.Entry)
	if err != nil {
		return audit.Entry{}, err
	}
	if !hmac.Equal(expected.Hash, link.Hash) {
		return audit.Entry{}, edited
	}
	return link.Entry, nil
}

var errOlderTOTP = fault.New(fault.Internal, "The stored secret of the authenticator app is not the one that was set up last: an older one was put back. Use a recovery code or a passkey, set the app up again, and have the audit log verified.")

// CheckTOTP returns nil when the secret, which is on, is the one of the last act that turned one on,
// as the audit log has it, and no later act turned it off. One whose act is not in the log any more,
// or is of a version before, passes.
func (s *Store) CheckTOTP(ctx context.Context, secret auth.TOTPSecret) error {
	entry, found, err := s.newestEntry(ctx, s.read.NewSelect().Where("target = ? AND action IN (?)", "user:"+secret.UserID,
		bun.In([]audit.Action{audit.TwoFactorEnabled, audit.TwoFactorDisabled, audit.TwoFactorReset})), errOlderTOTP)
	if err != nil || !found {
		return err
	}
	digest, named := entry.Details[sealedDetail].(string)
	if entry.Action != audit.TwoFactorEnabled || named && digest != sealedDigest(secret.Sealed) {
		return errOlderTOTP
	}
	return nil
}
