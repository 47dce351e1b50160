package cli

import (
	"slices"

	"github.com/spf13/cobra"
)

func completionCommand(env *Environment) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Print completions for bash, zsh, fish or powershell", ValidArgs: shells,
		Long: "Print completions for a shell. For bash: source <(alpaca-trader completion bash). For zsh: alpaca-trader completion zsh > \"${fpath[1]}/_alpaca-trader\".\n" +
			"For fish: alpaca-trader completion fish | source. For PowerShell: alpaca-trader completion powershell | Out-String | Invoke-Expression.",
		Args: exactly("SHELL"),
		RunE: func(command *cobra.Command, args []string) error {
			if !slices.Contains(shells, args[0]) {
				return usage("There are completions for bash, zsh, fish and powershell, and not for %q.", args[0])
			}
			switch args[0] {
			case "bash":
				return command.Root().GenBashCompletionV2(env.Stdout, true)
			case "zsh":
				return command.Root().GenZshCompletion(env.Stdout)
			case "fish":
				return command.Root().GenFishCompletion(env.Stdout, true)
			}
			return command.Root().GenPowerShellCompletionWithDesc(env.Stdout)
		},
	}
}
