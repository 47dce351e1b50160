package cli

import (
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/app"
	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
)

func doctorCommand(env *Environment) *cobra.Command {
	command := &cobra.Command{
		Use: "doctor", Short: "Check the installation and say what to do", Args: noArguments,
		Long: "Check the installation against the security checklist, and say what to do: keys, TLS, proxies, file modes, database, migrations,\n" +
			"registration, administrators, backups, disk, broker, clock. Nothing is changed.\n" +
			"The exit code is 1 when something is critical; with --strict also for warnings.",
	}
	strict := command.Flags().Bool("strict", false, "exit with 1 for warnings too")
	offline := command.Flags().Bool("offline", false, "ask nobody on the network")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		cfg, err := env.Config()
		if err != nil {
			return err
		}
		findings := daemon.Examine(command.Context(), daemon.Examination{
			Config: cfg, Folder: env.Source.Dir, Environ: env.Source.Environ, Offline: *offline, Log: env.Logger,
		})
		if err := env.printFindings(findings, *asJSON); err != nil {
			return err
		}
		return verdict(findings, *strict)
	}
	return command
}

func (e *Environment) printFindings(findings []app.Finding, asJSON bool) error {
	if asJSON {
		return printJSON(e.Stdout, findings)
	}
	rows := make([][]string, 0, len(findings))
	for _, finding := range findings {
		rows = append(rows, []string{string(finding.Severity), finding.Check, printable(finding.Says)})
		if finding.Do != "" {
			rows = append(rows, []string{"", "", "> " + printable(finding.Do)})
		}
	}
	return printTable(e.Stdout, []string{"SEVERITY", "CHECK", "FOUND"}, rows)
}

// verdict is an error when something must be done.
func verdict(findings []app.Finding, strict bool) error {
	count := func(severity app.Severity) (n int) {
		for _, finding := range findings {
			if finding.Severity == severity {
				n++
			}
		}
		return n
	}
	critical, warnings := count(app.Critical), count(app.Warning)
	if critical == 0 && (!strict || warnings == 0) {
		return nil
	}
	return fault.New(fault.Conflict, "%d critical findings and %d warnings.", critical, warnings)
}
