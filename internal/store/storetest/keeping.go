package storetest

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"pgregory.net/rapid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func sessions(t *testing.T, w world) {
	ctx, kept := t.Context(), w.Sessions(SessionKey)
	ann, ben := w.user(t, "ann").ID, w.user(t, "ben").ID
	began := start.Truncate(time.Second).Add(-time.Hour)
	data := func(user, id string) []byte {
		encoded, err := scs.GobCodec{}.Encode(start.Add(time.Hour), map[string]any{
			auth.SessionUser: user, auth.SessionAddress: "192.0.2.7", auth.SessionUserAgent: "Browser",
			auth.SessionID: "id-" + id, auth.SessionBegan: began.Unix(), "seen": int64(1),
		})
		must(t, err)
		return encoded
	}
	must(t, kept.CommitCtx(ctx, "a1", data(ann, "a1"), start.Add(time.Hour)))
	must(t, kept.CommitCtx(ctx, "a2", data(ann, "a2"), start.Add(2*time.Hour)))
	must(t, kept.CommitCtx(ctx, "b1", data(ben, "b1"), start.Add(time.Hour)))
	must(t, kept.Commit("nobody", []byte("not signed in"), start.Add(time.Hour)))
	w.clock.Advance(time.Minute)
	latest := data(ann, "a1")
	must(t, kept.CommitCtx(ctx, "a1", latest, start.Add(time.Hour)))

	found, ok, err := kept.Find("a1")
	must(t, err)
	same(t, "data", found, latest)
	same(t, "found", ok, true)
	list, err := w.ListSessions(ctx, ann)
	must(t, err)
	same(t, "hers, latest seen first", list, []auth.Session{
		{ID: "id-a1", Address: "192.0.2.7", UserAgent: "Browser", CreatedAt: began, SeenAt: start.Add(time.Minute), ExpiresAt: start.Add(time.Hour)},
		{ID: "id-a2", Address: "192.0.2.7", UserAgent: "Browser", CreatedAt: began, SeenAt: start, ExpiresAt: start.Add(2 * time.Hour)},
	})
	_, ok, err = w.Sessions([]byte("another SECRET_KEY")).FindCtx(ctx, "a2")
	must(t, err)
	same(t, "found under another SECRET_KEY", ok, false)
	ended, err := w.EndOtherSessions(ctx, ann, "id-a2", func(ended int64) audit.Entry { return audit.Entry{Action: audit.SessionEnd} })
	must(t, err)
	same(t, "ended", ended, 1)
	must(t, kept.CommitCtx(ctx, "a1", latest, start.Add(time.Hour))) // by a request that was under way
	_, ok, err = kept.FindCtx(ctx, "a1")
	must(t, err)
	same(t, "ended session found", ok, false)
	want(t, w.EndSession(ctx, ann, "id-a1", audit.Entry{}), fault.NotFound)
	want(t, w.EndSession(ctx, ann, "id-b1", audit.Entry{}), fault.NotFound) // another user's

	w.clock.Advance(time.Hour)
	_, ok, err = kept.FindCtx(ctx, "b1")
	must(t, err)
	same(t, "expired session found", ok, false)
	swept, err := kept.Sweep(ctx)
	must(t, err)
	same(t, "swept", swept, 3)
	must(t, w.EndSession(ctx, ann, "id-a2", audit.Entry{Action: audit.SessionEnd}))
	must(t, kept.Delete("a2"))
	must(t, kept.DeleteCtx(ctx, "a2"))
	_, ok, err = kept.FindCtx(ctx, "a2")
	must(t, err)
	same(t, "deleted session found", ok, false)
}

func barAt(minute int, closing float64) trade.Bar {
	begin := start.Truncate(time.Minute).Add(time.Duration(minute) * time.Minute)
	return trade.Bar{Start: begin, End: begin.Add(time.Minute), Open: 1.1, High: 3, Low: 0.1, Close: closing, Volume: 1e9}
}

func bars(t *testing.T, w world) {
	ctx := t.Context()
	var all []trade.Bar
	for i := range 1200 {
		all = append(all, barAt(i, float64(i)))
	}
	must(t, w.StoreBars(ctx, "iex", "AAPL", trade.Minute, all))
	must(t, w.StoreBars(ctx, "sip", "AAPL", trade.Minute, []trade.Bar{barAt(5, 99)}))
	must(t, w.StoreBars(ctx, "iex", "AAPL", trade.Minute, []trade.Bar{barAt(5, 55.5)}))
	must(t, w.StoreBars(ctx, "iex", "AAPL", trade.Minute, nil))
	got, err := w.StoredBars(ctx, "iex", "AAPL", trade.Minute, all[4].Start, all[6].Start)
	must(t, err)
	same(t, "a window, one overwritten", got, []trade.Bar{barAt(4, 4), barAt(5, 55.5), barAt(6, 6)})
	must(t, w.ForgetBars(ctx, "iex", "AAPL", trade.Minute))
	got, err = w.StoredBars(ctx, "iex", "AAPL", trade.Minute, time.Time{}, start.AddDate(1, 0, 0))
	must(t, err)
	same(t, "forgotten", len(got), 0)
	got, err = w.StoredBars(ctx, "sip", "AAPL", trade.Minute, time.Time{}, start.AddDate(1, 0, 0))
	must(t, err)
	same(t, "another feed's", len(got), 1)
}

