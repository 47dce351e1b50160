package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/legacy"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// The kinds of what was imported.
const (
	importedUser  = "user"
	importedAudit = "audit"
)

// ImportedUsers returns the users who came from the source, by their old ids; without name where
// the user was deleted since.
func (s *Store) ImportedUsers(ctx context.Context, source string) (map[string]auth.User, error) {
	var rows []struct{ OldID, NewID, Username string }
	err := s.read.NewRaw(`SELECT i.old_id, i.new_id, COALESCE(u.username, '') AS username FROM imports AS i
		LEFT JOIN users AS u ON u.id = i.new_id WHERE i.source = ? AND i.kind = ?`, source, importedUser).Scan(ctx, &rows)
	users := make(map[string]auth.User, len(rows))
	for _, row := range rows {
		users[row.OldID] = auth.User{ID: row.NewID, Username: row.Username}
	}
	return users, explain(err)
}

// ImportUser stores the newcomer with everything that is theirs, once: false, and nothing changed,
// when the user of the old id came before. A fault of kind Conflict when name or address is taken.
func (s *Store) ImportUser(ctx context.Context, source string, n legacy.Newcomer) (imported bool, err error) {
	err = s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		imported = false
		if err := queue(ctx, tx); err != nil {
			return err
		}
		first, err := s.mark(ctx, tx, source, importedUser, n.OldID, n.User.ID)
		if err != nil || !first {
			return err
		}
		if err := s.insertUser(ctx, tx, n.User, n.WrappedKey, n.Settings); err != nil {
			return err
		}
		if n.TOTP != nil {
			if _, err := tx.NewRaw("INSERT INTO totp_secrets (user_id, id, sealed, enabled, last_step, created_at) VALUES (?, ?, ?, TRUE, 0, ?)",
				n.User.ID, n.TOTP.ID, n.TOTP.Sealed, at(s.clock.Now())).Exec(ctx); err != nil {
				return err
			}
		}
		entries, err := s.addImported(ctx, tx, n.User, n.Accounts, n.Watchlist, n.Entry)
		if err != nil {
			return err
		}
		imported = true
		return s.audit(ctx, tx, entries...)
	})
	return imported && err == nil, err
}

// mark reports whether this is the first time that the thing comes.
func (s *Store) mark(ctx context.Context, tx bun.Tx, source, kind, oldID, newID string) (bool, error) {
	return changedOne(tx.NewRaw("INSERT INTO imports (source, kind, old_id, new_id, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		source, kind, oldID, newID, at(s.clock.Now())).Exec(ctx))
}

// addImported inserts accounts and symbols and returns the entries of the act: the given one and
// one for each account, which names what was sealed.
func (s *Store) addImported(ctx context.Context, tx bun.Tx, user auth.User, accounts []trade.BrokerageAccount, symbols []trade.WatchedSymbol, entry audit.Entry) ([]audit.Entry, error) {
	entry = named(entry, user)
	entries := []audit.Entry{entry}
	for _, account := range accounts {
		if account.CreatedAt.IsZero() {
			account.CreatedAt = s.clock.Now()
		}
		row := rowOfAccount(account)
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return nil, taken(err, accountNameTaken(account.Name))
		}
		created := entry
		created.Action, created.Target = audit.AccountCreated, "account:"+account.ID
		created.Details = map[string]any{"name": account.Name, "mode": account.Mode(), "verified": false}
		entries = append(entries, sealing(created, account))
	}
	for _, symbol := range symbols {
		_, err := tx.NewRaw(`INSERT INTO watchlist (user_id, symbol, name, position)
			SELECT ?0, ?1, ?2, COALESCE(MAX(position), 0) + 1 FROM watchlist WHERE user_id = ?0`, user.ID, symbol.Symbol, symbol.Name).Exec(ctx)
		if err != nil {
			return nil, taken(err, fault.New(fault.Conflict, "%s is in the watchlist already.", symbol.Symbol))
		}
	}
	return entries, activateOldest(ctx, tx, user.ID)
}

// ImportAddition gives a user of this database what came from files: all of it or nothing.
func (s *Store) ImportAddition(ctx context.Context, a legacy.Addition) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockUser(ctx, tx, a.User.ID); err != nil {
			return err
		}
		if a.Settings != nil {
			row := rowOfSettings(a.User.ID, *a.Settings)
			result, err := tx.NewUpdate().Model(&row).ExcludeColumn("user_id").Where("user_id = ?", a.User.ID).Exec(ctx)
			if err := mustChange(result, err, fault.New(fault.NotFound, noUser)); err != nil {
				return err
			}
		}
		entries, err := s.addImported(ctx, tx, a.User, a.Accounts, a.Watchlist, a.Entry)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, entries...)
	})
}

// ImportedEntries returns the last old audit entry of the source that was taken; 0: none.
func (s *Store) ImportedEntries(ctx context.Context, source string) (int64, error) {
	return importedEntries(ctx, s.read, source)
}

func importedEntries(ctx context.Context, from bun.IDB, source string) (int64, error) {
	var last string
	err := from.NewRaw("SELECT new_id FROM imports WHERE source = ? AND kind = ? AND old_id = ''", source, importedAudit).Scan(ctx, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, explain(err)
	}
	return strconv.ParseInt(last, 10, 64)
}

// ImportEntries appends old audit entries that follow the one of id after, the last of them being
// upTo. A fault of kind Conflict when another import was faster.
func (s *Store) ImportEntries(ctx context.Context, source string, after, upTo int64, entries []audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := queue(ctx, tx); err != nil {
			return err
		}
		last, err := importedEntries(ctx, tx, source)
		if err != nil {
			return err
		}
		if last != after {
			return fault.New(fault.Conflict, "Another import is at work. Wait for its end and run this one again.")
		}
		_, err = tx.NewRaw(`INSERT INTO imports (source, kind, old_id, new_id, at) VALUES (?, ?, '', ?, ?)
			ON CONFLICT (source, kind, old_id) DO UPDATE SET new_id = excluded.new_id, at = excluded.at`,
			source, importedAudit, strconv.FormatInt(upTo, 10), at(s.clock.Now())).Exec(ctx)
		if err != nil {
			return err
		}
		return s.audit(ctx, tx, entries...)
	})
}
