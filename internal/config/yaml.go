package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/jcap24/alpaca-trader/internal/fault"
)

// largestYAML is in bytes. The parser's time and depth grow with what is nested, so this bounds both.
const largestYAML = 64 << 10

// yamlFile is a YAML file that is being read; it makes the errors that name file and line.
type yamlFile struct{ name string }

// wrong returns the error "NAME:LINE: problem", for a node of the file.
func (f yamlFile) wrong(at ast.Node, format string, args ...any) error {
	return f.wrongLine(lineOf(at), format, args...)
}

func (f yamlFile) wrongLine(line int, format string, args ...any) error {
	return fault.New(fault.Invalid, "%s:%d: %s.", f.name, line, fmt.Sprintf(format, args...))
}

func lineOf(node ast.Node) int {
	if node != nil {
		return tokenLine(node.GetToken())
	}
	return 1
}

func tokenLine(at *token.Token) int {
	if at == nil || at.Position == nil {
		return 1
	}
	return at.Position.Line
}

// parse returns the root of the file's one document, nil when the file is empty. The library has
// panicked on odd input before; here that is one more way of not being YAML.
func (f yamlFile) parse(text []byte) (root ast.Node, err error) {
	if len(text) > largestYAML {
		return nil, fault.New(fault.Invalid, "%s is larger than %d KiB; this is not a file of settings.", f.name, largestYAML>>10)
	}
	defer func() {
		if cause := recover(); cause != nil {
			root, err = nil, fault.Because(fmt.Errorf("parse yaml: %v", cause), fault.Invalid, "%s is not valid YAML.", f.name)
		}
	}()
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, f.syntax(err)
	}
	return f.onlyDocument(file)
}

func (f yamlFile) onlyDocument(file *ast.File) (ast.Node, error) {
	var root ast.Node
	for _, document := range file.Docs {
		switch {
		case document == nil || document.Body == nil || isNull(document.Body):
		case root != nil:
			return nil, f.wrong(document.Body, "a second document begins here; keep one")
		default:
			root = document.Body
		}
	}
	return root, nil
}

// syntax ends the library's error here: it shows the lines around the mistake, and these may hold keys.
func (f yamlFile) syntax(err error) error {
	var located yaml.Error
	if !errors.As(err, &located) {
		return fault.New(fault.Invalid, "%s is not valid YAML.", f.name)
	}
	message, _, _ := strings.Cut(located.GetMessage(), "\n")
	return fault.New(fault.Invalid, "%s:%d: not valid YAML: %s.", f.name, tokenLine(located.GetToken()), message)
}

// entries returns a mapping's keys and values, or an error when the node is none or a key is no
// plain text or stands twice. The node null has no entries.
func (f yamlFile) entries(node ast.Node, what string) ([]entry, error) {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case nil, *ast.NullNode:
	case *ast.CommentGroupNode:
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, f.wrong(node, "%s must be a section of `key: value` lines", what)
	}
	seen := map[string]bool{}
	list := make([]entry, 0, len(values))
	for _, value := range values {
		key, ok := scalarText(value.Key)
		if !ok {
			return nil, f.wrong(value, "%s has a key that is not plain text", what)
		}
		if seen[key] {
			return nil, f.wrong(value.Key, "%q stands twice in %s", key, what)
		}
		seen[key] = true
		list = append(list, entry{key: key, at: value.Key, value: value.Value})
	}
	return list, nil
}

type entry struct {
	key   string
	at    ast.Node
	value ast.Node
}

func isNull(node ast.Node) bool {
	switch node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return true
	}
	return false
}

// scalarText returns what is written for a scalar, so that symbols such as TRUE or ON stay text.
func scalarText(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(n.Value.Value), true
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		return node.GetToken().Value, true
	}
	return "", false
}
