// Package daemon puts the program together: it is the only place that names concrete adapters,
// and it starts and stops everything in order.
package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/jcap24/alpaca-trader/internal/api"
	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/desk"
	"github.com/jcap24/alpaca-trader/internal/event"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/market"
	"github.com/jcap24/alpaca-trader/internal/metrics"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/trade"
	"github.com/jcap24/alpaca-trader/internal/ui"
	"github.com/jcap24/alpaca-trader/internal/witness"
)

// Options say how the dashboard is served.
type Options struct {
	Config    config.Config // with its keys
	Bind      string        // host:port; port 0 chooses a free one
	Demo      bool          // embed the demonstration market, and give every new user an account in it
	Scheduler bool          // run the cycles of automated accounts in this process
	Stdout    io.Writer     // gets the one line that says where the server listens
	Log       *slog.Logger
	Version   string
	Folder    string   // of .env and config/, for the checks of the installation
	Environ   []string // NAME=value, for them too

	single *SingleUser // see ServeSingle; nil: users sign in
	pace   float64     // of the demonstration market, in times real time; 0: the usual one

	Supervisor config.Supervisor // who started the process and wants to know of its state
	Wait       time.Duration     // how long to wait for another process to leave the address
}

// stopPatience is how long running requests and cycles get to end.
const stopPatience = 30 * time.Second

// collectEvery trades a little time for memory: the heap may grow by half before it is collected,
// so that a server that runs for years beside other things stays small.
const collectEvery = 50 // percent

// Serve runs the dashboard until the context ends, then stops taking work, lets what runs end, and
// returns nil. A fault says what kept it from starting; nothing is half-started then.
func Serve(ctx context.Context, options Options) (err error) {
	debug.SetGCPercent(collectEvery)
	tls, err := newEncryption(options.Config, options.Log)
	if err != nil {
		return err
	}
	defer tls.close()
	listener, err := listenPatiently(ctx, options.Bind, options.Wait, options.Log)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	if err := refusePlainHTTP(listener.Addr(), options.Config); err != nil {
		return err
	}
	warnOfOpenLines(options.Config, options.Log)
	measured, err := openMetrics(options.Config.MetricsBind, options.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, measured.stop()) }()
	house, err := build(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.close()) }()
	defer context.AfterFunc(ctx, house.ready.stop)()
	if err := house.admitFirst(ctx); err != nil {
		return err
	}
	handler, err := house.handler(listener)
	if err != nil {
		return err
	}
	if err := house.start(ctx); err != nil {
		return err
	}
	if err := measured.start(ctx, house, handler); err != nil {
		return err
	}
	server := api.Server(handler, options.Log)
	tls.apply(server)
	defer tls.start(ctx)()
	manager := supervisor{options.Supervisor, options.Log}
	go manager.watch(ctx, handler)
	manager.tell("READY=1")
	defer context.AfterFunc(ctx, func() { manager.tell("STOPPING=1") })()
	capped := api.CapConnections(listener, options.Config.TrustedProxies)
	go forgetStart()
	return serve(ctx, server, capped, options.Stdout)
}

// forgetStart gives the memory back that only the start needed: parsed migrations and the like. Pools
// keep what is in them for one collection, so it takes two.
func forgetStart() {
	runtime.GC()
	debug.FreeOSMemory()
}

// listen opens the address before anything else is touched; otherwise says how to choose another.
func listen(address, otherwise string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fault.Because(err, fault.Conflict, "The address %s is in use. Stop the program that uses it, or take another: %s (port 0 takes a free one).", address, otherwise)
	case err != nil:
		return nil, fault.Because(err, fault.Invalid, "Cannot listen on %q: %s. Use %s.", address, cause(err), otherwise)
	}
	return listener, nil
}

