package survival_test

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/secret"
)

// restartsVariable says how often the database is restarted.
const restartsVariable = "TEST_RESTARTS"

// server is a PostgreSQL of the test's own, which it may stop.
type server struct{ folder, url string }

func privatePostgres(t *testing.T) *server {
	t.Helper()
	folder, err := os.MkdirTemp("", "survival-postgres.") // outside of t.TempDir: another user must reach it
	if err != nil {
		t.Fatal(err)
	}
	s := &server{folder: folder}
	t.Cleanup(func() { s.script(t, "stop", folder) })
	lines := strings.Fields(s.script(t, "start", folder))
	s.url = lines[len(lines)-1]
	return s
}

func (s *server) address(testing.TB) secret.Text { return secret.NewText(s.url) }

// restart stops the server, "fast" in order or "immediate" as a crash does, and starts it again.
func (s *server) restart(t *testing.T, mode string) {
	t.Helper()
	s.script(t, "restart", s.folder, mode)
}

func (s *server) script(t *testing.T, arguments ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	output, err := exec.CommandContext(ctx, "../../scripts/postgres.sh", arguments...).Output()
	if err != nil {
		t.Fatalf("postgres.sh %s: %v: %s", arguments[0], err, output)
	}
	return string(output)
}

func (*server) random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }
