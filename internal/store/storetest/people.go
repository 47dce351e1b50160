package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func firstUserIsAdmin(t *testing.T, w world) {
	same(t, "first", w.user(t, "ann").Role, auth.Admin)
	same(t, "second", w.user(t, "ben").Role, auth.Trader)
	viewer := newUser("cat")
	viewer.Role = auth.Viewer
	third, err := w.CreateUser(t.Context(), viewer, []byte{1}, trade.DefaultSettings(), audit.Entry{})
	must(t, err)
	same(t, "third keeps the role it was given", third.Role, auth.Viewer)
	count, err := w.CountUsers(t.Context())
	must(t, err)
	same(t, "count", count, 3)
}

func namesCompareWithoutCase(t *testing.T, w world) {
	w.user(t, "Jürgen.ß")
	for _, login := range []string{"jürgen.ß", "JÜRGEN.SS", "ju\u0308rgen.ß", "JÜRGEN.ß@EXAMPLE.ORG"} {
		if _, err := w.UserByLogin(t.Context(), login); err != nil {
			t.Errorf("%q: %v", login, err)
		}
	}
	create := func(name, email string) error {
		user := newUser(name)
		user.Email = email
		_, err := w.CreateUser(t.Context(), user, []byte{1}, trade.DefaultSettings(), audit.Entry{})
		return err
	}
	for _, taken := range []struct{ name, email, says string }{
		{"JÜRGEN.ß", "other@example.org", "user name"},
		{"other", "jürgen.ß@EXAMPLE.org", "e-mail"},
		{"jürgen.ß@example.org", "third@example.org", "user name"},
	} {
		err := create(taken.name, taken.email)
		want(t, err, fault.Conflict)
		if !strings.Contains(fault.Public(err), taken.says) {
			t.Errorf("%q says %q", taken.name, fault.Public(err))
		}
	}
	same(t, "entries", len(verifyAudit(t, w.Store)), 1)
}

func userLifecycle(t *testing.T, w world) {
	made := w.user(t, "ann")
	found, err := w.UserByID(t.Context(), made.ID)
	must(t, err)
	same(t, "by id", found, made)
	same(t, "created", found.CreatedAt, start)
	login := start.Add(time.Hour)
	must(t, w.RecordSignIn(t.Context(), auth.CompletedSignIn{UserID: made.ID, At: login}, audit.Entry{Action: audit.Login, Actor: made.ID}))
	must(t, w.RenewPasswordHash(t.Context(), made.ID, "$argon2id$another", "$argon2id$wrong"))
	must(t, w.RenewPasswordHash(t.Context(), made.ID, made.PasswordHash, "$argon2id$new"))
	found, err = w.UserByLogin(t.Context(), "ANN@example.org")
	must(t, err)
	made.LastLogin, made.PasswordHash = login, "$argon2id$new"
	same(t, "after the login", found, made)
	key, err := w.DataKey(t.Context(), made.ID)
	must(t, err)
	same(t, "data key", string(key), "wrapped ann")
	links := verifyAudit(t, w.Store)
	same(t, "who registered", links[0].Actor+links[0].Target, made.ID+"user:"+made.ID)
	same(t, "then", links[1].Action, audit.Login)
}

func unknownUsers(t *testing.T, w world) {
	ctx := t.Context()
	_, err := w.UserByID(ctx, "nobody")
	want(t, err, fault.NotFound)
	_, err = w.UserByLogin(ctx, "nobody")
	want(t, err, fault.NotFound)
	_, err = w.DataKey(ctx, "nobody")
	want(t, err, fault.NotFound)
	_, err = w.UserSettings(ctx, "nobody")
	want(t, err, fault.NotFound)
	want(t, w.RecordSignIn(ctx, auth.CompletedSignIn{UserID: "nobody", At: start}, audit.Entry{}), fault.Unauthenticated)
	_, err = w.ChangePassword(ctx, "nobody", "", "", audit.Entry{})
	want(t, err, fault.Conflict)
	_, err = w.ChangeEmail(ctx, "nobody", "x@example.org", audit.Entry{})
	want(t, err, fault.NotFound)
	want(t, w.UpdateSettings(ctx, "nobody", trade.DefaultSettings(), audit.Entry{}), fault.NotFound)
	want(t, w.AddSymbol(ctx, "nobody", trade.WatchedSymbol{Symbol: "AAPL"}, audit.Entry{}), fault.NotFound)
	_, err = w.CreateAccount(ctx, newAccount("nobody", "x"), audit.Entry{})
	want(t, err, fault.NotFound)
	same(t, "entries", len(verifyAudit(t, w.Store)), 0)
}