// listenPatiently waits, when the address is in use, for the process that uses it to end: so a new
// process can be started before the old one is told to stop. Nothing else is touched meanwhile.
func listenPatiently(ctx context.Context, address string, patience time.Duration, log *slog.Logger) (net.Listener, error) {
	const otherwise = "--host and --port, or BIND"
	listener, err := listen(address, otherwise)
	if patience <= 0 || !fault.Is(err, fault.Conflict) {
		return listener, err
	}
	log.Info("waiting for the process that uses the address to end", "address", address, "patience", patience)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(takeoverEvery)
	defer again.Stop()
	for fault.Is(err, fault.Conflict) {
		select {
		case <-ctx.Done():
			return nil, err
		case <-again.C:
			listener, err = listen(address, otherwise)
		}
	}
	return listener, err
}

// serveAlone waits, where the database is a file, for the server that is ending to let go of it. It
// lets go after its last cycle, and of its address before.
func serveAlone(ctx context.Context, database *store.Store, patience time.Duration) error {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := database.Serve(ctx); !fault.Is(err, fault.Conflict) || patient.Err() != nil {
			return err // each try waits a moment itself
		}
	}
}

// takeoverEvery is how often a waiting process tries the address: a gap that browsers bridge.
const takeoverEvery = 50 * time.Millisecond

// refusePlainHTTP keeps passwords off the network: what other machines reach must be behind TLS.
func refusePlainHTTP(address net.Addr, cfg config.Config) error {
	if isLoopback(address) || cfg.PublicURL != "" || cfg.TLS.On() || cfg.AllowPlainHTTP {
		return nil
	}
	return fault.New(fault.Invalid, "Other machines can reach %s, and plain http would show passwords to the network. Put a proxy with TLS before it and set PUBLIC_URL=https://your.name, or choose --host 127.0.0.1, or set ALLOW_PLAIN_HTTP=true when nobody else is on that network.", address)
}

// cause is the system's own word for a failed listen.
func cause(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return err.Error()
}

