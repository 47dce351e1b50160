package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// readFlags sets the flags that a YAML file gives by their names and the command line does not. A
// list gives a flag once for each of its items. An unknown name is an error, so that a misspelt one
// does not do nothing.
func readFlags(command *cobra.Command, file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fault.Because(err, fault.Invalid, "The file %s cannot be read; check its name and its permissions.", file)
	}
	var given yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(content, &given, yaml.Strict()); err != nil {
		return fault.Because(err, fault.Invalid, "The file %s is not a YAML map of options: %s", file, yaml.FormatError(err, false, false))
	}
	values := map[string]any{}
	for _, item := range given {
		name := fmt.Sprint(item.Key)
		flag := command.Flags().Lookup(name)
		if flag == nil || name == "config" || name == "help" {
			return fault.New(fault.Invalid, "The file %s has an option %q, which there is not; %s --help lists them.", file, name, command.CommandPath())
		}
		if !flag.Changed { // the command line wins
			values[name] = item.Value
		}
	}
	for name, value := range values {
		if err := setFlag(command, file, name, value); err != nil {
			return err
		}
	}
	return nil
}

func setFlag(command *cobra.Command, file, name string, value any) error {
	items, isList := value.([]any)
	if !isList {
		items = []any{value}
	}
	kind := command.Flags().Lookup(name).Value.Type()
	if takesList := strings.HasSuffix(kind, "Slice") || strings.HasSuffix(kind, "Array"); isList && !takesList {
		return fault.New(fault.Invalid, "The file %s gives a list for %s, which takes one value.", file, name)
	}
	for _, item := range items {
		if err := command.Flags().Set(name, fmt.Sprint(item)); err != nil {
			return fault.Because(err, fault.Invalid, "The file %s has %v for %s, which does not fit.", file, item, name)
		}
	}
	return nil
}
