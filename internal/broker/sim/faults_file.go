package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/goccy/go-yaml"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// LoadFaults reads a script of faults: a YAML (or JSON) list whose entries have the fields of
// POST /_simulator/faults; "from" is the market time at which one begins. A fault of kind Invalid
// says what is wrong.
func LoadFaults(file string) ([]Fault, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "The script %s cannot be read; check its name and its permissions.", file)
	}
	translated, err := yaml.YAMLToJSON(content)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "The script %s is not YAML: %s", file, yaml.FormatError(err, false, false))
	}
	list, err := readFaults(translated)
	if err != nil {
		return nil, fault.Because(err, fault.Invalid, "The script %s cannot be used: %s.", file, err)
	}
	return list, nil
}

// readFaults reads a JSON list of faults; unknown fields are refused, so that a misspelt one does
// not do something else.
func readFaults(content []byte) ([]Fault, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	var list []Fault
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("a list of faults is expected: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the list of faults")
	}
	return list, nil
}
