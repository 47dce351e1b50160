// Package survival_test kills, stops and starts the real program again and again before a simulator
// in which things go wrong, and looks after each time whether an order was lost or doubled. `make
// test` does a little of it, `make test-slow` all.
package survival_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jcap24/alpaca-trader/internal/cli"
)

// programVariable is the path of the program; without it this test binary runs as it.
const programVariable = "TEST_PROGRAM"

const patience = 90 * time.Second

// endsAtOnce spares each process the second that the race detector sleeps at its end by default.
const endsAtOnce = "GORACE=atexit_sleep_ms=0"

// TestMain lets the test program run as alpaca-trader. The tests wait more than they compute, so
// that more run at a time than there are cores.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"alpaca-trader": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// number is the environment variable's, or the usual one.
func number(t *testing.T, variable string, usual int) int {
	t.Helper()
	value, err := strconv.Atoi(cmp.Or(os.Getenv(variable), strconv.Itoa(usual)))
	if err != nil || value < 0 {
		t.Fatalf("%s is not a number", variable)
	}
	return value
}

// shell is a folder and an environment in which the program runs.
type shell struct {
	program, folder string
	environ         []string
}

func newShell(t *testing.T, environ ...string) *shell {
	t.Helper()
	folder := t.TempDir()
	program := os.Getenv(programVariable)
	if program == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		program = filepath.Join(folder, "alpaca-trader")
		if err := os.Symlink(self, program); err != nil {
			t.Fatal(err)
		}
	}
	return &shell{program, folder, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder, "TMPDIR=" + folder, endsAtOnce}, environ...)}
}

func (s *shell) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a command to its end and returns what it wrote on both streams.
func (s *shell) run(t *testing.T, arguments ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	command := exec.CommandContext(ctx, s.program, arguments...)
	command.Dir, command.Env = s.folder, s.environ
	output, err := command.CombinedOutput()
	return string(output), err
}

// process is a running program.
type process struct {
	command *exec.Cmd
	log     string // the file of its standard error
	lines   chan string
	ended   chan struct{}
}

// start starts the program; it is killed with the test.
func (s *shell) start(t *testing.T, arguments ...string) *process {
	t.Helper()
	log, err := os.CreateTemp(s.folder, "log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // the program has its own
	command := exec.CommandContext(context.Background(), s.program, arguments...)
	command.Dir, command.Env, command.Stderr = s.folder, s.environ, log
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{command, log.Name(), make(chan string, 1000), make(chan struct{})}
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			select {
			case p.lines <- lines.Text():
			default: // nobody reads them
			}
		}
		_ = command.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill ends the process as a power cut does.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.ended
}

// listening waits until a server says where it listens, and returns the address.
func (p *process) listening(t *testing.T) string {
	t.Helper()
	select {
	case line := <-p.lines:
		if address, ok := strings.CutPrefix(line, "listening on "); ok {
			return address
		}
		t.Fatalf("the server said %q\n%s", line, p.said(t))
	case <-p.ended:
		t.Fatalf("the server ended\n%s", p.said(t))
	case <-time.After(patience):
		t.Fatalf("the server does not come\n%s", p.said(t))
	}
	return ""
}

// said is what the process logged.
func (p *process) said(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(text))
}

// pause passes a moment of the machine's time, or ends with the test.
func pause(ctx context.Context, length time.Duration) {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// until asks again until it is so.
func until(t *testing.T, what string, satisfied func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !satisfied(); pause(t.Context(), 50*time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
