package tidy_test

import (
	"encoding/csv"
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

const asvsPage = "docs/ASVS.md"

// asvsRow is one requirement as the page answers it.
type asvsRow struct {
	line     int
	id       string // V1.2.3; an asterisk after it, for level 3, is left out
	word     string
	evidence string
}

var (
	asvsID     = regexp.MustCompile(`^V\d+\.\d+\.\d+$`)
	inCode     = regexp.MustCompile("`([^`]+)`")
	testsName  = regexp.MustCompile(`^(Test|Fuzz|Benchmark)[A-Z]\w*$`)
	asvsWords  = map[string]bool{"met": true, "not met": true, "not applicable": true}
	asvsLevels = map[string]bool{"1": true, "2": true} // whole; of level 3 the page has what applies
)

// asvsRows reads the page's tables.
func asvsRows(t *testing.T) []asvsRow {
	t.Helper()
	var rows []asvsRow
	for i, line := range load(t).texts[asvsPage] {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			continue
		}
		row := asvsRow{i + 1, strings.TrimSuffix(strings.TrimSpace(cells[1]), "*"), strings.TrimSpace(cells[2]), strings.TrimSpace(cells[3])}
		if asvsID.MatchString(row.id) {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no table of requirements", asvsPage)
	}
	return rows
}

// TestEveryRequirementIsAnswered compares the page with the list of ASVS 5.0.0.
func TestEveryRequirementIsAnswered(t *testing.T) {
	t.Parallel()
	levels := asvsRequirements(t)
	answers := map[string]int{}
	for _, row := range asvsRows(t) {
		if answers[row.id]++; answers[row.id] == 2 {
			t.Errorf("%s:%d: %s stands twice", asvsPage, row.line, row.id)
		}
		if levels[row.id] == "" {
			t.Errorf("%s:%d: ASVS has no %s", asvsPage, row.line, row.id)
		}
	}
	for id, level := range levels {
		if asvsLevels[level] && answers[id] == 0 {
			t.Errorf("%s does not answer %s of level %s", asvsPage, id, level)
		}
	}
}

// TestTotalsAreThoseOfTheRows: the page begins with counts of its own rows.
func TestTotalsAreThoseOfTheRows(t *testing.T) {
	t.Parallel()
	levels, counts := asvsRequirements(t), map[string]map[string]int{"levels 1 and 2": {}, "level 3, where listed": {}}
	for _, row := range asvsRows(t) {
		name := "level 3, where listed"
		if asvsLevels[levels[row.id]] {
			name = "levels 1 and 2"
		}
		counts[name][row.word]++
	}
	page := strings.Join(load(t).texts[asvsPage], "\n")
	for name, count := range counts {
		want := fmt.Sprintf("| %s | %d | %d | %d |", name, count["met"], count["not met"], count["not applicable"])
		if !strings.Contains(page, want) {
			t.Errorf("%s: the totals should be\n%s", asvsPage, want)
		}
	}
}

// asvsRequirements reads the level of each id, or skips the test where the list is not there.
func asvsRequirements(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.Open(filepath.Join(sharedtest.Dir(t), "reference", "asvs5.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.Comment = '#'
	records, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	levels := map[string]string{}
	for _, record := range records {
		if asvsID.MatchString(record[0]) {
			levels[record[0]] = record[1]
		}
	}
	if len(levels) < 300 {
		t.Fatalf("the list has only %d requirements", len(levels))
	}
	return levels
}

// TestEvidenceExists: a row says one of three words and why, and what a met one names is there.
func TestEvidenceExists(t *testing.T) {
	t.Parallel()
	s := load(t)
	tests := s.tests()
	for _, row := range asvsRows(t) {
		if !asvsWords[row.word] {
			t.Errorf("%s:%d: %s is %q; say met, not met or not applicable", asvsPage, row.line, row.id, row.word)
		}
		named := inCode.FindAllStringSubmatch(row.evidence, -1)
		if row.evidence == "" || row.word == "met" && len(named) == 0 {
			t.Errorf("%s:%d: %s names no evidence", asvsPage, row.line, row.id)
		}
		for _, name := range named {
			if !tests[name[1]] && !s.holds(name[1]) {
				t.Errorf("%s:%d: %s names %s, which does not exist", asvsPage, row.line, row.id, name[1])
			}
		}
	}
}

// TestNamedTestsExist: a test that a document names may be looked for.
func TestNamedTestsExist(t *testing.T) {
	t.Parallel()
	s := load(t)
	tests := s.tests()
	for path, lines := range s.texts {
		if !strings.HasPrefix(path, "docs/") {
			continue
		}
		for i, line := range lines {
			for _, name := range inCode.FindAllStringSubmatch(line, -1) {
				if testsName.MatchString(name[1]) && !tests[name[1]] {
					t.Errorf("%s:%d: there is no test %s", path, i+1, name[1])
				}
			}
		}
	}
}

// tests are the names of all test functions, fuzz targets and benchmarks.
func (s *source) tests() map[string]bool {
	names := map[string]bool{}
	for _, file := range s.code {
		for _, declaration := range file.ast.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if ok && file.test && function.Recv == nil && testsName.MatchString(function.Name.Name) {
				names[function.Name.Name] = true
			}
		}
	}
	return names
}

// holds reports whether the repository has a file of the path.
func (s *source) holds(path string) bool {
	info, err := os.Stat(filepath.Join(s.root, filepath.FromSlash(path)))
	return err == nil && info.Mode().IsRegular()
}
