package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/jcap24/alpaca-trader/internal/audit"
	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/secret"
	"github.com/jcap24/alpaca-trader/internal/store"
	"github.com/jcap24/alpaca-trader/internal/store/storetest"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// crowded is a database on which acts meet: a user for each of them.
type crowded struct {
	*store.Store
	t     *testing.T
	users []string
}

func newCrowd(t *testing.T, address storetest.Address, count int, options store.Options) crowded {
	t.Helper()
	c := crowded{storetest.Open(t, address(t), options), t, nil}
	for i := range count {
		id, name := uuid.NewString(), fmt.Sprint("user", i)
		user := auth.User{ID: id, Username: name, Email: name + "@example.org", PasswordHash: "hash"}
		if _, err := c.CreateUser(t.Context(), user, []byte{1}, trade.DefaultSettings(), audit.Entry{Action: audit.Register}); err != nil {
			t.Fatal(err)
		}
		c.users = append(c.users, id)
	}
	return c
}

func (c crowded) add(ctx context.Context, user int, symbol string) error {
	return c.AddSymbol(ctx, c.users[user], trade.WatchedSymbol{Symbol: symbol}, audit.Entry{Action: audit.WatchlistAdd, Target: "symbol:" + symbol})
}

// entries checks the chain and counts its entries of the action.
func (c crowded) entries(action audit.Action) int {
	c.t.Helper()
	links, err := c.AuditLinks(context.Background(), 0, 1_000_000)
	if err != nil {
		c.t.Fatal(err)
	}
	if broken, problem := audit.Verify(storetest.AuditKey, links); broken != 0 {
		c.t.Errorf("audit entry %d: %s", broken, problem)
	}
	count := 0
	for _, link := range links {
		if link.Action == action {
			count++
		}
	}
	return count
}

// atTheHead holds the head of the chain while the acts come in, so that those behind the first ones
// gather, and returns their errors.
func (c crowded) atTheHead(acts []func() error) []error {
	c.t.Helper()
	hold, err := c.Writer().BeginTx(context.Background(), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := hold.Exec("UPDATE audit_head SET sequence = sequence"); err != nil {
		c.t.Fatal(err)
	}
	var group sync.WaitGroup
	errs := make([]error, len(acts))
	var begun sync.WaitGroup
	begun.Add(len(acts))
	for i, act := range acts {
		group.Go(func() {
			begun.Done()
			errs[i] = act()
		})
	}
	begun.Wait()
	if err := hold.Rollback(); err != nil {
		c.t.Fatal(err)
	}
	group.Wait()
	return errs
}

// Acts that share a transaction fail for themselves alone.
func TestARefusedActTakesNothingFromTheOthers(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, storetest.Postgres, 20, store.Options{})
	if err := c.add(t.Context(), 3, "SAME"); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	defer cancel()
	var acts []func() error
	for i := range c.users {
		acts = append(acts, func() error {
			switch {
			case i%10 == 3:
				return c.add(t.Context(), 3, "SAME") // there already
			case i%10 == 7:
				return c.Append(t.Context(), audit.Entry{Action: audit.Logout, Details: map[string]any{"no JSON": make(chan int)}})
			case i%10 == 8:
				cancel()
				return c.add(cancelled, i, "GONE")
			}
			return c.add(t.Context(), i, "AAPL")
		})
	}
	for i, err := range c.atTheHead(acts) {
		switch i % 10 {
		case 3:
			if !fault.Is(err, fault.Conflict) {
				t.Errorf("act %d: %v", i, err)
			}
		case 7:
			if err == nil {
				t.Errorf("act %d was written", i)
			}
		case 8:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("act %d: %v", i, err)
			}
		default:
			if err != nil {
				t.Errorf("act %d: %v", i, err)
			}
		}
	}
	if got := c.entries(audit.WatchlistAdd); got != 1+14 {
		t.Errorf("%d entries, want 15", got)
	}
	for i, user := range c.users {
		list, err := c.Watchlist(t.Context(), user)
		if want := map[bool]int{true: 0, false: 1}[i == 13 || i%10 > 6 && i%10 < 9]; err != nil || len(list) != want {
			t.Errorf("user %d watches %v, %v", i, list, err)
		}
	}
}

