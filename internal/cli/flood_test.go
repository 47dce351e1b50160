package cli_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A flood of sign-ins, each of which costs a password hash, and of clients that never end what they
// say, does not keep trading waiting: cycles begin and end while it lasts. How soon after their slots
// is a matter of the machine, and only told; TEST_FLOOD_CYCLES, which a slow test sets, asks for so many
// that begin within two seconds.
func TestAFloodOfSignInsDoesNotDelayTrading(t *testing.T) {
	t.Parallel()
	sh := newShell(t, "RATE_LIMIT_AUTH=1000000/minute")
	simulator := sh.stepping(t)
	v := signIn(t, sh.serve(t, "dashboard-secure", "--port", "0"))
	v.must("PUT", "/api/settings", byRSI, nil)
	v.account("usual", "AAPL", "MSFT")
	v.ran("usual", at(17, 0, 1))

	hashed, held, end := flood(t, v.address)
	defer end()
	v.until("the flood has come", func() bool { return hashed.Load() >= 5 && held.Load() >= 100 })
	for minute := 5; minute <= 10; minute += 5 {
		before, due := hashed.Load(), time.Now()
		advance(t, simulator, at(17, minute, 10))
		v.ran("usual", at(17, minute, 0)).asDecided(t, "in the flood", "rsi", []string{"AAPL", "MSFT"})
		t.Logf("the cycle ended %v after its slot; %d sign-ins were looked at meanwhile", time.Since(due), hashed.Load()-before)
	}
	end()
	if cycles, err := strconv.Atoi(os.Getenv("TEST_FLOOD_CYCLES")); err == nil {
		beginOnTime(t, cycles)
	}
}

// flood has forty strangers guess passwords and a hundred begin requests that they never end, until
// end is called. It counts the guesses that cost a hash and the requests that were begun.
func flood(t *testing.T, address string) (hashed, held *atomic.Int64, end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var strangers sync.WaitGroup
	hashed, held = new(atomic.Int64), new(atomic.Int64)
	for i := range 40 {
		strangers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if guess(ctx, address, fmt.Sprintf("stranger%d.%d", i, n)) == http.StatusUnauthorized {
					hashed.Add(1)
				}
			}
		})
	}
	for i := range 100 {
		said := "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\n" + []string{"X-Slow: ", "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"}[i%2]
		strangers.Go(func() { dawdle(ctx, address, said, held) })
	}
	return hashed, held, func() {
		stop()
		strangers.Wait()
	}
}

// dawdle begins a request and never ends it, again whenever the server hangs up.
func dawdle(ctx context.Context, address, said string, held *atomic.Int64) {
	for ctx.Err() == nil {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", strings.TrimPrefix(address, "http://"))
		if err != nil {
			return
		}
		hangUp := context.AfterFunc(ctx, func() { _ = connection.Close() })
		if _, err := io.WriteString(connection, said); err == nil {
			held.Add(1)
			_, _ = io.Copy(io.Discard, connection) // until the server hangs up
		}
		hangUp()
		_ = connection.Close()
	}
}

// guess tries to sign in and returns the status, 0 when the server did not answer.
func guess(ctx context.Context, address, name string) int {
	body := strings.NewReader(fmt.Sprintf(`{"username":%q,"password":"a wrong guess"}`, name))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/api/auth/login", body)
	if err != nil {
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}
