package ratelimit_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/auth"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/ratelimit"
	"github.com/jcap24/alpaca-trader/internal/secret"
)

// FuzzRedisAnswers: whatever Redis, or what stands at its address, answers, a count is right or an error.
func FuzzRedisAnswers(f *testing.F) {
	for _, text := range []string{
		"", "+OK\r\n", "-ERR unknown command\r\n", "*2\r\n:0\r\n:1000000\r\n", "*3\r\n:0\r\n:1\r\n:2\r\n", "*1\r\n:-9223372036854775808\r\n", "*-1\r\n", "*2147483647\r\n", "$-1\r\n",
		"$1000000000\r\nx", "%1\r\n+a\r\n+b\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "-NOSCRIPT x\r\n", ":9223372036854775808\r\n",
	} {
		f.Add("-ERR\r\n", text)
		f.Add(text, "*2\r\n:0\r\n:1000000\r\n")
	}
	f.Fuzz(func(t *testing.T, greeting, text string) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		go answerWith(listener, greeting, text)
		counter, err := ratelimit.OpenRedis(secret.NewText("redis://" + listener.Addr().String()))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = counter.Close() }()
		result, err := counter.Take(t.Context(), "key", auth.Rates{{Count: 10, Window: time.Minute}})
		if err == nil && (result.Allowed != (result.RetryAfter == 0) || len(result.Windows) != 1) {
			t.Errorf("%q, %q: %+v", greeting, text, result)
		}
	})
}

// answerWith answers the first command of each connection with the greeting, each other one with the
// text, and hangs up after three.
func answerWith(listener net.Listener, greeting, text string) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		commands := bufio.NewReader(connection)
		for _, answer := range []string{greeting, text, text} {
			if _, err := commands.ReadByte(); err != nil {
				break
			}
			commands.Discard(commands.Buffered())
			if _, err := connection.Write([]byte(answer)); err != nil {
				break
			}
		}
		_ = connection.Close()
	}
}

// FuzzRedisAddress: an address is taken, or refused in a sentence that does not repeat it.
func FuzzRedisAddress(f *testing.F) {
	for _, seed := range []string{"redis://h:6379/0", "rediss://user:hunter2@h/1?read_timeout=1s", "unix:///x?db=-1", "redis://[::1", "redis://h/x", "memory://", "redis://h?skip_verify=true"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		counter, err := ratelimit.OpenRedis(secret.NewText(address))
		if err == nil {
			_ = counter.Close()
			_ = ratelimit.OverOpenNetwork(secret.NewText(address))
			return
		}
		if !fault.Is(err, fault.Invalid) || strings.Contains(err.Error(), "hunter2") || ratelimit.OverOpenNetwork(secret.NewText(address)) {
			t.Errorf("%q: %v", address, err)
		}
	})
}
