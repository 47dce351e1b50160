package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

// program is a path under which this test binary runs as alpaca-trader (see TestMain).
func program(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "alpaca-trader")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// endsAtOnce spares each process the second that the race detector sleeps at its end by default.
const endsAtOnce = "GORACE=atexit_sleep_ms=0"

// shell is a folder and an environment in which programs run as separate processes.
type shell struct {
	program string
	folder  string
	environ []string
}

func newShell(t *testing.T, environ ...string) *shell {
	t.Helper()
	folder := t.TempDir()
	return &shell{
		program: program(t), folder: folder,
		environ: append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TMPDIR=" + folder, endsAtOnce}, environ...),
	}
}

// tradingAt adds the settings that point command-line jobs at a broker's address.
func (s *shell) tradingAt(address string) *shell {
	s.environ = append(s.environ, "ALPACA_API_KEY=PKSHELL", "ALPACA_SECRET_KEY=hush",
		"ALPACA_PAPER_URL="+address, "ALPACA_DATA_URL="+address)
	return s
}

func (s *shell) command(ctx context.Context, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, s.program, arguments...)
	command.Dir, command.Env = s.folder, s.environ
	return command
}

// run returns standard output of a program that must succeed.
func (s *shell) run(t *testing.T, arguments ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := s.command(ctx, arguments...)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		t.Fatalf("alpaca-trader %s: %v\n%s%s", strings.Join(arguments, " "), err, stdout.String(), stderr.String())
	}
	return stdout.Bytes()
}

// write puts a file into the folder.
func (s *shell) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// serve starts a server and returns the address that it says it listens on.
func (s *shell) serve(t *testing.T, arguments ...string) string {
	t.Helper()
	address := s.start(t, arguments...).address
	if arguments[0] == "simulator" {
		return spectest.Server(t, address)
	}
	return address
}

// server is a running server; it is ended with the test.
type server struct {
	address string
	command *exec.Cmd
	ended   chan struct{}
}

func (s *shell) start(t *testing.T, arguments ...string) *server {
	t.Helper()
	return s.startLogging(t, filepath.Join(t.TempDir(), "log"), arguments...)
}

// startLogging is start with standard error in the file.
func (s *shell) startLogging(t *testing.T, log string, arguments ...string) *server {
	t.Helper()
	command := s.command(context.Background(), arguments...)
	stderr, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close() // the program has its own
	command.Stderr = stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	started := &server{address: address, command: command, ended: make(chan struct{})}
	go func() {
		_ = command.Wait()
		close(started.ended)
	}()
	t.Cleanup(func() {
		started.stop(t)
		if t.Failed() {
			showEnd(t, arguments[0], log)
		}
	})
	if err != nil || !ok {
		said, _ := os.ReadFile(log)
		t.Fatalf("alpaca-trader %s said %q, %v\n%s", strings.Join(arguments, " "), line, err, said)
	}
	return started
}

// showEnd prints the last of what the server has logged, for whoever reads why a test failed.
func showEnd(t *testing.T, what, log string) {
	t.Helper()
	const most = 8 << 10
	said, err := os.ReadFile(log)
	if err != nil {
		t.Error(err)
		return
	}
	t.Logf("the end of what %s logged:\n%s", what, said[max(0, len(said)-most):])
}

// stop ends the server as Ctrl-C does, and says if it does not end.
func (s *server) stop(t *testing.T) {
	t.Helper()
	_ = s.command.Process.Signal(os.Interrupt)
	select {
	case <-s.ended:
	case <-time.After(2 * time.Minute):
		t.Error("the server does not stop")
		s.kill(t)
	}
}

// kill ends the server as a power cut does.
func (s *server) kill(t *testing.T) {
	t.Helper()
	_ = s.command.Process.Kill()
	<-s.ended
}

// advance moves a simulator's time.
func advance(t *testing.T, address string, to time.Time) {
	t.Helper()
	body := fmt.Sprintf(`{"to":%q}`, to.Format(time.RFC3339))
	response, err := http.Post(address+"/_simulator/advance", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("advance to %s: %s", to, response.Status)
	}
}

// brokerOrder is an order as the simulator shows it to the keys of tradingAt.
type brokerOrder struct {
	ClientOrderID string  `json:"client_order_id"`
	Symbol        string  `json:"symbol"`
	Side          string  `json:"side"`
	Qty           *string `json:"qty"`
	Notional      *string `json:"notional"`
	Status        string  `json:"status"`
}

// ordersAt are the orders of the keys of tradingAt.
func ordersAt(t *testing.T, address string) []brokerOrder {
	t.Helper()
	return ordersUnder(t, address, "PKSHELL")
}

// deciding is a command that says of each decision when it was made, until it is told to end.
type deciding struct {
	command *exec.Cmd
	lines   *bufio.Scanner
}

// decide starts the command in a market of steps, with many symbols and a strategy that buys often.
func (s *shell) decide(t *testing.T, arguments ...string) *deciding {
	t.Helper()
	s.write(t, "config/watchlist.yaml", "watchlist: [AAPL, MSFT, NVDA, AMZN, GOOGL, TSLA, JPM, SPY]\n")
	s.write(t, "config/settings.yaml", buysOften+"schedule: {interval_minutes: 5}\n")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	command := s.command(ctx, arguments...)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return &deciding{command, bufio.NewScanner(stdout)}
}

// next waits for the line about the next decision; empty when the command has ended.
func (d *deciding) next() string {
	for d.lines.Scan() {
		if strings.HasPrefix(d.lines.Text(), "Decided at ") {
			return d.lines.Text()
		}
	}
	return ""
}

// end interrupts the command, which must end in order and decide nothing more.
func (d *deciding) end(t *testing.T) {
	t.Helper()
	if err := d.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if line := d.next(); line != "" {
		t.Errorf("decided after the end: %s", line)
	}
	if err := d.command.Wait(); err != nil {
		t.Errorf("ended with %v, want exit code 0", err)
	}
}

func decode[T any](t *testing.T, text []byte) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return value
}
