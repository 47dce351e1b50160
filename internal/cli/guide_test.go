package cli_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// guidePatience bounds one example, on a machine that is busy with other things.
const guidePatience = 3 * time.Minute

// example is one fenced block of a page.
type example struct {
	line   int
	kind   string // sh, python, javascript, go
	text   string
	remark string // the comment in the line before it
}

var fence = regexp.MustCompile("(?m)^(?:<!-- ([^\n]*?) -->\n)?```([a-z]+)\n((?s:.*?))^```$")

// examples returns the fenced blocks of a page that name a language.
func examples(t *testing.T, page string) []example {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("../..", page))
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	var found []example
	for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
		one := example{line: 1 + strings.Count(text[:at[4]], "\n"), kind: text[at[4]:at[5]], text: text[at[6]:at[7]]}
		if at[2] >= 0 {
			one.remark = text[at[2]:at[3]]
		}
		found = append(found, one)
	}
	return found
}

// TestPagesShowCommandsThatWork runs the sh blocks of every page, in their order, in a folder of the
// page's own. A block after "<!-- not run: REASON -->" is left out; one after "<!-- serves -->" runs
// until the page ends.
func TestPagesShowCommandsThatWork(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(pages, "../../README.md") {
		page, _ := filepath.Rel("../..", path)
		blocks := examples(t, page)
		if len(blocks) == 0 || page == "docs/API_GUIDE.md" {
			continue
		}
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			market := newShell(t).serve(t, "simulator", "--listen", "127.0.0.1:0", "--data", "synthetic", "--seed", "7", "--now", "2026-11-20T17:00:01Z")
			guide := newShell(t, "PORT=0").tradingAt(market)
			guide.environ[0] = "PATH=" + filepath.Dir(guide.program) + ":" + os.Getenv("PATH")
			for _, block := range blocks {
				guide.follow(t, page, block)
			}
		})
	}
}

// follow does what a reader of the page does with the block.
func (s *shell) follow(t *testing.T, page string, block example) {
	t.Helper()
	reason, left := strings.CutPrefix(block.remark, "not run: ")
	switch {
	case block.kind != "sh" || left && len(reason) > 10:
	case left:
		t.Errorf("%s:%d: say why it is not run", page, block.line)
	case block.remark == "serves":
		arguments, ok := strings.CutPrefix(strings.TrimSpace(block.text), "alpaca-trader ")
		if !ok {
			t.Fatalf("%s:%d: a block that serves is one command of alpaca-trader", page, block.line)
		}
		s.serve(t, strings.Fields(arguments)...)
	default:
		if said, err := s.try(t, "sh", "-eu", "-c", block.text); err != nil {
			t.Fatalf("%s:%d: %v\n%s", page, block.line, err, said)
		}
	}
}

// try runs any program in the folder and returns all that it wrote.
func (s *shell) try(t *testing.T, name string, arguments ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), guidePatience)
	defer cancel()
	command := exec.CommandContext(ctx, name, arguments...)
	command.Dir, command.Env = s.folder, s.environ
	said, err := command.CombinedOutput()
	return string(said), err
}

// TestTheGuideToTheInterfaceWorks follows docs/API_GUIDE.md against a server with the demonstration
// market: makes the token as it says, then runs the example of each language.
func TestTheGuideToTheInterfaceWorks(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("not there: curl")
	}
	guide := newShell(t, "ADMIN_USERNAME=ada", "ADMIN_EMAIL=ada@example.org", "ADMIN_PASSWORD=a calm desk, not a casino",
		"TRADER_USER=ada", "TRADER_PASSWORD=a calm desk, not a casino", "GOFLAGS=", "GO111MODULE=off",
		"GOCACHE="+filepath.Join(os.TempDir(), "alpaca-trader-guide-gocache"))
	if cache, err := exec.Command("go", "env", "GOCACHE").Output(); err == nil {
		guide.environ = append(guide.environ, "GOCACHE="+strings.TrimSpace(string(cache)))
	}
	address := guide.serve(t, "dashboard-secure", "--demo", "--no-scheduler", "--port", "0")
	guide.environ = append(guide.environ, "TRADER_URL="+address)

	programs := map[string][]string{
		"sh": {"example.sh", "sh", "-eu"}, "python": {"example.py", "python3"}, "javascript": {"example.mjs", "node"}, "go": {"example.go", "go", "run"},
	}
	for _, block := range examples(t, "docs/API_GUIDE.md") {
		program, ok := programs[block.kind]
		if !ok {
			continue
		}
		if _, err := exec.LookPath(program[1]); err != nil {
			t.Logf("not there: %s", program[1])
			continue
		}
		guide.write(t, program[0], block.text)
		said, err := guide.try(t, program[1], append(program[2:], program[0])...)
		if err != nil {
			t.Fatalf("docs/API_GUIDE.md:%d: %v\n%s", block.line, err, said)
		}
		token, err := os.ReadFile(filepath.Join(guide.folder, "token"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(guide.environ, " "), "TRADER_TOKEN=") {
			guide.environ = append(guide.environ, "TRADER_TOKEN="+strings.TrimSpace(string(token)))
			continue
		}
		for _, word := range []string{"AAPL", "Earnings today.", "may not do this"} {
			if !strings.Contains(said, word) {
				t.Errorf("docs/API_GUIDE.md:%d says nothing of %q:\n%s", block.line, word, said)
			}
		}
	}
}
