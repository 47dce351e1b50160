package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// FuzzFlagsFile: a file of options sets flags that there are, or is refused by its name.
func FuzzFlagsFile(f *testing.F) {
	for _, text := range []string{"", "port: 5000\n", "symbols: [A, B]\nport: 1\n", "port: [1]", "other: 1", "port: &a [*a]", "? [a]\n: b", "- 1", "port: 1e99", "\xff", "port: null", "<<: {port: 1}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "flags.yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		command := &cobra.Command{Use: "x"}
		command.Flags().Int("port", 0, "")
		command.Flags().StringSlice("symbols", nil, "")
		if err := readFlags(command, file); err != nil && (!fault.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), file)) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