// Somebody's lock on one user's rows delays that user's act alone.
func TestALockedRowDelaysItsOwnActAlone(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, storetest.Postgres, 12, store.Options{})
	hold, err := c.Writer().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hold.Exec("UPDATE users SET disabled = disabled WHERE id = '" + c.users[5] + "'"); err != nil {
		t.Fatal(err)
	}
	locked := make(chan error, 1)
	var others sync.WaitGroup
	for i := range c.users {
		if i == 5 {
			go func() { locked <- c.add(context.Background(), i, "AAPL") }()
			continue
		}
		others.Go(func() {
			for n := range 10 {
				if err := c.add(t.Context(), i, fmt.Sprint("S", n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	others.Wait() // before the lock is free
	select {
	case err := <-locked:
		t.Fatalf("the act on the locked row has ended: %v", err)
	default:
	}
	if err := hold.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-locked; err != nil {
		t.Error(err)
	}
	if got := c.entries(audit.WatchlistAdd); got != 111 {
		t.Errorf("%d entries, want 111", got)
	}
}

// panicking panics in the middle of one user's act.
type panicking struct{ user string }

func (p *panicking) BeforeQuery(ctx context.Context, event *bun.QueryEvent) context.Context {
	if p.user != "" && strings.HasPrefix(event.Query, "SELECT") && strings.Contains(event.Query, p.user) {
		panic("in an act")
	}
	return ctx
}

func (*panicking) AfterQuery(context.Context, *bun.QueryEvent) {}

// A panic belongs to the goroutine whose act it was; the others' acts are done.
func TestAPanicStaysWithItsAct(t *testing.T) {
	t.Parallel()
	hook := &panicking{}
	c := newCrowd(t, storetest.Postgres, 10, store.Options{Hook: hook})
	hook.user = c.users[4]
	var acts []func() error
	for i := range c.users {
		acts = append(acts, func() (err error) {
			defer func() {
				if mistake := recover(); mistake != nil {
					err = fmt.Errorf("panic: %v", mistake)
				}
			}()
			return c.add(t.Context(), i, "AAPL")
		})
	}
	for i, err := range c.atTheHead(acts) {
		if (err != nil) != (i == 4) {
			t.Errorf("act %d: %v", i, err)
		}
	}
	if got := c.entries(audit.WatchlistAdd); got != 9 {
		t.Errorf("%d entries, want 9", got)
	}
}

const crowdVariable = "STORE_TEST_CROWD"

// TestCrowd acts with eight writers at once and says each act that was acknowledged, until it is
// killed. By itself it does nothing.
func TestCrowd(t *testing.T) {
	t.Parallel()
	url := os.Getenv(crowdVariable)
	if url == "" {
		return
	}
	s := storetest.Open(t, secret.NewText(url), store.Options{})
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for {
				if err := s.Append(t.Context(), audit.Entry{Action: audit.Login, Target: "user:" + uuid.NewString()}); err != nil {
					t.Error(err)
					return
				}
				fmt.Println("acknowledged")
			}
		})
	}
	writers.Wait()
}

// Two processes act on one database, eight writers each; both are killed with acts on their way.
// The log has every act that was acknowledged, and no gap.
func TestKilledCrowdsLeaveAWholeLog(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address storetest.Address) {
		url := address(t)
		c := crowded{storetest.Open(t, url, store.Options{}), t, nil}
		var processes sync.WaitGroup
		acknowledged := make([]int, 2)
		for i := range acknowledged {
			processes.Go(func() { acknowledged[i] = c.killCrowd(url, 50*(i+1)) })
		}
		processes.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if err := c.Append(ctx, audit.Entry{Action: audit.Logout}); err != nil { // waits for what a server still ends
			t.Fatal(err)
		}
		if got, least := c.entries(audit.Login), acknowledged[0]+acknowledged[1]; got < least || got > least+16 {
			t.Errorf("%d entries after %d acknowledged acts", got, least)
		}
	})
}

// killCrowd runs a crowd, kills it after count acknowledged acts, and returns how many there were.
func (c crowded) killCrowd(url secret.Text, count int) (acknowledged int) {
	process := exec.CommandContext(c.t.Context(), os.Args[0], "-test.run=^TestCrowd$")
	process.Env = append(os.Environ(), crowdVariable+"="+url.Reveal())
	output, err := process.StdoutPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		c.t.Error(err)
		return 0
	}
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if lines.Text() != "acknowledged" {
			c.t.Errorf("the crowd says %q", lines.Text())
			continue
		}
		if acknowledged++; acknowledged == count {
			if err := process.Process.Kill(); err != nil {
				c.t.Error(err)
			}
		}
	}
	_ = process.Wait() // killed, as it should be
	return acknowledged
}

// A process that stops inside a transaction, whatever it has locked, does not stop the others: it
// loses the transaction.
func TestAFrozenProcessLosesItsTransaction(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, storetest.Postgres, 1, store.Options{})
	frozen, err := c.Writer().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := frozen.Exec("UPDATE audit_head SET sequence = sequence"); err != nil {
		t.Fatal(err)
	}
	if err := c.add(t.Context(), 0, "AAPL"); err != nil {
		t.Errorf("another act: %v", err)
	}
	if err := frozen.Commit(); err == nil {
		t.Error("the frozen transaction was committed")
	}
	if n := c.entries(audit.WatchlistAdd); n != 1 {
		t.Errorf("%d entries", n)
	}
}
