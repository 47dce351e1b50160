package cli_test

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jcap24/alpaca-trader/internal/cli"
)

// TestMain lets the test program run as alpaca-trader when a story calls it so: a process of its
// own with real signals, exit codes and streams, and no build beforehand.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"alpaca-trader": func() {
			os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// TestStories runs testdata/script/*.txtar, each in an empty folder with a bare environment.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}
