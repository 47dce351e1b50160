package tidy_test

import (
	"go/ast"
	"testing"
)

func TestFunctionsAreShort(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, file := range s.code {
		for _, declaration := range file.ast.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || file.test || function.Body == nil {
				continue
			}
			if n := s.lines(function.Body) - s.tableLines(function.Body); n > longestFunction {
				t.Errorf("%s: %s has %d lines besides tables, more than %d; name its parts", s.line(function), function.Name.Name, n, longestFunction)
			}
		}
	}
}

func (s *source) lines(node ast.Node) int {
	return s.files.Position(node.End()).Line - s.files.Position(node.Pos()).Line
}

// tableLines counts the lines of the outermost composite literals.
func (s *source) tableLines(body ast.Node) int {
	sum := 0
	ast.Inspect(body, func(node ast.Node) bool {
		table, ok := node.(*ast.CompositeLit)
		if ok {
			sum += s.lines(table)
		}
		return !ok
	})
	return sum
}

// TestNothingHappensAtImport: catalogs are explicit lists, so no package has an init function.
func TestNothingHappensAtImport(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, file := range s.code {
		for _, declaration := range file.ast.Decls {
			if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				t.Errorf("%s: an init function; call it where it is needed, or list it in a catalog", s.line(function))
			}
		}
	}
}

// TestExportedNamesAreDocumented: a contract stands above each exported function and type.
func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, file := range s.code {
		if file.test {
			continue
		}
		for _, declaration := range file.ast.Decls {
			switch d := declaration.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && d.Recv == nil {
					t.Errorf("%s: %s has no doc comment; say its contract", s.line(d), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if named, ok := spec.(*ast.TypeSpec); ok && named.Name.IsExported() && d.Doc == nil && named.Doc == nil {
						t.Errorf("%s: type %s has no doc comment; say what it is", s.line(named), named.Name.Name)
					}
				}
			}
		}
	}
}

// TestPackagesIntroduceThemselves: one file of each package has a package comment.
func TestPackagesIntroduceThemselves(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	for _, file := range load(t).code {
		if !file.test {
			documented[file.folder] = documented[file.folder] || file.ast.Doc != nil
		}
	}
	for folder, ok := range documented {
		if !ok {
			t.Errorf("%s: no package comment; say what the package is for", folder)
		}
	}
}
