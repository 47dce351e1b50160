package app_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

func TestOnlyAdministratorsAdminister(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	root, ann := b.register(t, "root"), b.register(t, "ann")
	disabled := true
	for name, act := range map[string]func(auth.Principal) error{
		"list users":  func(p auth.Principal) error { _, err := b.ListUsers(ctx, p, auth.UserQuery{}); return err },
		"find a user": func(p auth.Principal) error { _, err := b.UserNamed(ctx, p, "root"); return err },
		"add a user":  func(p auth.Principal) error { _, _, err := b.AddUser(ctx, p, app.WantedUser{}); return err },
		"change a user": func(p auth.Principal) error {
			_, err := b.ChangeUser(ctx, p, root.UserID, auth.UserChange{Disabled: &disabled})
			return err
		},
		"reset password": func(p auth.Principal) error { _, err := b.ResetPassword(ctx, p, root.UserID); return err },
		"reset factors":  func(p auth.Principal) error { return b.ResetSecondFactor(ctx, p, root.UserID) },
		"end sessions":   func(p auth.Principal) error { _, err := b.EndUserSessions(ctx, p, root.UserID); return err },
		"see settings":   func(p auth.Principal) error { _, err := b.AdminSettings(ctx, p); return err },
		"change settings": func(p auth.Principal) error {
			_, err := b.ChangeInstallation(ctx, p, app.InstallationChange{})
			return err
		},
		"see invites":      func(p auth.Principal) error { _, err := b.Invites(ctx, p); return err },
		"invite":           func(p auth.Principal) error { _, _, err := b.Invite(ctx, p, app.WantedInvite{}); return err },
		"revoke an invite": func(p auth.Principal) error { return b.RevokeInvite(ctx, p, "x") },
	} {
		if err := act(auth.Nobody); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody may %s: %v", name, err)
		}
		for _, role := range []auth.Role{auth.Trader, auth.Viewer} {
			p := ann
			p.Role = role
			if err := act(p); !fault.Is(err, fault.Forbidden) {
				t.Errorf("a %s may %s: %v", role, name, err)
			}
		}
		if err := act(auth.Operator); fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Forbidden) {
			t.Errorf("the command line may not %s: %v", name, err)
		}
	}
}

// TestEverybodyWhoComesFirstGetsIn: of many who register at once on an empty database one becomes
// administrator, and the others come in by the rules for everybody.
func TestEverybodyWhoComesFirstGetsIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var group sync.WaitGroup
	var admins atomic.Int64
	for i := range 6 {
		group.Go(func() {
			user, err := b.Register(t.Context(), auth.Nobody, registration(fmt.Sprint("first", i)))
			if err != nil {
				t.Error(err)
			}
			if user.Role == auth.Admin {
				admins.Add(1)
			}
		})
	}
	group.Wait()
	if admins.Load() != 1 {
		t.Errorf("%d administrators", admins.Load())
	}
}

func TestAStrangerIsNotToldWhatIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "ann")
	name, address := registration("ann"), registration("eve")
	name.Email, address.Email = "eve@example.com", "ann@example.com"
	for _, taken := range []app.Registration{name, address} {
		if user, err := b.Register(t.Context(), auth.Nobody, taken); user.ID != "" || err != nil {
			t.Errorf("%s, %s: made %q, said %v", taken.Username, taken.Email, user.ID, err)
		}
	}
}

// TestAnInvitedOneIsToldThatSomethingIsTaken, not which: and the invite is not used up.
func TestAnInvitedOneIsToldThatSomethingIsTaken(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, "ann")
	_, link, err := b.Invite(t.Context(), auth.Operator, app.WantedInvite{Life: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	_, invite, _ := strings.Cut(link.Address.Reveal(), "#")
	name, address, free := registration("ann"), registration("eve"), registration("eve")
	name.Email, address.Email = "eve@example.com", "ann@example.com"
	for _, wanted := range []*app.Registration{&name, &address, &free} {
		wanted.Invite = secret.NewText(invite)
	}
	_, nameTaken := b.Register(t.Context(), auth.Nobody, name)
	_, addressTaken := b.Register(t.Context(), auth.Nobody, address)
	if !fault.Is(nameTaken, fault.Conflict) || fault.Public(nameTaken) != fault.Public(addressTaken) {
		t.Errorf("a taken name says %v, a taken address %v", nameTaken, addressTaken)
	}
	if user, err := b.Register(t.Context(), auth.Nobody, free); user.Username != "eve" || err != nil {
		t.Errorf("the third try made %q: %v", user.Username, err)
	}
}

func TestLinksAreWholeAddressesWhereThePublicOneIsKnown(t *testing.T) {
	t.Parallel()
	for given, begins := range map[string]string{"": "/register#", "https://trader.example": "https://trader.example/register#", "https://trader.example/": "https://trader.example/register#"} {
		b := setup(t, func(c *app.Config) { c.PublicURL = given })
		invite, link, err := b.Invite(t.Context(), auth.Operator, app.WantedInvite{Life: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if address := link.Address.Reveal(); len(address) != len(begins)+43 || address[:len(begins)] != begins {
			t.Errorf("with %q the link is %s", given, address)
		}
		if invite.Role != auth.Trader || invite.CreatedBy != "command line" || !link.ExpiresAt.Equal(b.Clock.Now().Add(time.Hour)) {
			t.Errorf("invite %+v until %v", invite, link.ExpiresAt)
		}
	}
}

func TestInvitesAreForTradersAndViewers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, wanted := range []app.WantedInvite{
		{Role: auth.Admin}, {Role: "king"}, {Life: -time.Hour}, {Life: auth.LongestInviteLife + 1}, {Note: string(make([]rune, 201))},
	} {
		if _, _, err := b.Invite(t.Context(), auth.Operator, wanted); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", wanted, err)
		}
	}
}

func TestSetupCodes(t *testing.T) {
	t.Parallel()
	code := auth.NewSetupCode([]byte("nineteen bytes and more"))
	if code != auth.NewSetupCode([]byte("nineteen bytes and more")) || len(code.Reveal()) != 35 {
		t.Errorf("code %s", code.Reveal())
	}
	for _, given := range []string{"", "-", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-AAAAA", code.Reveal() + "A", code.Reveal()[1:]} {
		if auth.SameSetupCode(secret.NewText(given), code) {
			t.Errorf("%q is taken for %s", given, code.Reveal())
		}
	}
}
