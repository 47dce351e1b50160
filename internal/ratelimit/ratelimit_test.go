package ratelimit_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/clock"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

var start = time.Date(2026, 3, 2, 14, 30, 0, 0, time.UTC)

// counter is a Counter and the clock that it counts by.
type counter struct {
	ratelimit.Counter
	advance func(time.Duration)
}

// each runs the test on a counter in memory and on one in Redis.
func each(t *testing.T, test func(t *testing.T, c counter)) {
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		held := clock.NewHeld(start)
		test(t, counter{ratelimit.NewMemory(held), held.Advance})
	})
	t.Run("Redis", func(t *testing.T) {
		t.Parallel()
		server := miniredis.RunT(t)
		now := start
		server.SetTime(now)
		test(t, counter{openRedis(t, server.Addr()+patient), func(d time.Duration) {
			now = now.Add(d)
			server.SetTime(now)
			server.FastForward(d)
		}})
	})
}

// patient is the query of an address for a machine that is busy with other things.
const patient = "?dial_timeout=30s&read_timeout=30s&write_timeout=30s&pool_timeout=30s"

func openRedis(t *testing.T, address string) *ratelimit.Redis {
	t.Helper()
	redis, err := ratelimit.OpenRedis(secret.NewText("redis://" + address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = redis.Close() })
	return redis
}

func take(t *testing.T, c ratelimit.Counter, key string, rates auth.Rates) ratelimit.Result {
	t.Helper()
	result, err := c.Take(t.Context(), key, rates)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func rates(t *testing.T, text string) auth.Rates {
	t.Helper()
	parsed, err := auth.ParseRates(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestAWholeCountAtOnceThenOneAfterAnother(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c counter) {
		limit := rates(t, "7/minute")
		for i := range 7 {
			if result := take(t, c, "k", limit); !result.Allowed || result.Windows[0].Remaining != 6-i {
				t.Fatalf("request %d: %+v", i, result)
			}
		}
		refused := take(t, c, "k", limit)
		if wait := refused.RetryAfter.Round(time.Second); refused.Allowed || wait != 9*time.Second || refused.Windows[0].Remaining != 0 {
			t.Fatalf("request 8: %+v", refused)
		}
		if !take(t, c, "other", limit).Allowed {
			t.Error("another key is refused")
		}
		c.advance(refused.RetryAfter)
		if !take(t, c, "k", limit).Allowed || take(t, c, "k", limit).Allowed {
			t.Error("after the wait exactly one request is let through")
		}
		c.advance(time.Minute)
		if result := take(t, c, "k", limit); result.Windows[0].Remaining != 6 {
			t.Errorf("after the whole window: %+v", result)
		}
	})
}

func TestEveryWindowMustHaveRoomAndARefusalCostsNothing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c counter) {
		limit := rates(t, "10/day;3/hour")
		for range 3 {
			take(t, c, "k", limit)
		}
		for range 50 {
			if take(t, c, "k", limit).Allowed {
				t.Fatal("the hour's limit does not hold")
			}
		}
		allowed := 3
		for range 12 {
			c.advance(time.Hour)
			for take(t, c, "k", limit).Allowed {
				allowed++
			}
		}
		if result := take(t, c, "k", limit); allowed != 15 || result.Windows[0].Remaining != 0 { // 10 at once, 5 came back in half a day
			t.Errorf("%d requests in half a day: %+v", allowed, result)
		}
	})
}

func TestManyAtOnceAreCountedExactly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, c counter) {
		limit, allowed := rates(t, "10/minute"), atomic.Int64{}
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				if result, err := c.Take(t.Context(), "k", limit); err != nil {
					t.Error(err)
				} else if result.Allowed {
					allowed.Add(1)
				}
			})
		}
		group.Wait()
		if allowed.Load() != 10 {
			t.Errorf("%d of 50 were let through, want 10", allowed.Load())
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	memory, limit := ratelimit.NewMemory(clock.NewHeld(start)), rates(t, "1/hour")
	for i := range 70000 {
		take(t, memory, fmt.Sprint(i), limit)
	}
	if take(t, memory, "69999", limit).Allowed {
		t.Error("a key that was just seen is forgotten")
	}
	if !take(t, memory, "0", limit).Allowed {
		t.Error("70,000 keys are all remembered")
	}
}

func TestReplicasShareOneRedis(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	table := ratelimit.NewTable(ratelimit.Limits{ratelimit.Auth: rates(t, "4/minute")})
	one := ratelimit.NewLimiter(table, openRedis(t, server.Addr()+patient), clock.System(), slog.New(slog.DiscardHandler))
	two := ratelimit.NewLimiter(table, openRedis(t, server.Addr()+patient), clock.System(), slog.New(slog.DiscardHandler))
	allowed := 0
	for range 4 {
		for _, replica := range []*ratelimit.Limiter{one, two} {
			result, err := replica.Spend(t.Context(), ratelimit.Auth, "address 192.0.2.1", nil)
			if err != nil {
				t.Fatal(err)
			}
			if result.Allowed {
				allowed++
			}
		}
	}
	if allowed != 4 {
		t.Errorf("two replicas let %d through, want 4", allowed)
	}
}

