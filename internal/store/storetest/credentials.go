package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func newPasskey(userID, credential string) auth.Passkey {
	return auth.Passkey{
		ID: uuid.NewString(), UserID: userID, Name: "Key 'quoted' ?", CredentialID: []byte(credential + "\x00\xff"),
		Record: []byte(`{"publicKey":"x"}`), SignCount: 4294967290, CreatedAt: start,
	}
}

// created is the error of CreatePasskey and DeletePasskey alone.
func created(_ auth.User, err error) error { return err }

func passkeys(t *testing.T, w world) {
	ctx, ann, ben := t.Context(), w.user(t, "ann").ID, w.user(t, "ben").ID
	first, other := newPasskey(ann, "a"), newPasskey(ben, "b")
	must(t, created(w.CreatePasskey(ctx, first, []byte("challenge 1"), audit.Entry{Action: audit.PasskeyAdded})))
	must(t, created(w.CreatePasskey(ctx, other, []byte("challenge 2"), audit.Entry{Action: audit.PasskeyAdded})))
	again := newPasskey(ben, "a")
	want(t, created(w.CreatePasskey(ctx, again, []byte("challenge 3"), audit.Entry{})), fault.Conflict)
	want(t, created(w.CreatePasskey(ctx, newPasskey(ann, "c"), []byte("challenge 2"), audit.Entry{})), fault.Conflict)
	want(t, created(w.CreatePasskey(ctx, newPasskey("nobody", "d"), []byte("challenge 4"), audit.Entry{})), fault.NotFound)

	found, err := w.PasskeyByCredential(ctx, first.CredentialID)
	must(t, err)
	same(t, "by credential", found, first)
	_, err = w.PasskeyByCredential(ctx, []byte("unknown"))
	want(t, err, fault.NotFound)

	want(t, w.RenamePasskey(ctx, ben, first.ID, "stolen", audit.Entry{}), fault.NotFound)
	must(t, w.RenamePasskey(ctx, ann, first.ID, "Phone", audit.Entry{Action: audit.PasskeyRenamed}))
	want(t, created(w.DeletePasskey(ctx, ben, first.ID, audit.Entry{})), fault.NotFound)
	list, err := w.ListPasskeys(ctx, ann)
	must(t, err)
	first.Name = "Phone"
	same(t, "hers", list, []auth.Passkey{first})
	must(t, created(w.DeletePasskey(ctx, ann, first.ID, audit.Entry{Action: audit.PasskeyDeleted})))
	want(t, created(w.DeletePasskey(ctx, ann, first.ID, audit.Entry{})), fault.NotFound)
	list, err = w.ListPasskeys(ctx, ann)
	must(t, err)
	same(t, "none left", len(list), 0)
	same(t, "entries", len(verifyAudit(t, w.Store)), 6)
}

func passkeyUse(t *testing.T, w world) {
	ctx, ann, ben := t.Context(), w.user(t, "ann").ID, w.user(t, "ben").ID
	counted, uncounted := newPasskey(ann, "a"), newPasskey(ann, "b")
	uncounted.SignCount = 0
	must(t, created(w.CreatePasskey(ctx, counted, []byte("made 1"), audit.Entry{})))
	must(t, created(w.CreatePasskey(ctx, uncounted, []byte("made 2"), audit.Entry{})))
	used := func(passkey auth.Passkey, count uint32) auth.Passkey {
		passkey.SignCount, passkey.LastUsedAt, passkey.Record = count, start.Add(time.Minute), []byte(`{"publicKey":"y"}`)
		return passkey
	}
	same(t, "the same count", w.UsePasskey(ctx, used(counted, counted.SignCount), []byte("used 1")), error(auth.ErrCloned))
	same(t, "a lower count", w.UsePasskey(ctx, used(counted, 1), []byte("used 1")), error(auth.ErrCloned))
	stranger := used(counted, 4294967295)
	stranger.UserID = ben
	same(t, "of another user", w.UsePasskey(ctx, stranger, []byte("used 1")), error(auth.ErrCloned))
	must(t, w.UsePasskey(ctx, used(counted, 4294967295), []byte("used 1"))) // a refused use spends nothing
	want(t, w.UsePasskey(ctx, used(uncounted, 0), []byte("used 1")), fault.Conflict)
	must(t, w.UsePasskey(ctx, used(uncounted, 0), []byte("used 2")))
	must(t, w.UsePasskey(ctx, used(uncounted, 0), []byte("used 3")))
	list, err := w.ListPasskeys(ctx, ann)
	must(t, err)
	byID := map[string]auth.Passkey{list[0].ID: list[0], list[1].ID: list[1]}
	same(t, "after its use", byID[counted.ID], used(counted, 4294967295))
	w.clock.Advance(2 * time.Hour)
	must(t, w.UsePasskey(ctx, used(uncounted, 0), []byte("used 2"))) // long expired wherever it was made
}

