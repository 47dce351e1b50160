package app_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

const password = "correct horse battery"

var cheap = auth.PasswordCost{MemoryKiB: 64, Iterations: 1, Lanes: 1}

// noBroker is for use cases that ask no broker.
type noBroker struct{}

func (noBroker) Open(context.Context, trade.BrokerageAccount) (app.Brokerage, error) {
	return nil, fault.New(fault.BrokerDown, "There is no broker here.")
}

func (noBroker) Signals(context.Context, trade.BrokerageAccount, trade.Settings, []string) ([]trade.Signal, map[string]float64, error) {
	return nil, nil, fault.New(fault.BrokerDown, "There is no broker here.")
}

type bench struct {
	*app.App
	store *store.Store
	log   *bytes.Buffer
}

func setup(t *testing.T, options ...func(*app.Config)) bench {
	t.Helper()
	held := clock.NewHeld(time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC))
	database, err := store.Open(t.Context(), store.Options{
		URL: secret.NewText("sqlite:///" + filepath.Join(t.TempDir(), "test.db")), Clock: held, AuditKey: make([]byte, 32),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = database.Close() })
	if err := database.Migrate(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	keyring, err := secret.NewKeyring(secret.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	config := app.Config{
		Store: database, Brokerages: noBroker{}, Keyring: keyring, Passwords: auth.NewPasswords(cheap), Signals: noBroker{},
		Bus: &event.Bus{}, Clock: held, Logger: slog.New(slog.NewTextHandler(log, nil)),
		SignInFloor: time.Nanosecond,
	}
	for _, apply := range options {
		apply(&config)
	}
	a := app.New(config)
	t.Cleanup(a.Close)
	return bench{a, database, log}
}

func registration(name string) app.Registration {
	return app.Registration{Username: name, Email: name + "@example.com", Password: secret.NewText(password)}
}

func (b bench) register(t *testing.T, name string) auth.Principal {
	t.Helper()
	user, err := b.Register(t.Context(), auth.Nobody, registration(name))
	if err != nil {
		t.Fatal(err)
	}
	return auth.Principal{UserID: user.ID, Username: user.Username, Role: user.Role}
}

func TestClosedRegistrationTakesTheFirstUserOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	closed := auth.ClosedRegistration
	if _, err := b.ChangeInstallation(t.Context(), auth.Operator, app.InstallationChange{Registration: &closed}); err != nil {
		t.Fatal(err)
	}
	if p := b.register(t, "ann"); p.Role != auth.Admin {
		t.Errorf("the first user is %s", p.Role)
	}
	if _, err := b.Register(t.Context(), auth.Nobody, registration("bob")); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the second registration: %v", err)
	}
	if info, err := b.Session(t.Context(), auth.Nobody); err != nil || info.Registration != closed || info.FirstUser {
		t.Errorf("%+v %v", info, err)
	}
}

func TestTheAdministratorIsMadeOnAnEmptyDatabaseOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	created, err := b.EnsureAdmin(t.Context(), registration("root-admin"))
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	user, err := b.store.UserByLogin(t.Context(), "root-admin")
	if err != nil || user.Role != auth.Admin {
		t.Fatalf("%s, %v", user.Role, err)
	}
	if created, err := b.EnsureAdmin(t.Context(), registration("another")); created || err != nil {
		t.Fatalf("a second administrator: %v, %v", created, err)
	}
	if created, err := setup(t).EnsureAdmin(t.Context(), app.Registration{Username: "root-admin", Email: "x", Password: secret.NewText(password)}); created || !fault.Is(err, fault.Invalid) {
		t.Fatalf("a bad address: %v, %v", created, err)
	}
}

func TestANewUserIsWelcomed(t *testing.T) {
	t.Parallel()
	var welcomed []string
	b := setup(t, func(c *app.Config) {
		c.NewUserHook = func(_ context.Context, user auth.User) error {
			welcomed = append(welcomed, user.Username)
			if user.Username == "bob" {
				return errors.New("no demonstration today")
			}
			return nil
		}
	})
	b.register(t, "ann")
	b.register(t, "bob")
	if strings.Join(welcomed, " ") != "ann bob" {
		t.Errorf("welcomed %v", welcomed)
	}
	if !strings.Contains(b.log.String(), "no demonstration today") {
		t.Errorf("the failed welcome is not in the log: %s", b.log)
	}
}

