package tidy_test

import (
	"go/ast"
	"strconv"
	"strings"
	"testing"
)

// floors is who stands above whom: a package imports packages of its own floor or lower ones. The
// longest folder that matches counts.
var floors = map[string]int{
	"internal/indicator": 0, "internal/clock": 0, "internal/fault": 0, "internal/logfile": 0, "internal/secret": 0,
	"internal/trade": 1, "internal/auth": 1, "internal/audit": 1, "internal/event": 1, "internal/config": 1, "internal/legacy": 1,
	"internal/strategy": 2, "internal/risk": 2, "internal/perf": 2, "internal/market": 2,
	"internal/broker": 2, "internal/store": 2, "internal/notify": 2, "internal/witness": 2, "internal/ratelimit": 2, "internal/transit": 2,
	"internal/engine": 3,
	"internal/desk":   4, "internal/lab": 4,
	"internal/app": 5, "internal/importer": 5, "internal/backup": 5,
	"internal/api": 6, "internal/ui": 6, "internal/jobs": 6, "internal/metrics": 6,
	"internal/daemon": 7, "internal/cli": 7, "cmd": 7,
}

// testSupport are packages for tests: only tests and each other may import them.
var testSupport = []string{"internal/sharedtest", "internal/transit/transittest", "internal/auth/authtest", "internal/legacy/legacytest", "internal/store/storetest", "internal/broker/brokertest", "internal/broker/spectest", "internal/tidy"}

// adapters never import each other; both brokers may use broker/wire.
var adapters = []string{"internal/broker/alpaca", "internal/broker/sim", "internal/broker/wire", "internal/store", "internal/notify"}

func floorOf(folder string) (int, bool) {
	for folder != "" {
		if floor, ok := floors[folder]; ok {
			return floor, true
		}
		folder = folder[:max(0, strings.LastIndexByte(folder, '/'))]
	}
	return 0, false
}

// inside returns the folder of an import of this module, "" for any other.
func inside(path string) string {
	folder, _ := strings.CutPrefix(path, module+"/")
	if folder == path {
		return ""
	}
	return folder
}

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, file := range s.code {
		if file.test || under(file.folder, testSupport...) {
			continue
		}
		mine, known := floorOf(file.folder)
		if !known {
			t.Errorf("%s: no floor is known for %s; give it one in internal/tidy/imports_test.go", file.path, file.folder)
			continue
		}
		for _, spec := range file.ast.Imports {
			if problem := importProblem(file.folder, mine, spec); problem != "" {
				t.Errorf("%s: %s", s.line(spec), problem)
			}
		}
	}
}

func importProblem(from string, mine int, spec *ast.ImportSpec) string {
	path, _ := strconv.Unquote(spec.Path.Value)
	to := inside(path)
	if to == "" {
		return ""
	}
	theirs, known := floorOf(to)
	switch {
	case under(to, testSupport...):
		return from + " imports " + to + ", which is for tests only"
	case !known:
		return "no floor is known for " + to
	case theirs > mine:
		return from + " (floor " + strconv.Itoa(mine) + ") imports " + to + " (floor " + strconv.Itoa(theirs) + "); imports go down: declare an interface where it is used"
	case adapterOf(from) != "" && adapterOf(to) != "" && adapterOf(from) != adapterOf(to) && to != "internal/broker/wire":
		return from + " imports " + to + "; adapters never import each other"
	}
	return ""
}

func adapterOf(folder string) string {
	for _, adapter := range adapters {
		if under(folder, adapter) {
			return adapter
		}
	}
	return ""
}

// doors are packages that only some folders may import.
var doors = map[string][]string{
	"database/sql": {"internal/store", "internal/daemon"},
	"net/http":     {"internal/api", "internal/ui", "internal/daemon", "internal/broker", "internal/notify", "internal/transit"},
	"log":          {},
}

// calls are functions that only some folders may call outside tests.
var calls = []struct {
	packagePath string
	names       []string
	folders     []string
	instead     string
}{
	{"time", []string{"Now", "Since", "Until"}, []string{"internal/clock"}, "take a clock.Clock"},
	{"os", []string{"Getenv", "LookupEnv", "Environ", "Setenv", "ExpandEnv"}, []string{"internal/config"}, "add a row to the table in internal/config"},
	{"os", []string{"Exit"}, []string{"cmd"}, "return an error"},
	{"fmt", []string{"Print", "Printf", "Println"}, nil, "write to the stream that you were given, or log"},
	{"math/rand", []string{"Seed"}, nil, "make a generator with a seed that a test can print"},
}

func TestEachDoorIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, file := range s.code {
		if file.test || under(file.folder, testSupport...) {
			continue
		}
		for _, spec := range file.ast.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			if allowed, guarded := doors[path]; guarded && !under(file.folder, allowed...) {
				t.Errorf("%s: %s imports %s; only %s may", s.line(spec), file.folder, path, orNobody(allowed))
			}
		}
		ast.Inspect(file.ast, func(node ast.Node) bool {
			if problem := callProblem(file, node); problem != "" {
				t.Errorf("%s: %s", s.line(node), problem)
			}
			return true
		})
	}
}

func callProblem(file goFile, node ast.Node) string {
	selector, ok := node.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	base, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	for _, call := range calls {
		if file.imports[base.Name] != call.packagePath || under(file.folder, call.folders...) {
			continue
		}
		for _, name := range call.names {
			if selector.Sel.Name == name {
				return call.packagePath + "." + name + " belongs in " + orNobody(call.folders) + " only; " + call.instead
			}
		}
	}
	return ""
}

func orNobody(folders []string) string {
	if len(folders) == 0 {
		return "no package"
	}
	return strings.Join(folders, ", ")
}

// TestNothingSleeps: a test waits for what it needs, with a deadline; production code waits on a
// timer and its context.
func TestNothingSleeps(t *testing.T) {
	t.Parallel()
	s := load(t)
	for _, file := range s.code {
		ast.Inspect(file.ast, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok || selector.Sel.Name != "Sleep" {
				return true
			}
			if base, ok := selector.X.(*ast.Ident); ok && file.imports[base.Name] == "time" {
				t.Errorf("%s: time.Sleep; wait for a signal, or on a timer together with the context", s.line(node))
			}
			return true
		})
	}
}

// TestEveryPackageIsUsed finds packages that neither the program nor a test reaches.
func TestEveryPackageIsUsed(t *testing.T) {
	t.Parallel()
	s := load(t)
	imports, roots := map[string]map[string]bool{}, map[string]bool{}
	for _, file := range s.code {
		if imports[file.folder] == nil {
			imports[file.folder] = map[string]bool{}
		}
		for _, path := range file.imports {
			folder := inside(path)
			if folder == "" || (file.test && !under(folder, testSupport...)) {
				continue
			}
			imports[file.folder][folder] = true
			if file.test {
				roots[folder] = true // support that a test uses
			}
		}
	}
	reached := map[string]bool{}
	var reach func(string)
	reach = func(folder string) {
		if !reached[folder] {
			reached[folder] = true
			for next := range imports[folder] {
				reach(next)
			}
		}
	}
	reach("cmd/alpaca-trader")
	for root := range roots {
		reach(root)
	}
	reported := map[string]bool{}
	for _, file := range s.code {
		if !file.test && !reached[file.folder] && !reported[file.folder] {
			reported[file.folder] = true
			t.Errorf("%s: the program does not reach this package; use it or remove it", file.folder)
		}
	}
}
