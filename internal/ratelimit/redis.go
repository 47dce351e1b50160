package ratelimit

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// redisPatience is how long a request waits for Redis, unless the address says otherwise.
const redisPatience = 250 * time.Millisecond

// Redis counts in a Redis that replicas share, on its clock.
type Redis struct {
	client   *redis.Client
	patience time.Duration // of one count, a new connection included
}

// OpenRedis returns a counter at the address redis://[user:password@]host:port/db (rediss:// for
// TLS), with the patience of its query (dial_timeout, read_timeout, write_timeout, pool_timeout: "1s")
// and its certificates (sslrootcert, sslcert, sslkey) where it has some. It connects with the first request. The error is a fault of kind Invalid that does not
// repeat the address: it may hold a password.
func OpenRedis(address secret.Text) (*Redis, error) {
	options, files, err := splitAddress(address)
	if err != nil {
		return nil, err
	}
	if err := files.apply(options.TLSConfig); err != nil {
		return nil, err
	}
	for _, patience := range []*time.Duration{&options.DialTimeout, &options.ReadTimeout, &options.WriteTimeout, &options.PoolTimeout} {
		*patience = cmp.Or(*patience, redisPatience)
	}
	options.MaxRetries, options.DialerRetries = -1, 1
	redis.SetLogger(quiet{}) // whatever goes wrong comes back as an error, too
	return &Redis{client: redis.NewClient(options), patience: options.DialTimeout + options.ReadTimeout}, nil
}

// OverOpenNetwork reports whether the Redis of the address is asked over a network that could read or
// change what is said: on another machine without TLS that checks its certificate. An address that
// cannot be read is none; OpenRedis says what is wrong with it.
func OverOpenNetwork(address secret.Text) bool {
	options, _, err := splitAddress(address)
	if address.IsEmpty() || err != nil || options.Network == "unix" {
		return false
	}
	if options.TLSConfig != nil && !options.TLSConfig.InsecureSkipVerify {
		return false
	}
	host, _, err := net.SplitHostPort(options.Addr)
	ip := net.ParseIP(host)
	return err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback())
}

// quiet drops what the library would write to standard error.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// Close ends the connections.
func (r *Redis) Close() error { return r.client.Close() }

// Ping reports whether Redis answers.
func (r *Redis) Ping(ctx context.Context) error { return r.client.Ping(ctx).Err() }

// takeScript is Memory.Take on Redis. KEYS are a key for each rate, ARGV the step and the capacity
// of each in microseconds. It answers the wait (0: allowed) and the time until each is full again.
var takeScript = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local wait, full = 0, {}
for i, key in ipairs(KEYS) do
  full[i] = math.max(tonumber(redis.call('GET', key) or now), now)
  wait = math.max(wait, full[i] + ARGV[2*i-1] - now - ARGV[2*i])
end
local answer = {wait}
for i, key in ipairs(KEYS) do
  if wait == 0 then
    full[i] = full[i] + ARGV[2*i-1]
    redis.call('SET', key, string.format('%.0f', full[i]), 'PX', math.ceil((full[i] - now) / 1000) + 1)
  end
  answer[i+1] = full[i] - now
end
return answer
`)

// Take is that of Counter.
func (r *Redis) Take(ctx context.Context, key string, rates auth.Rates) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	keys, arguments := make([]string, len(rates)), make([]any, 0, 2*len(rates))
	for i, rate := range rates {
		keys[i] = fmt.Sprintf("alpaca-trader:rate:{%s}:%d", key, int(rate.Window.Seconds()))
		arguments = append(arguments, step(rate).Microseconds(), capacity(rate).Microseconds())
	}
	answer, err := takeScript.Run(ctx, r.client, keys, arguments...).Int64Slice()
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("count in Redis: %w", err)
	case len(answer) != len(rates)+1:
		return Result{}, fmt.Errorf("count in Redis: %d numbers came back", len(answer))
	}
	wait := time.Duration(answer[0]) * time.Microsecond
	result := Result{Allowed: wait == 0, RetryAfter: wait}
	for i, rate := range rates {
		result.Windows = append(result.Windows, windowOf(rate, time.Duration(answer[i+1])*time.Microsecond))
	}
	return result, nil
}
