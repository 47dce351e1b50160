package tidy_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents are the pages by path, without the decisions of the past.
func (s *source) documents() map[string][]string {
	pages := map[string][]string{}
	for path, lines := range s.texts {
		if strings.HasSuffix(path, ".md") {
			pages[path] = lines
		}
	}
	return pages
}

// everything is all text below the folders whose files have one of the endings.
func (s *source) everything(endings ...string) string {
	var all strings.Builder
	for path, lines := range s.texts {
		for _, ending := range endings {
			if strings.HasSuffix(path, ending) && (ending != ".go" || !strings.HasSuffix(path, "_test.go")) {
				all.WriteString(strings.Join(lines, "\n") + "\n")
			}
		}
	}
	return all.String()
}

var (
	heading     = regexp.MustCompile(`^#+ (.*)$`)
	markdown    = regexp.MustCompile("[`*]|\\]\\([^)]*\\)|\\[")
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are the fragments that lead to the headings of a page.
func anchors(lines []string) map[string]bool {
	found := map[string]bool{}
	for _, line := range lines {
		if match := heading.FindStringSubmatch(line); match != nil {
			text := notInAnchor.ReplaceAllString(strings.ToLower(markdown.ReplaceAllString(match[1], "")), "")
			found[strings.ReplaceAll(strings.TrimSpace(text), " ", "-")] = true
		}
	}
	return found
}

// TestAnchorsLeadSomewhere follows the links to headings, also those within a page.
func TestAnchorsLeadSomewhere(t *testing.T) {
	t.Parallel()
	s := load(t)
	link := regexp.MustCompile(`\]\(([^)#:\s]*)#([^)\s]+)\)`)
	for page, lines := range s.documents() {
		for i, line := range lines {
			for _, match := range link.FindAllStringSubmatch(line, -1) {
				target := page
				if match[1] != "" {
					target = path.Join(path.Dir(page), match[1])
				}
				if !anchors(s.texts[target])[match[2]] {
					t.Errorf("%s:%d: %s has no heading #%s", page, i+1, target, match[2])
				}
			}
		}
	}
}

// code are the words between backticks of a page, with their lines.
func eachCode(lines []string, look func(line int, code string)) {
	inline := regexp.MustCompile("`([^`]+)`")
	for i, line := range lines {
		for _, match := range inline.FindAllStringSubmatch(line, -1) {
			look(i+1, match[1])
		}
	}
}

// TestDocumentedRoutesExist holds every address of the interface that a page names against the table.
func TestDocumentedRoutesExist(t *testing.T) {
	t.Parallel()
	s := load(t)
	row := regexp.MustCompile(`\{(get|post|put|remove), "(/[^"]*)"`)
	parameter := regexp.MustCompile(`\\\{[a-z]+\\\}`)
	var known []*regexp.Regexp
	for _, match := range row.FindAllStringSubmatch(strings.Join(s.texts["internal/api/routes.go"], "\n"), -1) {
		known = append(known, regexp.MustCompile("^"+parameter.ReplaceAllString(regexp.QuoteMeta(match[2]), "[^/]+")+"$"))
	}
	named := regexp.MustCompile(`(?:^|[ (])(/api/[A-Za-z0-9/{}_-]+)`)
	for page, lines := range s.documents() {
		if page == "docs/UPGRADE.md" {
			continue // names the routes of the earlier system too
		}
		eachCode(lines, func(line int, code string) {
			for _, match := range named.FindAllStringSubmatch(code, -1) {
				if !matchesAny(known, strings.TrimSuffix(match[1], "/")) {
					t.Errorf("%s:%d: there is no route %s", page, line, match[1])
				}
			}
		})
	}
}

func matchesAny(patterns []*regexp.Regexp, text string) bool {
	for _, pattern := range patterns {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}

// notOurs are names of the operating system and of Go's own that pages speak of.
var notOurs = map[string]bool{"SSL_CERT_FILE": true, "CAP_NET_BIND_SERVICE": true, "SO_REUSEPORT": true}

// TestDocumentedSettingsExist finds each NAME_IN_CAPITALS between backticks in the program or its scripts.
func TestDocumentedSettingsExist(t *testing.T) {
	t.Parallel()
	s := load(t)
	programs := s.everything(".go", ".sh", ".ts", "Makefile")
	programs += s.everything("guide_test.go") // the names of the guides' own examples
	setting := regexp.MustCompile(`\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b(?:\.md)?`)
	for page, lines := range s.documents() {
		if page == "docs/UPGRADE.md" || page == "docs/simulator.md" || strings.HasPrefix(page, "docs/decisions/") {
			continue // name what others have
		}
		eachCode(lines, func(line int, code string) {
			for _, name := range setting.FindAllString(code, -1) {
				if !strings.HasSuffix(name, ".md") && !notOurs[name] && !strings.Contains(programs, strings.TrimSuffix(name, "_FILE")) {
					t.Errorf("%s:%d: nothing knows the setting %s", page, line, name)
				}
			}
		})
	}
}

// TestDocumentedCommandsExist holds `alpaca-trader NAME ... --flag` of the pages against the commands.
func TestDocumentedCommandsExist(t *testing.T) {
	t.Parallel()
	s := load(t)
	var commands strings.Builder
	for file, lines := range s.texts {
		if strings.HasPrefix(file, "internal/cli/") && !strings.HasSuffix(file, "_test.go") {
			commands.WriteString(strings.Join(lines, "\n"))
		}
	}
	programs := commands.String()
	call := regexp.MustCompile(`alpaca-trader ([a-z][a-z_-]+)((?: [^|;&>\n]*)?)`)
	flag := regexp.MustCompile(`--([a-z][a-z-]+)`)
	for page, lines := range s.documents() {
		if strings.HasPrefix(page, "docs/decisions/") {
			continue
		}
		for i, line := range lines {
			if !strings.Contains(line, "`") && !strings.HasPrefix(line, "alpaca-trader ") {
				continue
			}
			for _, match := range call.FindAllStringSubmatch(strings.ReplaceAll(line, "`", ";"), -1) {
				if !strings.Contains(programs, `"`+match[1]) && match[1] != "help" {
					t.Errorf("%s:%d: there is no command %s", page, i+1, match[1])
				}
				for _, named := range flag.FindAllStringSubmatch(match[2], -1) {
					if !strings.Contains(programs, `"`+named[1]+`"`) && named[1] != "help" {
						t.Errorf("%s:%d: there is no flag --%s", page, i+1, named[1])
					}
				}
			}
		}
	}
}

// TestTroublesAreReal finds each quoted sentence of docs/TROUBLESHOOTING.md in the source.
func TestTroublesAreReal(t *testing.T) {
	t.Parallel()
	s := load(t)
	lines := strings.Split(strings.NewReplacer("`", "", `\"`, `"`, `" + "`, "").Replace(s.everything(".go")), "\n")
	for i, line := range s.texts["docs/TROUBLESHOOTING.md"] {
		sentence, quoted := strings.CutPrefix(line, `| "`)
		if !quoted {
			continue
		}
		sentence, _, _ = strings.Cut(sentence, `" |`)
		if !slices.ContainsFunc(lines, says(sentence)) {
			t.Errorf("docs/TROUBLESHOOTING.md:%d: the program does not say %q", i+1, sentence)
		}
	}
}

// says reports whether a line has the parts of the sentence between its ... in their order.
func says(sentence string) func(string) bool {
	parts := strings.Split(strings.ReplaceAll(sentence, "`", ""), "...")
	return func(line string) bool {
		for _, part := range parts {
			_, after, found := strings.Cut(line, part)
			if !found {
				return false
			}
			line = after
		}
		return true
	}
}

// TestPicturesStaySmall keeps the pictures of the documentation under 1.5 MB together.
func TestPicturesStaySmall(t *testing.T) {
	t.Parallel()
	s := load(t)
	entries, err := os.ReadDir(s.root + "/docs/pictures")
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	if sum > 1_500_000 {
		t.Errorf("docs/pictures has %d bytes; scripts/pictures.sh makes small ones", sum)
	}
}
