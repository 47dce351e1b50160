package config

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/jcap24/alpaca-trader/internal/trade"
)

// LoadWatchlist reads a watchlist.yaml: a list of symbols, or of symbols with names, in the order
// of the file. A missing file is an error that names it; an empty list is allowed.
func LoadWatchlist(path string) ([]trade.WatchedSymbol, error) {
	text, err := readYAML(path)
	if err != nil {
		return nil, err
	}
	return ParseWatchlist(path, text)
}

// ParseWatchlist reads the text of a watchlist.yaml; name stands in errors.
func ParseWatchlist(name string, text []byte) ([]trade.WatchedSymbol, error) {
	return parseList(yamlFile{name}, text, yamlList[trade.WatchedSymbol]{
		key: "watchlist", shape: "watchlist must be a list such as `- symbol: AAPL`",
		item: yamlFile.watchedSymbol, name: func(watched trade.WatchedSymbol) string { return watched.Symbol },
		twice: "%s stands in the watchlist already, in line %d",
	})
}

// watchedSymbol reads `AAPL` or `{symbol: AAPL, name: Apple}`.
func (f yamlFile) watchedSymbol(node ast.Node) (trade.WatchedSymbol, error) {
	var result trade.WatchedSymbol
	if written, ok := scalarText(node); ok {
		err := f.symbol(node, written, &result)
		return result, err
	}
	entries, err := f.entries(node, "an item of the watchlist")
	if err != nil {
		return result, err
	}
	for _, e := range entries {
		if err := f.watchedField(e, &result); err != nil {
			return result, err
		}
	}
	if result.Symbol == "" {
		return result, f.wrong(node, "this item of the watchlist has no symbol")
	}
	return result, nil
}

const longestName = 200 // characters of a security's name, as in the database

func (f yamlFile) watchedField(e entry, into *trade.WatchedSymbol) error {
	written, ok := scalarText(e.value)
	switch {
	case e.key == "symbol" && ok:
		return f.symbol(e.value, written, into)
	case e.key == "symbol":
		return f.wrong(e.at, "symbol must be text such as AAPL")
	case e.key != "name":
		return f.wrong(e.at, "unknown key %q; an item of the watchlist has symbol and name", e.key)
	case isNull(e.value):
		return nil
	case !ok || len([]rune(written)) > longestName:
		return f.wrong(e.at, "name must be text of at most %d characters", longestName)
	}
	into.Name = strings.TrimSpace(written)
	return nil
}

func (f yamlFile) symbol(at ast.Node, written string, into *trade.WatchedSymbol) error {
	symbol, err := trade.ParseSymbol(written)
	if err != nil {
		return f.wrong(at, "%q is no symbol; %s", written, err)
	}
	into.Symbol = symbol
	return nil
}