func barsOfManySymbols(t *testing.T, w world) {
	ctx := t.Context()
	read := func() map[string][]trade.Bar {
		got, err := w.ReadBars(ctx, "iex", []string{"AAPL", "MSFT", "NONE"}, trade.Minute, start, start.AddDate(0, 0, 1))
		must(t, err)
		return got
	}
	run := func(closing float64) []trade.Bar { return []trade.Bar{barAt(1, closing), barAt(2, closing)} }
	must(t, w.AddBars(ctx, "iex", trade.Minute, map[string][]trade.Bar{"AAPL": run(10), "MSFT": run(20), "SPY": run(30)}))
	must(t, w.AddBars(ctx, "iex", trade.Minute, map[string][]trade.Bar{"AAPL": {barAt(2, 11), barAt(3, 12)}}))
	same(t, "added, one overwritten", read(), map[string][]trade.Bar{"AAPL": {barAt(1, 10), barAt(2, 11), barAt(3, 12)}, "MSFT": run(20)})
	must(t, w.ReplaceBars(ctx, "iex", trade.Minute, map[string][]trade.Bar{"AAPL": {barAt(3, 3)}, "MSFT": nil}))
	same(t, "replaced", read(), map[string][]trade.Bar{"AAPL": {barAt(3, 3)}})
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := w.ReplaceBars(ended, "iex", trade.Minute, map[string][]trade.Bar{"AAPL": run(1)}); err == nil {
		t.Error("bars were replaced although the context had ended")
	}
	same(t, "as before", read(), map[string][]trade.Bar{"AAPL": {barAt(3, 3)}})
}

func barsKeepEveryDigit(t *testing.T, w world) {
	rapid.Check(t, func(r *rapid.T) {
		price := rapid.Float64Range(0, 1e12).Draw(r, "price")
		must(t, w.StoreBars(t.Context(), "f", "X", trade.Day, []trade.Bar{barAt(0, price)}))
		got, err := w.StoredBars(t.Context(), "f", "X", trade.Day, start.AddDate(-1, 0, 0), start.AddDate(1, 0, 0))
		must(t, err)
		if len(got) != 1 || math.Float64bits(got[0].Close) != math.Float64bits(price) {
			r.Fatalf("stored %v, read %v", price, got)
		}
	})
}

func installation(t *testing.T, w world) {
	ctx, silent := t.Context(), slog.New(slog.DiscardHandler)
	ring := keyring(t)
	must(t, w.Prepare(ctx, ring, silent))
	made, err := w.Installation(ctx)
	must(t, err)
	if made.ID == "" || !made.CreatedAt.Equal(start) {
		t.Errorf("installation %+v", made)
	}
	must(t, w.Prepare(ctx, ring, silent))
	want(t, w.Prepare(ctx, keyring(t), silent), fault.Invalid)
	again, err := w.Installation(ctx)
	must(t, err)
	same(t, "after a wrong key", again, made)
}

func keyring(t *testing.T) *secret.Keyring {
	t.Helper()
	ring, err := secret.NewKeyring(secret.GenerateKey())
	must(t, err)
	return ring
}

func auditChain(t *testing.T, w world) {
	entry := audit.Entry{
		At: start, Actor: "u", ActorName: "Ann", Session: "s", Address: "::1", UserAgent: "B", Action: audit.LoginFailed,
		Target: "user:u", Details: map[string]any{"n": 1.5, "deep": map[string]any{"list": []any{"a", true, nil}}, "big": int64(1) << 60},
	}
	must(t, w.Append(t.Context(), entry))
	must(t, w.Append(t.Context(), audit.Entry{Action: audit.Logout}))
	links := verifyAudit(t, w.Store)
	same(t, "length", len(links), 2)
	same(t, "without a time it is now", links[1].At, start)
	same(t, "big number", links[0].Details["big"], any("1152921504606846976"))
	after, err := w.AuditLinks(t.Context(), 1, 10)
	must(t, err)
	same(t, "after the first", after[0].Sequence, 2)

	_, err = w.Writer().ExecContext(t.Context(), "UPDATE audit_entries SET target = 'user:x' WHERE sequence = 1")
	must(t, err)
	links, err = w.AuditLinks(t.Context(), 0, 10)
	must(t, err)
	broken, _ := audit.Verify(AuditKey, links)
	same(t, "an edited entry is named", broken, 1)
}

// The program never deletes a user; whoever does it by hand leaves the log as it was.
func auditOutlivesItsUser(t *testing.T, w world) {
	ann := w.user(t, "ann")
	account := w.account(t, ann.ID, "paper")
	must(t, w.DeleteAccount(t.Context(), ann.ID, account.ID, audit.Entry{Action: audit.AccountDeleted, Actor: ann.ID}))
	_, err := w.Writer().ExecContext(t.Context(), "DELETE FROM users")
	must(t, err)
	_, err = w.UserByID(t.Context(), ann.ID)
	want(t, err, fault.NotFound)
	same(t, "entries", len(verifyAudit(t, w.Store)), 3)
	entries, err := w.AuditEntries(t.Context(), audit.Filter{Actor: ann.ID, Limit: 10})
	must(t, err)
	same(t, "what the user did", len(entries), 2)
}

func auditNeedsItsKey(t *testing.T, w world) {
	keyless := w.again(t, func(o *store.Options) { o.AuditKey = []byte{} })
	want(t, keyless.Append(t.Context(), audit.Entry{}), fault.Internal)
	_, err := keyless.CreateUser(t.Context(), newUser("ann"), []byte{1}, trade.DefaultSettings(), audit.Entry{})
	want(t, err, fault.Internal)
	count, err := w.CountUsers(t.Context())
	must(t, err)
	same(t, "users", count, 0)
}
