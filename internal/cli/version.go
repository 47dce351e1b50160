package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

// Set by the linker (scripts/build.sh); a plain `go build` leaves them so.
var (
	version = "development"
	commit  = "unknown"
)

// Version is the version that the build gave this program.
func Version() string { return version }

type versionReport struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

func versionCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{Use: "version", Short: "Print the version", Args: noArguments}
	asJSON := jsonFlag(command)
	command.RunE = func(*cobra.Command, []string) error {
		report := versionReport{version, commit, runtime.Version()}
		if *asJSON {
			return printJSON(env.Stdout, report)
		}
		_, err := fmt.Fprintf(env.Stdout, "alpaca-trader %s (commit %s, %s)\n", report.Version, report.Commit, report.Go)
		return err
	}
	return command
}
