package spectest

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// documents are Alpaca's OpenAPI documents of trading and data, and our words for its streams,
// with the schemas that were asked for.
type documents struct {
	list     []*document
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

// document is one of the OpenAPI documents.
type document struct {
	name       string
	paths      map[string]any
	responses  map[string]any            // the shared ones
	operations map[string]*regexp.Regexp // what fits a template
}

// streams.json says what messages of streams look like, which the OpenAPI documents leave out.
//
//go:embed streams.json
var streamSchemas []byte

var once struct {
	sync.Mutex
	documents *documents
}

// loaded reads the documents of the folder shared/ once in a process: that takes a tenth of a second.
func loaded(folder string) (known *documents, err error) {
	once.Lock()
	defer once.Unlock()
	if once.documents == nil {
		once.documents, err = load(folder)
	}
	return once.documents, err
}

func load(folder string) (*documents, error) {
	all := &documents{compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	all.compiler.AssertFormat()
	for _, name := range []string{"trading", "data"} {
		content, err := os.ReadFile(filepath.Join(folder, "reference", "alpaca", "specs", name+"-openapi.2026-08.alpaca-java.yaml"))
		if err != nil {
			return nil, err
		}
		translated, err := yaml.YAMLToJSON(content)
		if err != nil {
			return nil, err
		}
		root, err := all.add(name+".json", translated)
		if err != nil {
			return nil, err
		}
		one := &document{name: name + ".json", paths: object(root, "paths"), responses: object(root, "components", "responses")}
		one.operations = map[string]*regexp.Regexp{}
		for template := range one.paths {
			one.operations[template] = regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(template), "[^/:]+") + "$")
		}
		all.list = append(all.list, one)
	}
	_, err := all.add("streams.json", streamSchemas)
	return all, err
}

var parameter = regexp.MustCompile(`\\\{[^}]*\\\}`)

func (d *documents) add(name string, content []byte) (map[string]any, error) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	root := modern(value).(map[string]any)
	return root, d.compiler.AddResource(name, root)
}

// modern turns OpenAPI 3.0's nullable into JSON Schema's null type.
func modern(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = modern(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = modern(value[key])
		}
		if kind, ok := value["type"].(string); ok && value["nullable"] == true {
			value["type"] = []any{kind, "null"}
		}
		delete(value, "example")
		delete(value, "examples")
		delete(value, "discriminator")
	}
	return value
}

// object is the value under the names; nil when there is none.
func object(value map[string]any, names ...string) map[string]any {
	for _, name := range names {
		value, _ = value[name].(map[string]any)
	}
	return value
}

// documented is what the documents say about an operation's answer.
type documented struct {
	operation string // "METHOD template", or the path where there is no template
	found     bool   // the documents know the operation and this status of it
	schema    string // where the schema of its JSON body is; empty: it has none
}

// answerOf finds the operation.
func (d *documents) answerOf(method, path string, status int) documented {
	verb := strings.ToLower(method)
	for _, one := range d.list {
		for template, item := range one.paths {
			operation, ok := item.(map[string]any)[verb].(map[string]any)
			if !ok || !one.operations[template].MatchString(path) || template != path && one.paths[path] != nil {
				continue
			}
			said := documented{operation: method + " " + template}
			answer := object(operation, "responses", fmt.Sprint(status))
			if said.found = answer != nil; !said.found {
				return said
			}
			pointer := "#/paths/" + escape(template) + "/" + verb + "/responses/" + fmt.Sprint(status)
			if reference, ok := answer["$ref"].(string); ok {
				pointer, answer = reference, object(one.responses, filepath.Base(reference))
			}
			if object(answer, "content", "application/json") != nil {
				said.schema = one.name + pointer + "/content/application~1json/schema"
			}
			return said
		}
	}
	return documented{operation: method + " " + path}
}

func escape(pointer string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(pointer)
}

func (d *documents) schema(location string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, ok := d.compiled[location]; ok {
		return known, nil
	}
	schema, err := d.compiler.Compile(location)
	if err == nil {
		d.compiled[location] = schema
	}
	return schema, err
}

// against lists what the schema has against the JSON text, each as "/path: what is wrong", without
// what the operation is known for.
func (d *documents) against(operation, location string, content []byte) []string {
	schema, err := d.schema(location)
	if err != nil {
		return []string{err.Error()}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		return []string{fmt.Sprintf("not JSON: %v", err)}
	}
	err = schema.Validate(value)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return nil
	}
	return unknown(operation, invalid)
}

// unknown are the problems that have no further cause and are not known. Where one of several
// schemas would do, they are those of the schema that fits best.
func unknown(operation string, problem *jsonschema.ValidationError) (found []string) {
	if len(problem.Causes) == 0 {
		leaf := "/" + strings.Join(problem.InstanceLocation, "/") + ": " + problem.ErrorKind.LocalizedString(english)
		if !known(operation, leaf) {
			found = append(found, leaf)
		}
		return found
	}
	each := make([][]string, len(problem.Causes))
	for i, cause := range problem.Causes {
		each[i] = unknown(operation, cause)
	}
	switch problem.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		return slices.MinFunc(each, func(a, b []string) int { return len(a) - len(b) })
	default:
		return slices.Concat(each...)
	}
}

var english = message.NewPrinter(language.English)