func manyShowOnePasskey(t *testing.T, w world) {
	ann := w.user(t, "ann").ID
	passkey := newPasskey(ann, "a")
	passkey.SignCount = 0
	must(t, created(w.CreatePasskey(t.Context(), passkey, []byte("made"), audit.Entry{})))
	succeeded := together(t, 16, fault.Conflict, func(ctx context.Context, _ int) error {
		return w.UsePasskey(ctx, passkey, []byte("one challenge"))
	})
	same(t, "one answer of one challenge", succeeded, 1)
	succeeded = together(t, 16, fault.Unauthenticated, func(ctx context.Context, i int) error {
		counted := passkey
		counted.SignCount = 7
		return w.UsePasskey(ctx, counted, fmt.Appendf(nil, "challenge %d", i))
	})
	same(t, "one use of one count", succeeded, 1)
}

func passkeysAreBounded(t *testing.T, w world) {
	ann := w.user(t, "ann").ID
	succeeded := together(t, auth.PasskeysPerUser+4, fault.Conflict, func(ctx context.Context, i int) error {
		name := fmt.Sprint(i)
		return created(w.CreatePasskey(ctx, newPasskey(ann, name), []byte(name), audit.Entry{}))
	})
	same(t, "passkeys", succeeded, auth.PasskeysPerUser)
}

func newToken(userID, id string) auth.APIToken {
	return auth.APIToken{
		ID: id, UserID: userID, Name: "Bot 'quoted' ?", Hash: []byte("hash \x00\xff of " + id), Scopes: []auth.Scope{auth.ScopeRead, auth.ScopeTradePaper},
		CreatedAt: start, ExpiresAt: start.Add(auth.UsualTokenLife),
	}
}

func tokens(t *testing.T, w world) {
	ctx, ann, ben := t.Context(), w.user(t, "ann").ID, w.user(t, "ben").ID
	first, second := newToken(ann, "first"), newToken(ann, "second")
	second.Rates, second.CreatedAt = auth.Rates{{Count: 5, Window: time.Hour}, {Count: 1, Window: time.Second}}, start.Add(time.Second)
	must(t, w.CreateToken(ctx, first, audit.Entry{Action: audit.TokenCreated}))
	must(t, w.CreateToken(ctx, second, audit.Entry{Action: audit.TokenCreated}))
	must(t, w.CreateToken(ctx, newToken(ben, "third"), audit.Entry{Action: audit.TokenCreated}))
	want(t, w.CreateToken(ctx, newToken("nobody", "fourth"), audit.Entry{}), fault.NotFound)
	list, err := w.ListTokens(ctx, ann)
	must(t, err)
	same(t, "hers", list, []auth.APIToken{first, second})
	found, err := w.TokenByID(ctx, "second")
	must(t, err)
	same(t, "by id", found, second)
	_, err = w.TokenByID(ctx, "unknown")
	want(t, err, fault.NotFound)

	must(t, w.TouchToken(ctx, "first", start.Add(time.Hour)))
	must(t, w.TouchToken(ctx, "first", start.Add(time.Hour+59*time.Second)))
	found, err = w.TokenByID(ctx, "first")
	must(t, err)
	same(t, "used within the minute", found.LastUsedAt, start.Add(time.Hour))
	must(t, w.TouchToken(ctx, "first", start.Add(time.Hour+time.Minute)))
	found, err = w.TokenByID(ctx, "first")
	must(t, err)
	same(t, "used a minute later", found.LastUsedAt, start.Add(time.Hour+time.Minute))

	want(t, w.RevokeToken(ctx, ben, "first", audit.Entry{}), fault.NotFound)
	must(t, w.RevokeToken(ctx, ann, "first", audit.Entry{Action: audit.TokenRevoked}))
	want(t, w.RevokeToken(ctx, ann, "first", audit.Entry{}), fault.NotFound)
	_, err = w.TokenByID(ctx, "first")
	want(t, err, fault.NotFound)
	same(t, "entries", len(verifyAudit(t, w.Store)), 6)
}

func tokensAreBounded(t *testing.T, w world) {
	ann := w.user(t, "ann").ID
	succeeded := together(t, auth.TokensPerUser+4, fault.Conflict, func(ctx context.Context, i int) error {
		return w.CreateToken(ctx, newToken(ann, fmt.Sprint(i)), audit.Entry{})
	})
	same(t, "tokens", succeeded, auth.TokensPerUser)
}
