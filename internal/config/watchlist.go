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
	file := yamlFile{name}
	root, err := file.parse(text)
	if err != nil {
		return nil, err
	}
	entries, err := file.entries(root, "the file")
	if err != nil {
		return nil, err
	}
	var list []trade.WatchedSymbol
	for _, e := range entries {
		if e.key != "watchlist" {
			return nil, file.wrong(e.at, "unknown key %q; the file has watchlist", e.key)
		}
		if list, err = file.watched(e); err != nil {
			return nil, err
		}
	}
	return list, nil
}

func (f yamlFile) watched(list entry) ([]trade.WatchedSymbol, error) {
	if isNull(list.value) {
		return nil, nil
	}
	sequence, ok := list.value.(*ast.SequenceNode)
	if !ok {
		return nil, f.wrong(list.at, "watchlist must be a list such as `- symbol: AAPL`")
	}
	firstLine := map[string]int{}
	watched := make([]trade.WatchedSymbol, 0, len(sequence.Values))
	for _, node := range sequence.Values {
		if node == nil {
			return nil, f.wrong(list.at, "watchlist has an empty line in its list")
		}
		symbol, err := f.watchedSymbol(node)
		if err != nil {
			return nil, err
		}
		if line, twice := firstLine[symbol.Symbol]; twice {
			return nil, f.wrong(node, "%s stands in the watchlist already, in line %d", symbol.Symbol, line)
		}
		firstLine[symbol.Symbol] = lineOf(node)
		watched = append(watched, symbol)
	}
	return watched, nil
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
