package cli_test

import (
	"bufio"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
	"github.com/jcap24/alpaca-trader/internal/cli"
)

// TestMain lets the test program run as alpaca-trader when a story calls it so: a process of its
// own with real signals, exit codes and streams, and no build beforehand. The tests wait for
// processes more than they compute, so that more run at a time than there are cores.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"alpaca-trader": func() {
			os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

func endAtOnce(env *testscript.Env) error {
	env.Vars = append(env.Vars, endsAtOnce)
	return nil
}

// TestStories runs testdata/script/*.txtar, each in an empty folder with a bare environment.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Setup:               endAtOnce,
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"serve": serveIn(t)},
	})
}

// serveIn starts a server of alpaca-trader for the rest of the story and puts the address that it
// says it listens on into the variable named first: `serve SIMULATOR simulator --data synthetic`.
// A simulator's answers are checked on their way.
func serveIn(t *testing.T) func(ts *testscript.TestScript, refused bool, args []string) {
	return func(ts *testscript.TestScript, refused bool, args []string) { serve(t, ts, refused, args) }
}

func serve(t *testing.T, ts *testscript.TestScript, refused bool, args []string) {
	if refused || len(args) < 2 {
		ts.Fatalf("usage: serve VARIABLE COMMAND [ARGUMENT...]")
	}
	command := exec.Command(ts.MkAbs("alpaca-trader"), args[1:]...)
	path, err := exec.LookPath("alpaca-trader")
	ts.Check(err)
	command.Path, command.Dir = path, ts.MkAbs(".")
	command.Env = []string{endsAtOnce}
	for _, name := range []string{"PATH", "HOME", "WORK", "TMPDIR", "ALPACA_PAPER_URL", "ALPACA_DATA_URL"} {
		command.Env = append(command.Env, name+"="+ts.Getenv(name))
	}
	stdout, err := command.StdoutPipe()
	ts.Check(err)
	ts.Check(command.Start())
	ts.Defer(func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	ts.Check(err)
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if !ok {
		ts.Fatalf("%s said %q", args[1], line)
	}
	if args[1] == "simulator" {
		address = spectest.Server(t, address)
	}
	ts.Setenv(args[0], address)
	ts.Setenv(args[0]+"_HOSTPORT", strings.TrimPrefix(address, "http://"))
}
