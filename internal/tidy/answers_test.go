package tidy_test

import (
	"go/ast"
	"testing"
)

// TestEveryAnswerOfTheSimulatorIsChecked: a test reaches a simulator's handler only through
// spectest.Checked, so that no answer goes past Alpaca's documents.
func TestEveryAnswerOfTheSimulatorIsChecked(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, file := range s.code {
		if !file.test || !importsFolder(file, "internal/broker/sim") {
			continue
		}
		checked := map[ast.Node]bool{}
		ast.Inspect(file.ast, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch {
			case selector.Sel.Name == "Checked":
				for _, argument := range call.Args {
					checked[argument] = true
				}
			case selector.Sel.Name == "Handler" && len(call.Args) == 0 && !checked[call]:
				t.Errorf("%s: wrap the simulator's handler in spectest.Checked", s.line(node))
			}
			return true
		})
	}
}

func importsFolder(file goFile, folder string) bool {
	for _, path := range file.imports {
		if inside(path) == folder {
			return true
		}
	}
	return false
}
