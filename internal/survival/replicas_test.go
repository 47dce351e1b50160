package survival_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/store/storetest"
)

// serversVariable is with how many servers the work is shared at most. Without it two do.
const serversVariable = "TEST_SERVERS"

// manyAccounts are more than one server works on at once, so that no server can take them all.
const manyAccounts = 9

// replicas are servers on one database.
type replicas struct {
	*world
	running []*process
}

func newReplicas(t *testing.T, address storetest.Address, count, accounts int, seed uint64) *replicas {
	t.Helper()
	r := &replicas{world: served(t, address, seed, accounts)}
	for range count {
		p := r.start(t, r.serving...)
		p.listening(t)
		r.running = append(r.running, p)
	}
	return r
}

// cycle lets the market come to its next slots until it is so.
func (r *replicas) cycle(t *testing.T, what string, satisfied func() bool) {
	t.Helper()
	next := time.Now()
	until(t, what, func() bool {
		if time.Now().After(next) {
			next = time.Now().Add(6 * time.Second) // more than the servers' tick
			r.nextSlot(t)
		}
		return satisfied()
	})
}

// idle waits until nobody works on an account for half a second: what the journal then says stays
// so. Jobs that run do not count, because a server that is dead or asleep leaves some.
func (r *replicas) idle(t *testing.T) {
	t.Helper()
	calm := 0
	until(t, "no account is worked on", func() bool {
		calm++
		if len(r.rows(t, "SELECT 1 FROM leases WHERE holder <> '' AND expires_at > "+nowOnServer)) > 0 ||
			len(r.rows(t, "SELECT 1 FROM river_job WHERE kind = 'cycle' AND state = 'available'")) > 0 {
			calm = 0
		}
		return calm > 10
	})
}

// nowOnServer is the database's clock in microseconds.
const nowOnServer = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"

// workers counts the servers that have finished a cycle job.
func (r *replicas) workers(t *testing.T) int {
	t.Helper()
	return len(r.rows(t, "SELECT DISTINCT attempted_by[array_length(attempted_by, 1)] FROM river_job WHERE kind = 'cycle' AND state = 'completed'"))
}

// holding returns the accounts whose lease the process has.
func (r *replicas) holding(t *testing.T, p *process) []string {
	t.Helper()
	var held []string
	for _, row := range r.rows(t, "SELECT account_id, holder FROM leases WHERE expires_at > 0") {
		if strings.Contains(row[1], "-"+strconv.Itoa(p.command.Process.Pid)+"-") {
			held = append(held, row[0])
		}
	}
	return held
}

// stopInTheMiddle stops a server with SIGSTOP while it has more orders of an account to send, and
// returns it with the account.
func (r *replicas) stopInTheMiddle(t *testing.T) (*process, string) {
	t.Helper()
	var stopped *process
	var account string
	r.cycle(t, "a server is in the middle of sending orders", func() bool {
		for _, p := range r.running {
			if len(r.holding(t, p)) == 0 {
				continue
			}
			_ = p.command.Process.Signal(syscall.SIGSTOP)
			for _, held := range r.holding(t, p) {
				if len(r.rows(t, "SELECT 1 FROM orders WHERE state = 'journaled' AND account_id = '"+held+"'")) > 0 {
					stopped, account = p, held
					return true
				}
			}
			_ = p.command.Process.Signal(syscall.SIGCONT)
		}
		return false
	})
	return stopped, account
}

// longestSaid bounds what a failed test shows of a log.
const longestSaid = 8 << 10

