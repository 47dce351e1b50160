package metrics

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// Database is what is counted in the database when somebody asks.
type Database interface {
	AutomatedByState(ctx context.Context) (map[trade.TradingState]int, error)
	Drifting(ctx context.Context) (int, error)
	OldestSlot(ctx context.Context) (time.Time, error)
	UnfinishedOrders(ctx context.Context) (map[trade.OrderState]int, error)
	AuditNewest(ctx context.Context) (int64, error)
	// AuditActions counts the entries after the sequence by action, and returns the newest sequence.
	AuditActions(ctx context.Context, after int64) (counts map[audit.Action]int, newest int64, err error)
	WaitingJobs(ctx context.Context) (map[string]int, error)
}

// Pool is the state of one pool of connections.
type Pool struct {
	InUse, Open, Most int
	Waits             int64
	Waited            time.Duration
}

// Sources are where the present state is read from. Fields are required unless they say otherwise.
type Sources struct {
	Database  Database
	Pools     func() map[string]Pool
	Scheduler bool // this process works on the queue, so that its tables are there
	Streams   func() int
	Watches   func() (followed, connected int)         // nil: this process watches no orders
	Budget    func() (left int, waiting int)           // of the account with the least left
	Audit     func() (verified time.Time, intact bool) // the last verification; the zero time: none yet
	Ready     func(context.Context) bool
	Clock     clock.Clock
	Log       *slog.Logger
}

// Watch adds what is read from the sources to the metrics. It is called once.
func (m *Metrics) Watch(ctx context.Context, sources Sources) error {
	newest, err := sources.Database.AuditNewest(ctx)
	if err != nil {
		return err
	}
	m.registry.MustRegister(&state{Sources: sources, newest: newest, actions: map[audit.Action]int{}})
	return nil
}

// readPatience bounds one look at the database.
const readPatience = 5 * time.Second

// state reads the sources. The entries of the audit log are counted from the start of the process
// on, whoever wrote them: another server's and the command line's too.
type state struct {
	Sources
	mu      sync.Mutex
	newest  int64
	actions map[audit.Action]int
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
}

var (
	poolInUse     = describe("database_connections_in_use", "Connections to the database in use, by pool.", "pool")
	poolOpen      = describe("database_connections_open", "Connections to the database, by pool.", "pool")
	poolMost      = describe("database_connections_max", "Connections to the database that there may be, by pool.", "pool")
	poolWaits     = describe("database_waits_total", "Times that somebody waited for a connection, by pool.", "pool")
	poolWaited    = describe("database_wait_seconds_total", "How long somebody waited for a connection, by pool.", "pool")
	databaseUp    = describe("database_up", "1 while the database answers.")
	accountsDesc  = describe("accounts", "Automated accounts, by the state of trading in force.", "state")
	driftingDesc  = describe("accounts_drifting", "Automated accounts that differed from their brokers when last compared.")
	overdueDesc   = describe("cycle_overdue_seconds", "How long the most overdue cycle of an account at a broker has been due.")
	openOrders    = describe("orders_open", "Orders in the journal that are not at their end, by state.", "state")
	auditEntries  = describe("audit_entries_total", "Entries written to the audit log since this process began, by action, whoever wrote them.", "action")
	signIns       = describe("sign_ins_total", "Sign-ins since this process began, by outcome.", "outcome")
	auditIntact   = describe("audit_intact", "1 when the audit log was intact at the last verification, 0 when not.")
	auditVerified = describe("audit_verified_timestamp_seconds", "When the audit log was verified last.")
	jobsWaiting   = describe("jobs_waiting", "Jobs that are to be done and have not begun, by queue.", "queue")
	streamsOpen   = describe("http_streams_open", "Live streams of pages that are open.")
	watchesDesc   = describe("order_watches", "Accounts whose orders are watched, and those of them whose stream is connected.", "state")
	budgetLeft    = describe("broker_budget_left", "Requests that the account with the least left may send now.")
	budgetWaiting = describe("broker_requests_waiting", "Requests to brokers that wait for their account's budget.")
	readyDesc     = describe("ready", "1 while /readyz says so.")
	schedulerDesc = describe("scheduler_running", "1 where this process runs cycles.")
)

// Describe tells nothing ahead: what there is depends on the settings.
func (s *state) Describe(chan<- *prometheus.Desc) {}