func serve(ctx context.Context, server *http.Server, listener net.Listener, stdout io.Writer) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		patience, cancel := context.WithTimeout(context.Background(), stopPatience)
		defer cancel()
		stopped <- server.Shutdown(patience)
	}()
	scheme, run := schemeOf(listener), server.Serve
	if server.TLSConfig != nil {
		scheme, run = "https", func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	if _, err := fmt.Fprintf(stdout, "listening on %s://%s\n", scheme, listener.Addr()); err != nil {
		return fmt.Errorf("say where the server listens: %w", err)
	}
	if err := run(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped
}

// house is everything that a running dashboard consists of.
type house struct {
	options    Options
	store      *store.Store
	demo       *demoMarket // nil without --demo
	app        *useCases
	automation *app.Automation
	scheduler  *scheduler     // nil with --no-scheduler
	watches    *OrderWatches  // nil with --no-scheduler
	listener   *orderListener // of the watches
	shares     *watchShares   // says which accounts are watched here
	limiter    *ratelimit.Limiter
	counting   io.Closer // what the limiter counts in
	witness    *witness.Witness
	backups    *backupSchedule // nil without BACKUP_EVERY
	local      *auth.User      // of a single-user dashboard; nil: users sign in
	keys       app.KeySafe
	bus        *event.Bus
	accounts   brokerages
	metrics    *metrics.Metrics
	ready      *readiness
}

// useCases is the app with what only the daemon does.
type useCases struct{ *app.App }

// build opens the database and puts the parts together. Nothing runs yet.
func build(ctx context.Context, options Options) (*house, error) {
	database, keyring, err := openStore(ctx, options.Config, options.Log)
	if err != nil {
		return nil, err
	}
	if err := serveAlone(ctx, database, options.Wait); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	h := &house{options: options, store: database, bus: &event.Bus{}, metrics: metrics.New(options.Version)}
	database.Observe(h.metrics.Transacted)
	h.ready = &readiness{store: database, space: spaceOf(options.Config), started: clock.System().Now(), trades: options.Scheduler, log: options.Log, clock: clock.System()}
	if h.witness, err = newWitness(options.Config, database, keyring, options.Log); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	if h.backups, err = newBackupSchedule(options.Config, database, keyring, options.Log); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	if h.limiter, h.counting, err = newLimiter(ctx, options.Config, options.Log); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	var demo http.RoundTripper
	if options.Demo {
		if h.demo, err = newDemoMarket(options.Config, cmp.Or(options.pace, demoSpeed), options.Log); err != nil {
			return nil, errors.Join(err, database.Close())
		}
		demo = h.demo.transport()
	}
	accounts := brokerages{keys: app.KeySafe{Keyring: keyring, Users: database}}
	if accounts.dialer, err = newDialer(options.Config.Alpaca, demo); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	accounts.observe(h.metrics)
	accounts.announceData(options.Log)
	code, err := setupCode(ctx, options.Config, database)
	if err != nil {
		return nil, errors.Join(err, h.counting.Close(), database.Close())
	}
	h.keys = accounts.keys
	h.accounts = accounts
	h.furnish(accounts, keyring, code)
	return h, nil
}

// furnish makes the use cases and the automation. The live pages and the cycles share the bars
// and the bus.
func (h *house) furnish(accounts brokerages, keyring *secret.Keyring, code secret.Text) {
	bars := market.NewFeed(h.store)
	tradingDesk := newDesk(h.store, bars, h.options.Log, func(config *desk.Config) {
		config.Finished, config.Tell = h.cycleFinished, h.told
	})
	simulated := func(account trade.BrokerageAccount) bool {
		return account.Demo || h.options.Config.Alpaca.SimulatedTime(account.Paper)
	}
	calendars := app.NewCalendars(clock.System())
	settings := app.Config{
		Store: h.store, Brokerages: accounts, Keyring: keyring, Passwords: auth.NewPasswords(auth.PasswordCost{}),
		Signals: signalReader{accounts, desk.Scanner{Bars: bars, Signals: tradingDesk.Signals}}, Bus: h.bus, Clock: clock.System(), Logger: h.options.Log,
		Demo: h.options.Demo, SetupCode: code, Require2FA: h.options.Config.Require2FA, PublicURL: h.options.Config.PublicURL, RateLimits: h.limiter, Verifier: h.witness,
		Examine: h.examine,
		Desk:    tradingDesk, DryRun: !h.options.Config.TradingEnabled, SimulatedTime: simulated, Calendars: calendars,
	}
	if h.options.single != nil {
		settings.SingleUser, settings.Files = true, h.options.single.Files
	}
	h.automation = app.NewAutomation(app.AutomationConfig{
		Store: h.store, Brokerages: accounts, Desk: tradingDesk, Clock: clock.System(), Log: h.options.Log,
		FeedName: func(account trade.BrokerageAccount) string { return accounts.feedName(account.Mode(), account.UserID) },
		DryRun:   !h.options.Config.TradingEnabled, ClockAge: clockAge,
		SimulatedTime: simulated, Ahead: ahead(tickEvery), Calendars: calendars,
	})
	if h.options.Scheduler {
		h.listener = newOrderListener(h.automation, tradingDesk, h.options.Log)
		h.watches = accounts.WatchOrders(h.listener, h.options.Log)
		h.shares = newWatchShares(h.store, h.automation, h.watches, h.options.Log)
		h.scheduler = &scheduler{automation: h.automation, store: h.store, sessions: h.store.Sessions(h.sessionKey()), log: h.options.Log, every: tickEvery, barsKept: h.options.Config.BarsKept, metrics: h.metrics}
		settings.Scheduler = h.scheduler
	}
	if h.demo != nil {
		h.automation.ClockAge, settings.LiveInterval = demoClockAge, demoLiveInterval
		settings.NewUserHook = h.demo.welcome(h.store, accounts.keys)
		if h.scheduler != nil {
			h.scheduler.every = demoTickEvery
		}
	}
	h.app = &useCases{app.New(settings)}
}

// examine is what `doctor` says of the installation that this server is of.
func (h *house) examine(ctx context.Context) []app.Finding {
	return Examine(ctx, Examination{
		Config: h.options.Config, Folder: h.options.Folder, Environ: h.options.Environ, Log: h.options.Log,
	})
}

// The pace of a server on the real market. Alpaca allows 200 requests a minute for an account.
const (
	tickEvery = 5 * time.Second
	clockAge  = 5 * time.Second
)

// handler is the HTTP interface with the pages behind it.
func (h *house) handler(listener net.Listener) (*api.Handler, error) {
	pages, err := ui.New(ui.Built())
	if err != nil {
		return nil, err
	}
	settings := api.Config{
		App: h.app.App, Sessions: h.store.Sessions(h.sessionKey()), Pages: pages, Clock: clock.System(),
		Logger: h.options.Log, Version: h.options.Version, LoopbackOnly: isLoopback(listener.Addr()),
		PublicURL: h.options.Config.PublicURL, Secure: h.options.Config.Secure(),
		Local: h.local, Limiter: h.limiter, TrustedProxies: h.options.Config.TrustedProxies,
	}
	h.watchHTTP(&settings)
	return api.New(settings)
}

// sessionKey binds sessions to SECRET_KEY.
func (h *house) sessionKey() []byte {
	return secret.DeriveKey(h.options.Config.SecretKey, secret.SessionLabel)
}

func isLoopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// start begins what runs by the clock.
func (h *house) start(ctx context.Context) error {
	h.witness.Start()
	if h.backups != nil {
		h.backups.metrics = h.metrics
		h.backups.start(ctx)
	}
	if h.demo != nil {
		h.demo.simulator.Start(context.WithoutCancel(ctx))
	}
	if h.scheduler == nil {
		return nil
	}
	h.shares.start()
	return h.scheduler.start(ctx)
}

// close stops everything in the reverse order of its start.
func (h *house) close() error {
	patience, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	var errs []error
	if h.backups != nil && h.backups.end != nil {
		h.backups.stop()
	}
	if h.scheduler != nil {
		h.shares.stop(patience)
		h.watches.Close()
		h.listener.wait()
		errs = append(errs, h.scheduler.stop(patience))
	}
	h.app.Close()
	if h.demo != nil {
		errs = append(errs, h.demo.simulator.Stop())
	}
	errs = append(errs, h.witness.Stop(patience))
	return errors.Join(append(errs, h.counting.Close(), h.store.Close())...)
}

// ensureAdmin makes the administrator of ADMIN_USERNAME on an empty database.
func (a *useCases) ensureAdmin(ctx context.Context, admin config.Admin, log *slog.Logger) error {
	if !admin.Wanted() {
		return nil
	}
	created, err := a.EnsureAdmin(ctx, app.Registration{Username: admin.Username, Email: admin.Email, Password: admin.Password})
	if err != nil {
		return fault.Because(err, fault.KindOf(err), "The administrator of ADMIN_USERNAME could not be made: %s", fault.Public(err))
	}
	if created {
		log.Info("administrator made", "username", admin.Username)
	}
	return nil
}

// signalReader reads signals for the pages through the bars and the memory that cycles use.
type signalReader struct {
	accounts brokerages
	scanner  desk.Scanner
}

// Signals evaluates the symbols at the broker's time.
func (r signalReader) Signals(ctx context.Context, account trade.BrokerageAccount, settings trade.Settings, symbols []string) ([]trade.Signal, map[string]float64, error) {
	brokerage, err := r.accounts.Open(ctx, account)
	if err != nil {
		return nil, nil, err
	}
	now, err := brokerage.Clock(ctx)
	if err != nil {
		return nil, nil, err
	}
	signals, err := r.scanner.Scan(ctx, brokerage, r.accounts.feedName(account.Mode(), account.UserID), settings, symbols, now.Timestamp)
	if err != nil {
		return nil, nil, err
	}
	prices, err := brokerage.LatestPrices(ctx, symbols)
	return signals, prices, err
}
