package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/jcap24/alpaca-trader/internal/daemon"
	"github.com/jcap24/alpaca-trader/internal/fault"
	"github.com/jcap24/alpaca-trader/internal/trade"
)

// symbolFlag adds --symbol, which narrows a command to symbols of choice.
func symbolFlag(command *cobra.Command) *[]string {
	return command.Flags().StringSlice("symbol", nil, "only this `SYMBOL`, on the watchlist or not; may be repeated")
}

// watched returns the symbols that a command works on: those of --symbol, or the watchlist.
func (e *Environment) watched(chosen []string) ([]trade.WatchedSymbol, error) {
	watchlist, err := e.Watchlist()
	if err != nil {
		return nil, err
	}
	if len(chosen) == 0 {
		if len(watchlist) == 0 {
			return nil, fault.New(fault.Invalid, "There are no symbols. List some in config/watchlist.yaml, or name one with --symbol.")
		}
		return watchlist, nil
	}
	names := make(map[string]string, len(watchlist))
	for _, entry := range watchlist {
		names[entry.Symbol] = entry.Name
	}
	picked := make([]trade.WatchedSymbol, 0, len(chosen))
	for _, text := range chosen {
		symbol, err := trade.ParseSymbol(strings.TrimSpace(text))
		if err != nil {
			return nil, usage("--symbol %q: %s.", text, err)
		}
		picked = append(picked, trade.WatchedSymbol{Symbol: symbol, Name: names[symbol]})
	}
	return picked, nil
}

func symbolsOf(watchlist []trade.WatchedSymbol) []string {
	symbols := make([]string, len(watchlist))
	for i, entry := range watchlist {
		symbols[i] = entry.Symbol
	}
	return symbols
}

// account opens the brokerage account of the settings, for commands that only read.
func (e *Environment) account() (*daemon.CommandLine, error) {
	cfg, err := e.Config()
	if err != nil {
		return nil, err
	}
	return daemon.OpenCommandLine(cfg)
}
