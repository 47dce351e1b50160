package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

func directory(t *testing.T, w world) {
	for i := range 7 {
		w.user(t, fmt.Sprintf("user%d", i))
	}
	w.user(t, "100%_sure")
	var names []string
	pages, query := 0, auth.UserQuery{Limit: 3}
	for {
		page, err := w.ListUsers(t.Context(), query)
		must(t, err)
		for _, user := range page.Users {
			names = append(names, user.Username)
		}
		pages++
		if query.After = page.Next; page.Next == "" {
			break
		}
	}
	same(t, "pages", pages, 3)
	same(t, "each once, by name", names, []string{"100%_sure", "user0", "user1", "user2", "user3", "user4", "user5", "user6"})
	for text, found := range map[string]int{"USER": 7, "user6": 1, "@example.org": 8, "%": 1, "_": 1, "!": 0, `\`: 0, "'": 0, " user3 ": 1, "": 8} {
		page, err := w.ListUsers(t.Context(), auth.UserQuery{Text: text})
		must(t, err)
		same(t, "found with "+text, len(page.Users), found)
	}
	page, err := w.ListUsers(t.Context(), auth.UserQuery{Text: "user0"})
	must(t, err)
	same(t, "last page", page.Next, "")
	want := auth.UserRecord{User: page.Users[0].User}
	same(t, "no factor, no session", page.Users[0], want)
}

// changing returns the entries that an administrator's change of a user leaves.
func changing(action audit.Action) func(auth.UserChanged) []audit.Entry {
	return func(changed auth.UserChanged) []audit.Entry {
		return []audit.Entry{{Action: action, Actor: "root", Details: map[string]any{"ended": changed.SessionsEnded}}}
	}
}

func change[T any](value T) *T { return &value }

func lastAdminStays(t *testing.T, w world) {
	ctx, ann, ben := t.Context(), w.user(t, "ann"), w.user(t, "ben")
	for _, lost := range []auth.UserChange{{Role: change(auth.Trader)}, {Disabled: change(true)}, {Role: change(auth.Viewer), Disabled: change(true)}} {
		_, err := w.ChangeUser(ctx, ann.ID, lost, changing(audit.RoleChanged))
		want(t, err, fault.Conflict)
	}
	unready := newUser("not.ready")
	unready.Role, unready.PasswordHash = auth.Admin, ""
	_, err := w.CreateUser(ctx, unready, []byte{1}, trade.DefaultSettings(), audit.Entry{})
	must(t, err)
	_, err = w.ChangeUser(ctx, ann.ID, auth.UserChange{Disabled: change(true)}, changing(audit.UserDisabled))
	want(t, err, fault.Conflict) // the other one cannot sign in yet
	_, err = w.ChangeUser(ctx, ben.ID, auth.UserChange{Role: change(auth.Admin)}, changing(audit.RoleChanged))
	must(t, err)
	after, err := w.ChangeUser(ctx, ann.ID, auth.UserChange{Role: change(auth.Viewer)}, changing(audit.RoleChanged))
	must(t, err)
	same(t, "role", after.Role, auth.Viewer)
	_, err = w.ChangeUser(ctx, "nobody", auth.UserChange{}, changing(audit.RoleChanged))
	want(t, err, fault.NotFound)
	same(t, "entries", len(verifyAudit(t, w.Store)), 5)
}

func adminsRemoveEachOther(t *testing.T, w world) {
	ids := []string{w.user(t, "ann").ID, w.user(t, "ben").ID}
	_, err := w.ChangeUser(t.Context(), ids[1], auth.UserChange{Role: change(auth.Admin)}, changing(audit.RoleChanged))
	must(t, err)
	succeeded := together(t, 8, fault.Conflict, func(ctx context.Context, i int) error {
		_, err := w.ChangeUser(ctx, ids[i%2], auth.UserChange{Disabled: change(true)}, func(auth.UserChanged) []audit.Entry { return nil })
		return err
	})
	admins := 0
	for _, id := range ids {
		user, err := w.UserByID(t.Context(), id)
		must(t, err)
		if !user.Disabled {
			admins++
		}
	}
	same(t, "administrators left", admins, 1)
	if succeeded == 0 {
		t.Error("nobody was disabled")
	}
}

func disablingEndsSessions(t *testing.T, w world) {
	ctx, kept := t.Context(), w.Sessions(SessionKey)
	w.user(t, "ann")
	ben := w.user(t, "ben")
	must(t, kept.CommitCtx(ctx, "b1", sessionData(t, ben.ID), start.Add(time.Hour)))
	must(t, kept.CommitCtx(ctx, "b2", sessionData(t, ben.ID), start.Add(time.Hour)))
	page, err := w.ListUsers(ctx, auth.UserQuery{Text: "ben"})
	must(t, err)
	same(t, "sessions", page.Users[0].Sessions, 2)
	must(t, w.CreatePasswordLink(ctx, auth.PasswordLink{UserID: ben.ID, Hash: []byte("hash"), CreatedAt: start, ExpiresAt: start.Add(time.Hour)}, audit.Entry{}))
	var changed auth.UserChanged
	_, err = w.ChangeUser(ctx, ben.ID, auth.UserChange{Disabled: change(true)}, func(c auth.UserChanged) []audit.Entry {
		changed = c
		return []audit.Entry{{Action: audit.UserDisabled}}
	})
	must(t, err)
	same(t, "before and after", []bool{changed.Before.Disabled, changed.After.Disabled}, []bool{false, true})
	same(t, "ended", changed.SessionsEnded, 2)
	_, found, err := kept.FindCtx(ctx, "b1")
	must(t, err)
	same(t, "session found", found, false)
	_, err = w.ChangeUser(ctx, ben.ID, auth.UserChange{Disabled: change(false)}, changing(audit.UserEnabled))
	must(t, err)
	_, err = w.PasswordLinkUser(ctx, []byte("hash"))
	want(t, err, fault.Forbidden) // it went with the disabling

	must(t, kept.CommitCtx(ctx, "b3", sessionData(t, ben.ID), start.Add(time.Hour)))
	ended, err := w.EndUserSessions(ctx, ben.ID, func(ended int64) audit.Entry {
		return audit.Entry{Action: audit.SessionsEnded, Details: map[string]any{"ended": ended}}
	})
	must(t, err)
	same(t, "ended", ended, 1)
	_, err = w.EndUserSessions(ctx, "nobody", func(int64) audit.Entry { return audit.Entry{} })
	want(t, err, fault.NotFound)
	verifyAudit(t, w.Store)
}

func passwordLinks(t *testing.T, w world) {
	ctx, ann := t.Context(), w.user(t, "ann")
	link := func(hash string) auth.PasswordLink {
		return auth.PasswordLink{UserID: ann.ID, Hash: []byte(hash), CreatedAt: w.clock.Now(), ExpiresAt: w.clock.Now().Add(time.Hour)}
	}
	create := func(hash string) {
		must(t, w.CreatePasswordLink(ctx, link(hash), audit.Entry{Action: audit.PasswordResetLink}))
	}
	create("older")
	create("newer")
	use := func(ctx context.Context, hash string) error {
		return w.UsePasswordLink(ctx, []byte(hash), "$argon2id$by link", audit.Entry{Action: audit.PasswordSet})
	}
	want(t, use(ctx, "older"), fault.Forbidden)
	found, err := w.PasswordLinkUser(ctx, []byte("newer"))
	must(t, err)
	same(t, "whose", found.ID, ann.ID)
	must(t, w.Sessions(SessionKey).CommitCtx(ctx, "a1", sessionData(t, ann.ID), start.Add(time.Hour)))
	used := together(t, 10, fault.Forbidden, func(ctx context.Context, _ int) error { return use(ctx, "newer") })
	same(t, "used", used, 1)
	_, signedIn, err := w.Sessions(SessionKey).FindCtx(ctx, "a1")
	must(t, err)
	same(t, "session found", signedIn, false)
	user, err := w.UserByID(ctx, ann.ID)
	must(t, err)
	same(t, "hash", user.PasswordHash, "$argon2id$by link")

	create("late")
	w.clock.Advance(time.Hour)
	want(t, use(ctx, "late"), fault.Forbidden)
	_, err = w.PasswordLinkUser(ctx, []byte("late"))
	want(t, err, fault.Forbidden)
	must(t, w.SweepLinks(ctx))
	bad := link("x")
	bad.UserID = "nobody"
	want(t, w.CreatePasswordLink(ctx, bad, audit.Entry{}), fault.NotFound)
	same(t, "entries", len(verifyAudit(t, w.Store)), 5)
}

func invites(t *testing.T, w world) {
	ctx := t.Context()
	w.user(t, "ann")
	invite := auth.Invite{
		ID: uuid.NewString(), Role: auth.Viewer, Note: "for 'Bob' ?", CreatedBy: "ann",
		CreatedAt: start, ExpiresAt: start.Add(time.Hour),
	}
	must(t, w.CreateInvite(ctx, invite, []byte("hash"), audit.Entry{Action: audit.InviteCreated}))
	list, err := w.Invites(ctx)
	must(t, err)
	same(t, "listed", list, []auth.Invite{invite})
	register := func(ctx context.Context, name, hash string) (auth.User, error) {
		return w.AdmitUser(ctx, newUser(name), []byte{1}, trade.DefaultSettings(), auth.Admission{InviteHash: []byte(hash)}, audit.Entry{Action: audit.Register})
	}
	_, err = register(ctx, "ann", "hash")
	want(t, err, fault.Conflict) // taken: the invite is not used up
	valid, err := w.InviteValid(ctx, []byte("hash"))
	must(t, err)
	same(t, "valid", valid, true)
	_, err = register(ctx, "eve", "another")
	want(t, err, fault.Forbidden)
	admitted := together(t, 8, fault.Forbidden, func(ctx context.Context, i int) error {
		user, err := register(ctx, fmt.Sprintf("guest%d", i), "hash")
		if err == nil && user.Role != auth.Viewer {
			t.Errorf("the invite is for a viewer, %s came in", user.Role)
		}
		return err
	})
	same(t, "admitted", admitted, 1)
	list, err = w.Invites(ctx)
	must(t, err)
	if !strings.HasPrefix(list[0].UsedBy, "guest") || list[0].UsedAt.IsZero() {
		t.Errorf("after its use: %+v", list[0])
	}

	late := invite
	late.ID = uuid.NewString()
	must(t, w.CreateInvite(ctx, late, []byte("late"), audit.Entry{Action: audit.InviteCreated}))
	w.clock.Advance(time.Hour)
	_, err = register(ctx, "late", "late")
	want(t, err, fault.Forbidden)
	must(t, w.RevokeInvite(ctx, late.ID, audit.Entry{Action: audit.InviteRevoked}))
	want(t, w.RevokeInvite(ctx, late.ID, audit.Entry{}), fault.NotFound)
	actions := map[audit.Action]int{}
	for _, link := range verifyAudit(t, w.Store) {
		actions[link.Action]++
	}
	same(t, "entries", actions, map[audit.Action]int{audit.Register: 2, audit.InviteCreated: 2, audit.InviteUsed: 1, audit.InviteRevoked: 1})
}

func onlyTheFirst(t *testing.T, w world) {
	admitted := together(t, 8, fault.Forbidden, func(ctx context.Context, i int) error {
		_, err := w.AdmitUser(ctx, newUser(fmt.Sprintf("first%d", i)), []byte{1}, trade.DefaultSettings(), auth.Admission{OnlyFirst: true}, audit.Entry{})
		return err
	})
	same(t, "admitted", admitted, 1)
}

func installationSettings(t *testing.T, w world) {
	ctx := t.Context()
	got, err := w.InstallationSettings(ctx)
	must(t, err)
	same(t, "at first", got, auth.InstallationSettings{Registration: auth.OpenRegistration, RateLimits: auth.RateLimits{}})
	groups := []string{"auth", "register", "api", "admin", "dashboard"}
	together(t, len(groups), fault.Conflict, func(ctx context.Context, i int) error {
		_, err := w.ChangeInstallationSettings(ctx, func(s *auth.InstallationSettings) {
			s.Registration, s.RateLimits[groups[i]] = auth.InviteRegistration, "7/day"
		}, func(before, after auth.InstallationSettings) []audit.Entry {
			return []audit.Entry{{Action: audit.RateLimitsChanged, Details: map[string]any{"from": before.RateLimits, "to": after.RateLimits}}}
		})
		return err
	})
	got, err = w.InstallationSettings(ctx)
	must(t, err)
	same(t, "mode", got.Registration, auth.InviteRegistration)
	same(t, "limits", len(got.RateLimits), len(groups))
	same(t, "entries", len(verifyAudit(t, w.Store)), len(groups))
}

func factorsReset(t *testing.T, w world) {
	ctx, ann := t.Context(), w.user(t, "ann")
	secret := auth.TOTPSecret{ID: uuid.NewString(), UserID: ann.ID, Sealed: []byte("sealed")}
	must(t, w.PutTOTPSecret(ctx, secret))
	_, enabled, err := w.EnableTOTP(ctx, secret, 7, [][]byte{[]byte("code")}, audit.Entry{})
	must(t, err)
	same(t, "enabled", enabled, true)
	listed, err := w.ListUsers(ctx, auth.UserQuery{})
	must(t, err)
	same(t, "second factor", listed.Users[0].TwoFactor, true)
	must(t, w.Sessions(SessionKey).CommitCtx(ctx, "a1", sessionData(t, ann.ID), start.Add(time.Hour)))
	must(t, w.RemoveFactors(ctx, ann.ID, func(removed auth.Factors) audit.Entry {
		same(t, "removed", removed, auth.Factors{TOTP: true, RecoveryCodes: 1})
		return audit.Entry{Action: audit.TwoFactorReset}
	}))
	left, err := w.SecondFactors(ctx, ann.ID)
	must(t, err)
	same(t, "left", left, auth.Factors{})
	_, found, err := w.Sessions(SessionKey).FindCtx(ctx, "a1")
	must(t, err)
	same(t, "session found", found, false)
	want(t, w.RemoveFactors(ctx, "nobody", func(auth.Factors) audit.Entry { return audit.Entry{} }), fault.NotFound)
	verifyAudit(t, w.Store)
}

func sessionData(t *testing.T, userID string) []byte {
	t.Helper()
	encoded, err := scs.GobCodec{}.Encode(start.Add(time.Hour), map[string]any{auth.SessionUser: userID})
	must(t, err)
	return encoded
}