// Collect reads everything. What the database does not answer is left out.
func (s *state) Collect(to chan<- prometheus.Metric) {
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	counter := func(desc *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.CounterValue, value, labels...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.collectProcess(gauge, counter)
	ctx, cancel := context.WithTimeout(context.Background(), readPatience)
	defer cancel()
	err := s.collectDatabase(ctx, gauge, counter)
	gauge(databaseUp, truth(err == nil))
	if err != nil {
		s.Log.Warn("count in the database for the metrics", "cause", err)
	}
}

type emit func(desc *prometheus.Desc, value float64, labels ...string)

// collectProcess is what this process knows itself.
func (s *state) collectProcess(gauge, counter emit) {
	for name, pool := range s.Pools() {
		gauge(poolInUse, float64(pool.InUse), name)
		gauge(poolOpen, float64(pool.Open), name)
		gauge(poolMost, float64(pool.Most), name)
		counter(poolWaits, float64(pool.Waits), name)
		counter(poolWaited, pool.Waited.Seconds(), name)
	}
	gauge(streamsOpen, float64(s.Streams()))
	gauge(schedulerDesc, truth(s.Scheduler))
	gauge(readyDesc, truth(s.Ready(context.Background())))
	if s.Watches != nil {
		followed, connected := s.Watches()
		gauge(watchesDesc, float64(followed), "followed")
		gauge(watchesDesc, float64(connected), "connected")
	}
	left, waiting := s.Budget()
	gauge(budgetLeft, float64(left))
	gauge(budgetWaiting, float64(waiting))
	if verified, intact := s.Audit(); !verified.IsZero() {
		gauge(auditIntact, truth(intact))
		gauge(auditVerified, float64(verified.Unix()))
	}
}

// collectDatabase stops at the first question that is not answered.
func (s *state) collectDatabase(ctx context.Context, gauge, counter emit) error {
	accounts, err := s.Database.AutomatedByState(ctx)
	if err != nil {
		return err
	}
	for _, state := range []trade.TradingState{trade.Active, trade.ReduceOnly, trade.Halted} {
		gauge(accountsDesc, float64(accounts[state]), string(state))
	}
	drifting, err := s.Database.Drifting(ctx)
	if err != nil {
		return err
	}
	gauge(driftingDesc, float64(drifting))
	oldest, err := s.Database.OldestSlot(ctx)
	if err != nil {
		return err
	}
	overdue := 0.0
	if !oldest.IsZero() {
		overdue = max(0, s.Clock.Now().Sub(oldest).Seconds())
	}
	gauge(overdueDesc, overdue)
	orders, err := s.Database.UnfinishedOrders(ctx)
	if err != nil {
		return err
	}
	for _, state := range []trade.OrderState{trade.Journaled, trade.Submitting, trade.Unknown, trade.Accepted, trade.PartiallyFilled} {
		gauge(openOrders, float64(orders[state]), string(state))
	}
	if err := s.collectQueue(ctx, gauge); err != nil {
		return err
	}
	return s.collectAudit(ctx, counter)
}

// queues are those of internal/jobs.
var queues = []string{"ticks", "cycles", "comparisons", "maintenance"}

func (s *state) collectQueue(ctx context.Context, gauge emit) error {
	if !s.Scheduler {
		return nil
	}
	waiting, err := s.Database.WaitingJobs(ctx)
	if err != nil {
		return err
	}
	for _, queue := range queues {
		gauge(jobsWaiting, float64(waiting[queue]), queue)
	}
	return nil
}

// watchedActions are counted by name: the guide's four events and those of alerts. The others are
// one number, since an imported log has actions of its own.
var watchedActions = []audit.Action{
	audit.Login, audit.LoginFailed, audit.TwoFactorFailed, audit.PasskeyFailed, audit.AccountCreated, audit.AccountDeleted,
	audit.TradingHalted, audit.DriftFound, audit.AuditAlarm,
}

const otherAction audit.Action = "other"

// signInOutcomes are the outcomes of sign-ins by the entries that they leave.
var signInOutcomes = map[audit.Action]string{
	audit.Login: "signed_in", audit.LoginFailed: "refused", audit.TwoFactorFailed: "second_factor_refused", audit.PasskeyFailed: "passkey_refused",
}

func (s *state) collectAudit(ctx context.Context, counter emit) error {
	counts, newest, err := s.Database.AuditActions(ctx, s.newest)
	if err != nil {
		return err
	}
	s.newest = newest
	for action, count := range counts {
		if !slices.Contains(watchedActions, action) {
			action = otherAction
		}
		s.actions[action] += count
	}
	for _, action := range append(watchedActions, otherAction) {
		counter(auditEntries, float64(s.actions[action]), string(action))
		if outcome, known := signInOutcomes[action]; known {
			counter(signIns, float64(s.actions[action]), outcome)
		}
	}
	return nil
}

func truth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
