// Package tidy_test reads the repository's source and fails where it breaks a rule of the house:
// docs/ARCHITECTURE.md says why the rules are what they are. Each failure names file and line and
// says what to do.
package tidy_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/jcap24/alpaca-trader"

// goFile is one parsed Go file of the repository.
type goFile struct {
	path    string // from the repository's root, with slashes
	folder  string // its package's folder, such as "internal/trade"
	test    bool   // ends in _test.go
	ast     *ast.File
	imports map[string]string // name in the file -> import path
}

// source is everything that the tests look at.
type source struct {
	root  string
	files *token.FileSet
	code  []goFile
	texts map[string][]string // path -> lines, of every text file that belongs to the project
}

var read = sync.OnceValues(readSource)

func load(t *testing.T) *source {
	t.Helper()
	s, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// skipped are folders that hold nothing written for this project.
var skipped = map[string]bool{
	".git": true, ".cache": true, "node_modules": true, "bin": true, "dist": true, "data": true,
	"test-results": true, "playwright-report": true, "fuzz": true,
}

// textEndings are the files whose words are looked at.
var textEndings = []string{".go", ".ts", ".svelte", ".css", ".html", ".sh", ".md", ".yaml", ".yml", ".sql", ".txtar", ".json", ".mod", "Makefile", ".ci/run", ".env.example"}

func readSource() (*source, error) {
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	s := &source{root: root, files: token.NewFileSet(), texts: map[string][]string{}}
	return s, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipped[entry.Name()]:
			return fs.SkipDir
		case entry.IsDir() || !entry.Type().IsRegular():
			return nil
		}
		return s.add(path)
	})
}

func (s *source) add(path string) error {
	relative, err := filepath.Rel(s.root, path)
	if err != nil {
		return err
	}
	relative = filepath.ToSlash(relative)
	if !hasEnding(relative, textEndings...) {
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	s.texts[relative] = strings.Split(string(content), "\n")
	if !strings.HasSuffix(relative, ".go") {
		return nil
	}
	parsed, err := parser.ParseFile(s.files, relative, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("parse %s: %w", relative, err)
	}
	s.code = append(s.code, newGoFile(relative, parsed))
	return nil
}

func newGoFile(path string, parsed *ast.File) goFile {
	file := goFile{path: path, folder: filepath.ToSlash(filepath.Dir(path)), test: strings.HasSuffix(path, "_test.go"), ast: parsed, imports: map[string]string{}}
	for _, spec := range parsed.Imports {
		target, _ := strconv.Unquote(spec.Path.Value)
		name := target[strings.LastIndexByte(target, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		file.imports[name] = target
	}
	return file
}

func hasEnding(path string, endings ...string) bool {
	for _, ending := range endings {
		if strings.HasSuffix(path, ending) {
			return true
		}
	}
	return false
}

// line returns "file:line" of a node.
func (s *source) line(node ast.Node) string {
	position := s.files.Position(node.Pos())
	return fmt.Sprintf("%s:%d", position.Filename, position.Line)
}

// under reports whether a folder is one of the folders or lies in one.
func under(folder string, folders ...string) bool {
	for _, f := range folders {
		if folder == f || strings.HasPrefix(folder, f+"/") {
			return true
		}
	}
	return false
}