func TestAnOldHashIsRenewedAtSignIn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.register(t, "ann")
	stored := func() auth.User {
		t.Helper()
		user, err := b.store.UserByID(t.Context(), p.UserID)
		if err != nil {
			t.Fatal(err)
		}
		return user
	}
	old, err := auth.NewPasswords(auth.PasswordCost{MemoryKiB: 32, Iterations: 1, Lanes: 1}).Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.store.RenewPasswordHash(t.Context(), p.UserID, stored().PasswordHash, old); err != nil {
		t.Fatal(err)
	}
	sessions := 0
	signIn := func(password string) error {
		_, err := b.SignIn(t.Context(), auth.Nobody, app.Credentials{Login: " ann ", Password: secret.NewText(password)}, app.Browser{
			Open: func(auth.User, bool, secret.Text) (string, error) {
				sessions++
				return "session", nil
			},
		})
		return err
	}
	if err := signIn("not the password"); !fault.Is(err, fault.Unauthenticated) {
		t.Fatalf("wrong password: %v", err)
	}
	if stored().PasswordHash != old {
		t.Fatal("a wrong password renewed the hash")
	}
	if err := signIn(password); err != nil {
		t.Fatal(err)
	}
	if user := stored(); user.PasswordHash == old || user.LastLogin.IsZero() || sessions != 1 {
		t.Fatalf("renewed %v, last login %v, %d sessions", user.PasswordHash != old, user.LastLogin, sessions)
	}
	if err := signIn(password); err != nil {
		t.Fatalf("with the renewed hash: %v", err)
	}
}

func TestSwitchesFlippedTogetherAreAllKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.register(t, "ann")
	off := false
	changes := []app.IndicatorChange{{RSI: &off}, {SMA: &off}, {MACD: &off}, {Bollinger: &off}}
	var together sync.WaitGroup
	for _, change := range changes {
		together.Go(func() {
			if err := b.UpdateIndicators(t.Context(), p, change); err != nil {
				t.Error(err)
			}
		})
	}
	together.Wait()
	settings, err := b.UserSettings(t.Context(), p)
	if err != nil || settings.RSI.Enabled || settings.SMA.Enabled || settings.MACD.Enabled || settings.Bollinger.Enabled {
		t.Fatalf("a change was lost: %+v %v", settings, err)
	}
}

func TestUseCasesAskForPermissionThemselves(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := t.Context()
	viewer := b.register(t, "ann")
	viewer.Role = auth.Viewer
	for name, act := range map[string]func(auth.Principal) error{
		"add account":    func(p auth.Principal) error { _, err := b.AddAccount(ctx, p, app.NewAccount{}); return err },
		"change account": func(p auth.Principal) error { _, err := b.UpdateAccount(ctx, p, "x", app.AccountChange{}); return err },
		"delete account": func(p auth.Principal) error { return b.DeleteAccount(ctx, p, "x") },
		"activate":       func(p auth.Principal) error { return b.ActivateAccount(ctx, p, "x") },
		"watch":          func(p auth.Principal) error { _, err := b.AddSymbol(ctx, p, "AAPL"); return err },
		"unwatch":        func(p auth.Principal) error { return b.RemoveSymbol(ctx, p, "AAPL") },
		"settings":       func(p auth.Principal) error { _, err := b.UpdateSettings(ctx, p, func(*trade.Settings) {}); return err },
		"indicators":     func(p auth.Principal) error { return b.UpdateIndicators(ctx, p, app.IndicatorChange{}) },
	} {
		if err := act(viewer); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a viewer may %s: %v", name, err)
		}
	}
	for name, look := range map[string]func() error{
		"accounts":   func() error { _, err := b.ListAccounts(ctx, auth.Nobody); return err },
		"watchlist":  func() error { _, err := b.Watchlist(ctx, auth.Nobody); return err },
		"settings":   func() error { _, err := b.UserSettings(ctx, auth.Nobody); return err },
		"indicators": func() error { _, err := b.Indicators(ctx, auth.Nobody); return err },
		"account":    func() error { _, err := b.Account(ctx, auth.Nobody); return err },
		"cycles":     func() error { _, err := b.Cycles(ctx, auth.Nobody, 1); return err },
		"status":     func() error { _, err := b.Status(ctx, auth.Nobody); return err },
		"live":       func() error { _, err := b.Watch(auth.Nobody); return err },
	} {
		if err := look(); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("nobody may see %s: %v", name, err)
		}
	}
}

func TestAClosedAppWatchesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.register(t, "ann")
	feed, err := b.Watch(p)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	if _, err := feed.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Close()
	b.Close()
	if _, err := b.Watch(p); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("a feed of a closed app: %v", err)
	}
}
