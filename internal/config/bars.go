package config

import (
	"errors"
	"strconv"
)

const (
	// fewestBars are what usual strategies need, and some.
	fewestBars = 500
	mostBars   = 10_000_000
	// allBars is the BARS_KEEP that removes none.
	allBars = "all"
)

// parseBarsKept returns 0 for all.
func parseBarsKept(value string) (int, error) {
	if value == allBars {
		return 0, nil
	}
	count, err := strconv.Atoi(value)
	if err != nil || count < fewestBars || count > mostBars {
		return 0, errors.New("must be `all` or a whole number from 500 to 10000000")
	}
	return count, nil
}