func settings(t *testing.T, w world) {
	ann, ben := w.user(t, "ann"), w.user(t, "ben")
	got, err := w.UserSettings(t.Context(), ann.ID)
	must(t, err)
	same(t, "at first", got, trade.DefaultSettings())
	changed := trade.DefaultFileSettings()
	changed.RSI.Overbought, changed.Bollinger.StdDev = 71.3, 2.1
	changed.PositionSizePct = decimal.RequireFromString("7.25")
	changed.AllowShort, changed.Schedule.Cron = true, "*/5 9-16 * * 1-5"
	changed.MACD.Enabled, changed.Schedule.MarketHoursOnly = false, false
	must(t, w.UpdateSettings(t.Context(), ann.ID, changed, audit.Entry{Action: audit.SettingsUpdate}))
	got, err = w.UserSettings(t.Context(), ann.ID)
	must(t, err)
	same(t, "changed", got, changed)
	got, err = w.UserSettings(t.Context(), ben.ID)
	must(t, err)
	same(t, "another user's", got, trade.DefaultSettings())
}

func watchlist(t *testing.T, w world) {
	ctx, ann, ben := t.Context(), w.user(t, "ann").ID, w.user(t, "ben").ID
	add := func(user, symbol string) error {
		return w.AddSymbol(ctx, user, trade.WatchedSymbol{Symbol: symbol, Name: symbol + " Inc. 'quoted' ? <b>"}, audit.Entry{Action: audit.WatchlistAdd})
	}
	for _, symbol := range []string{"TSLA", "AAPL", "MSFT"} {
		must(t, add(ann, symbol))
	}
	must(t, add(ben, "AAPL"))
	want(t, add(ann, "AAPL"), fault.Conflict)
	must(t, w.RemoveSymbol(ctx, ann, "AAPL", audit.Entry{Action: audit.WatchlistRemove}))
	want(t, w.RemoveSymbol(ctx, ann, "AAPL", audit.Entry{}), fault.NotFound)
	must(t, add(ann, "AAPL"))
	list, err := w.Watchlist(ctx, ann)
	must(t, err)
	same(t, "in the order added", list, []trade.WatchedSymbol{
		{Symbol: "TSLA", Name: "TSLA Inc. 'quoted' ? <b>"}, {Symbol: "MSFT", Name: "MSFT Inc. 'quoted' ? <b>"},
		{Symbol: "AAPL", Name: "AAPL Inc. 'quoted' ? <b>"},
	})
	list, err = w.Watchlist(ctx, ben)
	must(t, err)
	same(t, "another user's", len(list), 1)
	list, err = w.Watchlist(ctx, "nobody")
	must(t, err)
	same(t, "nobody's is empty, not nil", list != nil && len(list) == 0, true)
	same(t, "entries", len(verifyAudit(t, w.Store)), 8)
}

func textIsOnlyText(t *testing.T, w world) {
	ann := w.user(t, "ann").ID
	for _, name := range []string{
		`'; DROP TABLE users; --`, `\'; DROP TABLE users; --`, `?0 ?1 ?`, `$1 $2`, "名前 🦙", "line\nbreak\ttab", `{"a":"b"}`, `%s%d`, `"quoted"`, `E'\x41'`,
	} {
		must(t, w.AddSymbol(t.Context(), ann, trade.WatchedSymbol{Symbol: name, Name: name}, audit.Entry{Target: name, Details: map[string]any{name: name}}))
		list, err := w.Watchlist(t.Context(), ann)
		must(t, err)
		same(t, "text", list[len(list)-1], trade.WatchedSymbol{Symbol: name, Name: name})
	}
	verifyAudit(t, w.Store)
	if w.AddSymbol(t.Context(), ann, trade.WatchedSymbol{Symbol: "A\x00B"}, audit.Entry{}) == nil {
		t.Error("text with NUL, which PostgreSQL cannot keep, was taken")
	}
}
