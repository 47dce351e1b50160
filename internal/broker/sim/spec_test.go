package sim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// specification is one of Alpaca's OpenAPI documents with the schemas that were asked for.
type specification struct {
	document map[string]any
	compiler *jsonschema.Compiler
	name     string
	patterns map[string]*regexp.Regexp // of the templates
	mu       sync.Mutex
	compiled map[string]*jsonschema.Schema
}

var specifications = sync.OnceValues(func() ([]*specification, error) {
	folder := filepath.Join("..", "..", "..", "..", "shared")
	if _, err := os.Stat(folder); err != nil {
		return nil, nil // a checkout alone: answers are not checked
	}
	var all []*specification
	for _, name := range []string{"trading", "data"} {
		content, err := os.ReadFile(filepath.Join(folder, "reference", "alpaca", "specs", name+"-openapi.2026-08.alpaca-java.yaml"))
		if err != nil {
			return nil, err
		}
		translated, err := yaml.YAMLToJSON(content)
		if err != nil {
			return nil, err
		}
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(translated))
		if err != nil {
			return nil, err
		}
		document = modern(document)
		s := &specification{document: document.(map[string]any), compiler: jsonschema.NewCompiler(), name: name + ".json", compiled: map[string]*jsonschema.Schema{}}
		s.patterns = map[string]*regexp.Regexp{}
		for template := range s.document["paths"].(map[string]any) {
			s.patterns[template] = regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(template), "[^/:]+") + "$")
		}
		if err := s.compiler.AddResource(s.name, document); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
})

// modern turns OpenAPI 3.0's nullable into JSON Schema's null type, and closes what the documents
// leave undefined for no answer of ours.
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

var parameter = regexp.MustCompile(`\\\{[^}]*\\\}`)

// schemaOf is the schema of the answer, nil when the document has none for it.
func (s *specification) schemaOf(method, path string, status int) (*jsonschema.Schema, string, error) {
	for template, item := range s.document["paths"].(map[string]any) {
		operation, ok := item.(map[string]any)[strings.ToLower(method)].(map[string]any)
		if !ok || !s.patterns[template].MatchString(path) || strings.Contains(template, "{") && s.literal(path) {
			continue
		}
		answer, ok := operation["responses"].(map[string]any)[fmt.Sprint(status)].(map[string]any)
		if !ok {
			return nil, template, nil
		}
		pointer := "#/paths/" + escape(template) + "/" + strings.ToLower(method) + "/responses/" + fmt.Sprint(status)
		if reference, ok := answer["$ref"].(string); ok {
			pointer = reference
			answer = s.document["components"].(map[string]any)["responses"].(map[string]any)[filepath.Base(reference)].(map[string]any)
		}
		content, ok := answer["content"].(map[string]any)
		if !ok || content["application/json"] == nil {
			return nil, template, nil
		}
		schema, err := s.compile(pointer + "/content/application~1json/schema")
		return schema, template, err
	}
	return nil, "", nil
}

// literal reports whether the path itself is one of the document's.
func (s *specification) literal(path string) bool {
	_, ok := s.document["paths"].(map[string]any)[path]
	return ok
}

func escape(pointer string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(pointer)
}

func (s *specification) compile(pointer string) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.compiled[pointer]; ok {
		return known, nil
	}
	schema, err := s.compiler.Compile(s.name + pointer)
	if err == nil {
		s.compiled[pointer] = schema
	}
	return schema, err
}

// differences are where the simulator follows real answers and not the documents: the operation,
// what the checker says, and why.
var differences = func() []difference {
	content, err := os.ReadFile(filepath.Join("testdata", "spec_differences.json"))
	if err != nil {
		panic(err)
	}
	var list []difference
	if err := json.Unmarshal(content, &list); err != nil {
		panic(err)
	}
	return list
}()

type difference struct {
	Operation string `json:"operation"` // a regular expression of "METHOD template"
	Problem   string `json:"problem"`   // a regular expression of one line of the checker
	Reason    string `json:"reason"`
}

func (d difference) explains(operation, problem string) bool {
	return regexp.MustCompile(d.Operation).MatchString(operation) && regexp.MustCompile(d.Problem).MatchString(problem)
}

// checked checks every answer that passes against Alpaca's documents.
func checked(t testing.TB, next http.Handler) http.Handler {
	documents, err := specifications()
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_simulator") || strings.HasPrefix(r.URL.Path, "/v2/events") || r.Header.Get("Upgrade") != "" {
			next.ServeHTTP(w, r)
			return
		}
		seen := httptest.NewRecorder()
		next.ServeHTTP(seen, r)
		for _, document := range documents {
			for _, problem := range document.problems(r, seen) {
				t.Errorf("%s", problem)
			}
		}
		for name, values := range seen.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(seen.Code)
		_, _ = w.Write(seen.Body.Bytes())
	})
}

// problems are what the document says against the answer, without the known differences.
func (s *specification) problems(r *http.Request, seen *httptest.ResponseRecorder) (found []string) {
	schema, template, err := s.schemaOf(r.Method, r.URL.Path, seen.Code)
	if err != nil {
		return []string{fmt.Sprintf("%s %s: %v", r.Method, template, err)}
	}
	if schema == nil {
		return nil
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(seen.Body.Bytes()))
	if err != nil {
		return []string{fmt.Sprintf("%s %s: %v", r.Method, r.URL, err)}
	}
	err = schema.Validate(value)
	if err == nil {
		return nil
	}
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []string{err.Error()}
	}
	operation := r.Method + " " + template
	for _, leaf := range leaves(invalid) {
		problem := "/" + strings.Join(leaf.InstanceLocation, "/") + ": " + leaf.ErrorKind.LocalizedString(english)
		if !slices.ContainsFunc(differences, func(d difference) bool { return d.explains(operation, problem) }) {
			found = append(found, operation+" "+problem)
		}
	}
	return found
}

// leaves are the problems that have no further cause.
func leaves(problem *jsonschema.ValidationError) (found []*jsonschema.ValidationError) {
	if len(problem.Causes) == 0 {
		return []*jsonschema.ValidationError{problem}
	}
	for _, cause := range problem.Causes {
		found = append(found, leaves(cause)...)
	}
	return found
}

var english = message.NewPrinter(language.English)
