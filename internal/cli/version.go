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
	materials := command.Flags().Bool("sbom", false, "print the bill of materials (CycloneDX, JSON): every module and web package inside")
	command.RunE = func(*cobra.Command, []string) error {
		if *materials {
			return printMaterials(env.Stdout)
		}
		report := versionReport{version, commit, runtime.Version()}
		if *asJSON {
			return printJSON(env.Stdout, report)
		}
		_, err := fmt.Fprintf(env.Stdout, "alpaca-trader %s (commit %s, %s)\n", report.Version, report.Commit, report.Go)
		return err
	}
	return command
}
