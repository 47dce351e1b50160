package daemon

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/jcap24/alpaca-trader/internal/config"
)

// supervisor tells the service manager what the process does, as sd_notify(3) describes it. Without
// one it does nothing; one that does not listen is said once to the log and keeps nobody from work.
type supervisor struct {
	config.Supervisor
	log *slog.Logger
}

func (s supervisor) tell(state string) {
	if s.Socket == "" {
		return
	}
	connection, err := net.Dial("unixgram", s.Socket) // a leading @ is Linux's abstract name space
	if err == nil {
		_, err = connection.Write([]byte(state))
		_ = connection.Close()
	}
	if err != nil {
		s.log.Warn("the service manager cannot be told", "state", state, "error", err)
	}
}

// watch tells the manager, twice in its patience, that the process is alive, until the context ends.
// Alive is a process whose handler answers a question about itself; whether it is ready does not
// matter, because a restart mends no database.
func (s supervisor) watch(ctx context.Context, handler http.Handler) {
	if s.Socket == "" || s.Watchdog <= 0 {
		return
	}
	ticker := time.NewTicker(s.Watchdog / 2)
	defer ticker.Stop()
	for {
		if request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/livez", nil); err == nil {
			request.RemoteAddr = "127.0.0.1:0"
			handler.ServeHTTP(unread{}, request)
			s.tell("WATCHDOG=1")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// unread is an answer that nobody reads.
type unread struct{}

func (unread) Header() http.Header            { return http.Header{} }
func (unread) Write(text []byte) (int, error) { return len(text), nil }
func (unread) WriteHeader(int)                {}
