package app

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// KeyStore keeps what is wrapped under the ENCRYPTION_KEY.
type KeyStore interface {
	// CountDataKeys returns how many data keys there are, and how many do not begin with the stamp.
	CountDataKeys(ctx context.Context, stamp []byte) (all, others int, err error)
	// OtherDataKeys returns up to limit of those others, by user id, after the one of the user.
	OtherDataKeys(ctx context.Context, stamp []byte, after string, limit int) ([]secret.WrappedKey, error)
	// ReplaceDataKeys stores new wrappings for old ones, all or none; a key that was changed
	// meanwhile stays as it is.
	ReplaceDataKeys(ctx context.Context, old []secret.WrappedKey, rewrapped [][]byte) (replaced int, err error)
	// FinishRotation moves what belongs to the installation, with the entry, when no data key is
	// left. done is false when one is; nothing is written when all was moved before.
	FinishRotation(ctx context.Context, keys *secret.Keyring, keep string, entry audit.Entry) (done bool, err error)
}

// KeyRotation moves everything that is wrapped under earlier ENCRYPTION_KEYs to the one that
// writes. It may run while servers serve that have all of these keys, be killed at any moment and
// run again, also twice at the same time: each data key is the same before and after and opens at
// every moment.
type KeyRotation struct {
	Store    KeyStore
	Keyring  *secret.Keyring
	Service  string // the address of the key service that keeps the writing key; empty: none
	Clock    clock.Clock
	Progress func(Rotated) // is told after each batch; nil: nobody
}

// Rotated counts what a rotation did.
type Rotated struct {
	DataKeys  int // of all users
	Rewrapped int // by this run
	Left      int // under other keys; 0 at the end
}

const rotationBatch = 100 // data keys in one transaction, so that servers wait only briefly

// Run rotates; the principal needs the permission to administer.
func (k KeyRotation) Run(ctx context.Context, p auth.Principal) (Rotated, error) {
	if err := p.Require(auth.Administer); err != nil {
		return Rotated{}, err
	}
	var rotated Rotated
	for {
		if err := k.rewrapAll(ctx, &rotated); err != nil {
			return rotated, err
		}
		entry := audit.Entry{
			At: k.Clock.Now(), Actor: p.UserID, ActorName: p.Username, Session: p.SessionID, Address: p.Address,
			Action: audit.KeyRotated, Target: "installation",
			Details: map[string]any{"key": hex.EncodeToString(k.Keyring.Stamp()), "data_keys": rotated.DataKeys, "rewrapped": rotated.Rewrapped},
		}
		done, err := k.Store.FinishRotation(ctx, k.Keyring, k.Service, entry)
		if err != nil || done { // not done: a server registered somebody under an earlier key meanwhile
			return rotated, err
		}
	}
}

// rewrapAll goes through the data keys once, a batch at a time.
func (k KeyRotation) rewrapAll(ctx context.Context, rotated *Rotated) (err error) {
	if rotated.DataKeys, rotated.Left, err = k.Store.CountDataKeys(ctx, k.Keyring.Stamp()); err != nil {
		return err
	}
	for after := ""; ; {
		batch, err := k.Store.OtherDataKeys(ctx, k.Keyring.Stamp(), after, rotationBatch)
		if err != nil || len(batch) == 0 {
			return err
		}
		after = batch[len(batch)-1].UserID
		if err := k.rewrap(ctx, batch, rotated); err != nil {
			return err
		}
		if k.Progress != nil {
			k.Progress(*rotated)
		}
	}
}

func (k KeyRotation) rewrap(ctx context.Context, batch []secret.WrappedKey, rotated *Rotated) error {
	rewrapped := make([][]byte, len(batch))
	for i, key := range batch {
		var err error
		if rewrapped[i], err = k.Keyring.Rewrap(key.UserID, key.Wrapped); err != nil {
			return fmt.Errorf("rewrap data key of user %s: %w", key.UserID, err)
		}
	}
	replaced, err := k.Store.ReplaceDataKeys(ctx, batch, rewrapped)
	rotated.Rewrapped += replaced
	rotated.Left = max(0, rotated.Left-len(batch))
	return err
}
