package config

import "github.com/goccy/go-yaml/ast"

// yamlList is a file whose one key holds a list of things with names of their own.
type yamlList[T any] struct {
	key    string
	secret bool   // the file holds secrets: a word that should not stand there is not repeated
	shape  string // the sentence to somebody who wrote no list
	item   func(yamlFile, ast.Node) (T, error)
	name   func(T) string
	twice  string // the sentence about a name and the line where it stands already
}

// parseList reads the text of the file. No list is an empty one.
func parseList[T any](file yamlFile, text []byte, list yamlList[T]) ([]T, error) {
	root, err := file.parse(text)
	if err != nil {
		return nil, err
	}
	entries, err := file.entries(root, "the file")
	if err != nil {
		return nil, err
	}
	var items []T
	for _, e := range entries {
		if e.key != list.key && list.secret {
			return nil, file.wrong(e.at, "something else than %s stands here", list.key)
		}
		if e.key != list.key {
			return nil, file.wrong(e.at, "unknown key %q; the file has %s", e.key, list.key)
		}
		if items, err = list.items(file, e); err != nil {
			return nil, err
		}
	}
	return items, nil
}

func (l yamlList[T]) items(file yamlFile, list entry) ([]T, error) {
	if isNull(list.value) {
		return nil, nil
	}
	sequence, ok := list.value.(*ast.SequenceNode)
	if !ok {
		return nil, file.wrong(list.at, "%s", l.shape)
	}
	firstLine := map[string]int{}
	items := make([]T, 0, len(sequence.Values))
	for _, node := range sequence.Values {
		if node == nil {
			return nil, file.wrong(list.at, "%s has an empty line in its list", l.key)
		}
		item, err := l.item(file, node)
		if err != nil {
			return nil, err
		}
		if line, twice := firstLine[l.name(item)]; twice {
			return nil, file.wrong(node, l.twice, l.name(item), line)
		}
		firstLine[l.name(item)] = lineOf(node)
		items = append(items, item)
	}
	return items, nil
}