func TestWithoutRedisSignInIsRefusedAndPagesGoOn(t *testing.T) {
	t.Parallel()
	server, held := miniredis.RunT(t), clock.NewHeld(start)
	table := ratelimit.NewTable(ratelimit.Limits{ratelimit.Dashboard: rates(t, "2/minute")})
	limiter := ratelimit.NewLimiter(table, openRedis(t, server.Addr()+patient), held, slog.New(slog.DiscardHandler))
	spend := func(group ratelimit.Group) (bool, error) {
		result, err := limiter.Spend(t.Context(), group, "k", nil)
		return result.Allowed, err
	}
	if ok, err := spend(ratelimit.Auth); !ok || err != nil {
		t.Fatal(ok, err)
	}
	server.Close()
	for _, group := range []ratelimit.Group{ratelimit.Auth, ratelimit.Register} {
		if ok, err := spend(group); ok || !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s without Redis: %v, %v", group, ok, err)
		}
	}
	for i, want := range []bool{true, true, false} {
		if ok, err := spend(ratelimit.Dashboard); ok != want || err != nil {
			t.Errorf("page %d without Redis: %v, %v", i, ok, err)
		}
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	held.Advance(2 * time.Second)
	if ok, err := spend(ratelimit.Auth); !ok || err != nil {
		t.Errorf("Redis is back: %v, %v", ok, err)
	}
}

func TestASilentRedisCostsOneShortWait(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	limiter := ratelimit.NewLimiter(ratelimit.NewTable(nil), openRedis(t, silent.Addr().String()), clock.NewHeld(start), slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // a hundred waits are longer
	defer cancel()
	for range 100 {
		if result, err := limiter.Spend(ctx, ratelimit.Dashboard, "k", nil); err != nil || !result.Allowed {
			t.Fatalf("%+v, %v", result, err)
		}
	}
}

func TestLimitsAreSetWhileServersRun(t *testing.T) {
	t.Parallel()
	table := ratelimit.NewTable(ratelimit.Limits{ratelimit.Auth: rates(t, "3/minute"), ratelimit.API: nil})
	if got := table.Current(); got["auth"] != "3/minute" || got["api"] != "200/day;50/hour" || got["register"] != "5/hour" || got["admin"] != "100/day;20/hour" || got["dashboard"] != "600/minute" || len(got) != 5 {
		t.Errorf("at the start: %v", got)
	}
	if err := table.Override(auth.RateLimits{"auth": "1/second", "api": "5/day"}); err != nil {
		t.Fatal(err)
	}
	if got := table.Current(); got["auth"] != "1/second" || got["api"] != "5/day" {
		t.Errorf("after the change: %v", got)
	}
	for _, wrong := range []auth.RateLimits{{"auth": "many"}, {"accounts": "1/day"}, {"": "1/day"}} {
		if err := table.Override(wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%v: %v", wrong, err)
		}
	}
	if got := table.Current()["auth"]; got != "1/second" {
		t.Errorf("a refused change left %s", got)
	}
	if err := table.Override(nil); err != nil || table.Current()["auth"] != "3/minute" {
		t.Errorf("back to what is configured: %v, %v", table.Current(), err)
	}
}

func TestABadAddressIsNotRepeated(t *testing.T) {
	t.Parallel()
	if _, err := ratelimit.OpenRedis(secret.NewText("redis://:hunter2@host:port/x")); !fault.Is(err, fault.Invalid) || fmt.Sprint(err) != fault.Public(err) {
		t.Error(err)
	}
}

func BenchmarkMemory(b *testing.B) {
	limiter := ratelimit.NewLimiter(ratelimit.NewTable(nil), nil, clock.System(), slog.New(slog.DiscardHandler))
	for b.Loop() {
		if _, err := limiter.Spend(b.Context(), ratelimit.API, "token", nil); err != nil {
			b.Fatal(err)
		}
	}
}

func TestWhoseNetworkCarriesTheCounts(t *testing.T) {
	t.Parallel()
	for address, open := range map[string]bool{
		"": false, "redis://localhost:6379/0": false, "redis://:secret@127.0.0.1:6379": false, "redis://[::1]:6379": false,
		"unix:///run/redis.sock": false, "redis://:secret@redis.example:6379/0": true, "rediss://redis.example:6379/0": false,
		"rediss://redis.example:6379/0?skip_verify=true": true, "rediss://redis.example:6379/0?sslrootcert=ca.pem": false,
	} {
		if got := ratelimit.OverOpenNetwork(secret.NewText(address)); got != open {
			t.Errorf("%q: %t", address, got)
		}
	}
}