// Servers on one database share the work. One of them sleeps beyond its lease in the middle of
// sending orders: another sends them, and the sleeper sends and writes nothing when it wakes up. One
// that dies is taken over.
func TestServersShareTheWorkAndNobodyDoesItTwice(t *testing.T) {
	t.Parallel()
	seed, table := uint64(number(t, seedVariable, 1)), &tolls{}
	t.Cleanup(func() { t.Logf("several servers (%s=%d)\n%s", seedVariable, seed, table) })
	for count := 2; count <= number(t, serversVariable, 2); count++ {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			t.Parallel()
			r := newReplicas(t, storetest.Postgres, count, manyAccounts, seed)
			found := &toll{name: fmt.Sprintf("%d servers, one asleep, one dead", count), seed: seed, kills: 1}
			table.add(found)
			r.cycle(t, "each server has run a cycle", func() bool { return r.workers(t) >= count })

			r.call(t, "test", "POST", "/_simulator/faults", map[string]any{"kind": "latency", "method": "POST", "path": "/v2/orders", "delay": "200ms", "times": -1}, nil)
			sleeper, account := r.stopInTheMiddle(t)
			holder := func() string {
				return r.rows(t, "SELECT epoch FROM leases WHERE account_id = '"+account+"'")[0][0]
			}
			before := holder()
			r.cycle(t, "another server has taken the account over", func() bool { return holder() != before })
			r.calm(t)
			r.idle(t)
			asleep := len(sleeper.said(t))
			_ = sleeper.command.Process.Signal(syscall.SIGCONT)
			t.Cleanup(func() {
				if said := sleeper.said(t); t.Failed() {
					t.Logf("the sleeper said, at the end:\n%s", said[max(0, len(said)-longestSaid):])
				}
			})
			until(t, "the sleeper's work ended without effect", func() bool {
				said := sleeper.said(t)[asleep:]
				return strings.Contains(said, "Another process has taken over this account") || strings.Contains(said, "lease is lost") || strings.Contains(said, "cycle failed")
			})
			r.idle(t)
			r.recovered(t, found)

			r.dies(t, r.running[0])
			r.idle(t)
			r.recovered(t, found)
		})
	}
}

// dies kills a server and waits until the others have run a cycle of every account since.
func (r *replicas) dies(t *testing.T, p *process) {
	t.Helper()
	p.kill()
	begin := strconv.FormatInt(time.Now().UnixMicro(), 10)
	r.cycle(t, "the others have run every account", func() bool {
		return len(r.rows(t, "SELECT DISTINCT account_id FROM cycles WHERE outcome = 'done' AND started_at > "+begin)) == len(r.accounts)
	})
}

// An SQLite file serves one server; a second one says so and ends.
func TestASecondServerOnOneFileIsRefused(t *testing.T) {
	t.Parallel()
	w := served(t, storetest.SQLite, 1, 1)
	w.start(t, w.serving...).listening(t)
	output, err := w.run(t, w.serving...)
	if err == nil || !strings.Contains(output, "SQLite serves one at a time") || strings.Count(strings.TrimSpace(output), "\n") > 0 {
		t.Errorf("the second server: %v: %s", err, output)
	}
}

// TestTheDatabaseRestartsInTheMiddle restarts PostgreSQL while cycles run, in order and by an
// immediate stop, at random moments around claims and records. The servers recover by themselves.
func TestTheDatabaseRestartsInTheMiddle(t *testing.T) {
	t.Parallel()
	if os.Getenv(storetest.PostgresVariable) == "" {
		t.Skip("no PostgreSQL: " + storetest.PostgresVariable + " is not set")
	}
	restarts, seed := number(t, restartsVariable, 1), uint64(number(t, seedVariable, 1))
	found := &toll{name: "PostgreSQL restarted, 2 servers", seed: seed}
	table := &tolls{}
	table.add(found)
	t.Cleanup(func() { t.Logf("the database restarts (%s=%d)\n%s", seedVariable, seed, table) })
	database := privatePostgres(t)
	r := newReplicas(t, database.address, 2, 4, seed)
	random := database.random(seed)
	for i := range restarts {
		arrived := r.request(5 + random.IntN(120))
		begin := strconv.FormatInt(time.Now().UnixMicro(), 10)
		r.cycle(t, "the servers are in the middle of their work", func() bool {
			select {
			case <-arrived:
				return true
			default:
				return false
			}
		})
		pause(t.Context(), time.Duration(random.IntN(15))*time.Millisecond)
		database.restart(t, []string{"immediate", "fast"}[i%2])
		found.kills++
		r.cycle(t, "every account has run since", func() bool {
			return len(r.rows(t, "SELECT DISTINCT account_id FROM cycles WHERE outcome = 'done' AND started_at > "+begin)) == len(r.accounts)
		})
		r.idle(t)
		r.recovered(t, found)
		if !found.sound() {
			t.Fatalf("unsound after restart %d of seed %d", i, seed)
		}
	}
}
