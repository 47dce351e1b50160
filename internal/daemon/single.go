package daemon

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// SingleUser is what the one user of a single-user dashboard brings: YAML files, where there are any.
type SingleUser struct {
	Files     app.LocalFiles
	Settings  trade.Settings        // of the file of settings, when there is one
	Watchlist []trade.WatchedSymbol // of the file of symbols, when there is one
}

// ServeSingle is Serve without a sign-in: whoever reaches the server is its one built-in user, so it
// listens on a loopback address only, whatever is asked, and takes nothing from other sites' pages.
// TLS, a public address, proxies and the rules of sign-in have no place in it.
func ServeSingle(ctx context.Context, options Options, single SingleUser) error {
	if err := RequireLoopback("The address", options.Bind); err != nil {
		return err
	}
	cfg := &options.Config
	cfg.TLS, cfg.PublicURL, cfg.TrustedProxies, cfg.AllowPlainHTTP = config.TLS{}, "", nil, false
	cfg.Require2FA, cfg.Admin = auth.FactorRule(""), config.Admin{}
	options.single = &single
	return Serve(ctx, options)
}

// RequireLoopback refuses an address that other machines could reach; what says who asks for it, as
// the beginning of a sentence. Of names only localhost counts: others could change their meaning.
func RequireLoopback(what, hostport string) error {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return fault.Because(err, fault.Invalid, "%s %q is not host:port.", what, hostport)
	}
	address, err := netip.ParseAddr(host)
	if strings.EqualFold(host, "localhost") || (err == nil && address.IsLoopback()) {
		return nil
	}
	return fault.New(fault.Invalid, "%s asks for %q, but the single-user dashboard has no sign-in and listens on this machine only: give --host 127.0.0.1, ::1 or localhost. For other machines use dashboard-secure.", what, host)
}

// admitFirst makes who must be there before anybody comes: the administrator of the settings, or the
// one user of a single-user dashboard.
func (h *house) admitFirst(ctx context.Context) error {
	if h.options.single != nil {
		return h.admitSingle(ctx, *h.options.single)
	}
	if err := h.app.ensureAdmin(ctx, h.options.Config.Admin, h.options.Log); err != nil {
		return err
	}
	return h.app.announceSetupCode(ctx, h.options.Log)
}

// admitSingle makes the one user, and what it trades, as files and settings say.
func (h *house) admitSingle(ctx context.Context, single SingleUser) error {
	user, err := h.app.EnsureLocalUser(ctx)
	if err != nil {
		return err
	}
	h.local = &user
	local := app.LocalPrincipal(user, clock.System().Now())
	if single.Files.Settings != "" {
		if err := h.app.FollowSettings(ctx, local, single.Settings); err != nil {
			return err
		}
	}
	if single.Files.Watchlist != "" {
		if err := h.app.FollowWatchlist(ctx, local, single.Watchlist); err != nil {
			return err
		}
	}
	return h.bringAccount(ctx, local)
}

// bringAccount sees to the account of the settings' keys, or to that of the demonstration market,
// and shows it unless another of its kind is shown.
func (h *house) bringAccount(ctx context.Context, local auth.Principal) error {
	bring := h.bringKeys
	if h.demo != nil {
		bring = h.bringDemo
	}
	account, made, err := bring(ctx, local)
	if err != nil || account.ID == "" {
		return err
	}
	shown, err := h.store.ActiveAccount(ctx, local.UserID)
	if err != nil || (!made && shown.Demo == account.Demo) || shown.ID == account.ID {
		return err
	}
	return h.app.ActivateAccount(ctx, local, account.Name)
}

func (h *house) bringDemo(ctx context.Context, local auth.Principal) (account trade.BrokerageAccount, made bool, err error) {
	find := func() error {
		accounts, err := h.store.ListAccounts(ctx, local.UserID)
		for _, known := range accounts {
			if known.Demo {
				account = known
			}
		}
		return err
	}
	if err := find(); err != nil || account.ID != "" {
		return account, false, err
	}
	user := *h.local
	user.CreatedAt = local.FactorAt
	err = h.demo.equip(ctx, h.store, h.keys, user)
	return account, true, errors.Join(err, find())
}

// localAccountName is the name of the account of the settings' keys, as commands call it.
const localAccountName = "local"

// bringKeys keeps the settings' keys sealed in the account that commands know by the same id, so that
// halts and the journal are one. Accounts of earlier keys of the settings go; their journal stays.
func (h *house) bringKeys(ctx context.Context, local auth.Principal) (account trade.BrokerageAccount, made bool, err error) {
	alpaca := h.options.Config.Alpaca
	wanted := ""
	if !alpaca.APIKey.IsEmpty() {
		wanted = localAccountID(localMode(alpaca), alpaca.APIKey.Reveal())
	}
	accounts, err := h.store.ListAccounts(ctx, local.UserID)
	if err != nil {
		return account, false, err
	}
	for _, known := range accounts {
		switch {
		case known.ID == wanted:
			account = known
		case strings.HasPrefix(known.ID, localAccountPrefix):
			if err := h.store.DeleteAccount(ctx, local.UserID, known.ID, localEntry(local, audit.AccountDeleted, known)); err != nil {
				return account, false, err
			}
		}
	}
	if wanted == "" {
		return account, false, nil
	}
	if account.ID != "" {
		return account, false, h.renewKeys(ctx, local, account)
	}
	account = trade.BrokerageAccount{ID: wanted, UserID: local.UserID, Name: localAccountName, Paper: alpaca.Paper, CreatedAt: local.FactorAt}
	if err := h.keys.Seal(ctx, &account, alpaca.APIKey, alpaca.SecretKey); err != nil {
		return account, false, err
	}
	account, err = h.store.CreateAccount(ctx, account, localEntry(local, audit.AccountCreated, account))
	return account, true, err
}

// renewKeys takes over a secret that was renewed at the broker.
func (h *house) renewKeys(ctx context.Context, local auth.Principal, account trade.BrokerageAccount) error {
	alpaca := h.options.Config.Alpaca
	_, known, err := h.keys.Open(ctx, account)
	if err == nil && known.Reveal() == alpaca.SecretKey.Reveal() {
		return nil
	}
	if err := h.keys.Seal(ctx, &account, alpaca.APIKey, alpaca.SecretKey); err != nil {
		return err
	}
	return h.store.UpdateAccount(ctx, account, localEntry(local, audit.AccountUpdated, account))
}

func localEntry(local auth.Principal, action audit.Action, account trade.BrokerageAccount) audit.Entry {
	return audit.Entry{
		At: local.FactorAt, Actor: local.UserID, ActorName: local.Username, Action: action, Target: "account:" + account.ID,
		Details: map[string]any{"name": account.Name, "from": "settings"},
	}
}

// localMode is the mode of the settings' keys.
func localMode(alpaca config.Alpaca) string {
	if alpaca.Paper {
		return "paper"
	}
	return "live"
}
