package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

// BeginAttempt counts a failure of the attempt in advance, or returns a fault of kind RateLimited
// and counts nothing. Attempts on one account wait for each other.
func (s *Store) BeginAttempt(ctx context.Context, attempt auth.Attempt) error {
	now := s.clock.Now()
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		var refusal error
		for _, counted := range countedSources(attempt) {
			failures, last, err := lockFailures(ctx, tx, attempt.Account, counted.name, now)
			if err != nil {
				return err
			}
			refusal = harder(refusal, counted.refuse(failures, last, now))
		}
		if refusal != nil {
			return refusal
		}
		for _, counted := range countedSources(attempt) {
			_, err := tx.NewRaw("UPDATE sign_in_failures SET failures = failures + 1, last_at = ? WHERE account = ? AND source = ?",
				at(now), attempt.Account, counted.name).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// source is one row that an attempt counts in, and the law of waiting there.
type source struct {
	name   string
	refuse func(failures int, last, now time.Time) error
}

// countedSources lists the sum over all addresses first: always in one order, so that attempts
// cannot wait for each other in a circle. A known source does not count there.
func countedSources(attempt auth.Attempt) []source {
	own := source{attempt.Source, auth.RefuseSource}
	if attempt.Known {
		return []source{own}
	}
	return []source{{"", auth.RefuseAccount}, own}
}

// lockFailures returns the failures in a row, and keeps other attempts from them until the
// transaction ends.
func lockFailures(ctx context.Context, tx bun.Tx, account, source string, now time.Time) (failures int, last time.Time, err error) {
	var when instant
	err = tx.NewRaw(`INSERT INTO sign_in_failures (account, source, failures, last_at) VALUES (?, ?, 0, ?)
		ON CONFLICT (account, source) DO UPDATE SET failures = sign_in_failures.failures RETURNING failures, last_at`,
		account, source, at(now)).Scan(ctx, &failures, &when)
	return failures, when.Time, err
}

// harder is the refusal that lasts longer; one that does not say how long lasts for good.
func harder(a, b error) error {
	switch {
	case a == nil, b != nil && fault.RetryOf(a) > 0 && (fault.RetryOf(b) == 0 || fault.RetryOf(b) > fault.RetryOf(a)):
		return b
	default:
		return a
	}
}

// ForgiveAttempt takes back what BeginAttempt counted.
func (s *Store) ForgiveAttempt(ctx context.Context, attempt auth.Attempt) error {
	return s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, counted := range countedSources(attempt) {
			_, err := tx.NewRaw("UPDATE sign_in_failures SET failures = failures - 1 WHERE account = ? AND source = ? AND failures > 0",
				attempt.Account, counted.name).Exec(ctx)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// KnownDevice reports whether the user has signed in with the device before.
func (s *Store) KnownDevice(ctx context.Context, userID, deviceHash string) (bool, error) {
	known, err := s.read.NewSelect().Table("known_devices").
		Where("user_id = ? AND token_hash = ? AND expires_at > ?", userID, deviceHash, at(s.clock.Now())).Exists(ctx)
	return known, explain(err)
}

// CreatePending stores a sign-in that waits for its second factor.
func (s *Store) CreatePending(ctx context.Context, pending auth.PendingSignIn) error {
	_, err := s.write.NewRaw(`INSERT INTO pending_sign_ins (id, user_id, session_epoch, remember, tries, expires_at) VALUES (?, ?, ?, ?, 0, ?)`,
		pending.ID, pending.UserID, pending.SessionEpoch, pending.Remember, at(pending.ExpiresAt)).Exec(ctx)
	return explain(err)
}

const noPending = "There is no such pending sign-in."

// PendingSignIn returns a pending sign-in that can still be completed; a fault of kind NotFound otherwise.
func (s *Store) PendingSignIn(ctx context.Context, id string) (auth.PendingSignIn, error) {
	pending := auth.PendingSignIn{ID: id}
	var expires instant
	err := s.read.NewRaw("SELECT user_id, session_epoch, remember, expires_at FROM pending_sign_ins WHERE id = ? AND expires_at > ?",
		id, at(s.clock.Now())).Scan(ctx, &pending.UserID, &pending.SessionEpoch, &pending.Remember, &expires)
	pending.ExpiresAt = expires.Time
	return pending, missing(err, noPending)
}

// TryPending counts one try and returns how many are left; a fault of kind NotFound when there was
// none left, or the pending sign-in is gone.
func (s *Store) TryPending(ctx context.Context, id string) (left int, err error) {
	var tries int
	err = s.transact(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw("UPDATE pending_sign_ins SET tries = tries + 1 WHERE id = ? AND tries < ? AND expires_at > ? RETURNING tries",
			id, auth.PendingTries, at(s.clock.Now())).Scan(ctx, &tries)
		return missing(err, noPending)
	})
	return auth.PendingTries - tries, err
}

// EndPending removes the pending sign-in; one that is gone already is no error.
func (s *Store) EndPending(ctx context.Context, id string) error {
	_, err := s.write.NewRaw("DELETE FROM pending_sign_ins WHERE id = ?", id).Exec(ctx)
	return explain(err)
}

var errSignInOver = fault.New(fault.Unauthenticated, "This sign-in is over. Sign in again.")

// RecordSignIn completes a sign-in; see app.SignIns.
func (s *Store) RecordSignIn(ctx context.Context, done auth.CompletedSignIn, entry audit.Entry) error {
	return s.act(ctx, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw("UPDATE users SET last_login = ? WHERE id = ? AND session_epoch = ? AND NOT disabled",
			at(done.At), done.UserID, done.SessionEpoch).Exec(ctx)
		if err := mustChange(result, err, errSignInOver); err != nil {
			return err
		}
		if done.Pending != "" {
			result, err := tx.NewRaw("DELETE FROM pending_sign_ins WHERE id = ? AND user_id = ? AND expires_at > ?",
				done.Pending, done.UserID, at(s.clock.Now())).Exec(ctx)
			if err := mustChange(result, err, errSignInOver); err != nil {
				return err
			}
		}
		if err := forgetFailures(ctx, tx, done.Attempts); err != nil {
			return err
		}
		if err := rememberDevice(ctx, tx, done); err != nil {
			return err
		}
		return s.audit(ctx, tx, entry)
	})
}

func forgetFailures(ctx context.Context, tx bun.Tx, attempts []auth.Attempt) error {
	for _, attempt := range attempts {
		if _, err := tx.NewRaw("DELETE FROM sign_in_failures WHERE account = ? AND source = ?", attempt.Account, attempt.Source).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func rememberDevice(ctx context.Context, tx bun.Tx, done auth.CompletedSignIn) error {
	if done.DeviceHash == "" {
		return nil
	}
	_, err := tx.NewRaw("INSERT INTO known_devices (user_id, token_hash, created_at, expires_at) VALUES (?, ?, ?, ?)",
		done.UserID, done.DeviceHash, at(done.At), at(done.DeviceUntil)).Exec(ctx)
	return err
}

// ForgetFailures forgets all failed sign-ins of the accounts.
func (s *Store) ForgetFailures(ctx context.Context, accounts []string) error {
	_, err := s.write.NewRaw("DELETE FROM sign_in_failures WHERE account IN (?)", bun.In(accounts)).Exec(ctx)
	return explain(err)
}

// SweepSignIns removes what counts no more: expired pending sign-ins and devices, and failures that
// are long past.
func (s *Store) SweepSignIns(ctx context.Context) error {
	now := s.clock.Now()
	for _, sweep := range []struct {
		statement string
		before    time.Time
	}{
		{"DELETE FROM pending_sign_ins WHERE expires_at <= ?", now},
		{"DELETE FROM known_devices WHERE expires_at <= ?", now},
		{"DELETE FROM sign_in_failures WHERE last_at <= ?", now.Add(-auth.FailuresKeptFor)},
	} {
		if _, err := s.write.NewRaw(sweep.statement, at(sweep.before)).Exec(ctx); err != nil {
			return explain(err)
		}
	}
	return nil
}
