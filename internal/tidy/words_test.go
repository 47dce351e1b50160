package tidy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// wordRule forbids a pattern in some files.
type wordRule struct {
	name    string
	pattern *regexp.Regexp
	applies func(path string) bool
	instead string
}

func code(path string) bool { return hasEnding(path, ".go", ".ts", ".svelte", ".css", ".sh", ".sql") }

func web(path string) bool {
	return strings.HasPrefix(path, "web/") && hasEnding(path, ".svelte", ".ts")
}

func belowLab(path string) bool {
	floor, known := floorOf(path[:max(0, strings.LastIndexByte(path, '/'))])
	return known && floor < floors["internal/lab"] && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go")
}

func anyFile(string) bool { return true }

var wordRules = []wordRule{
	{"unfinished work", regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b|(?i:not implemented)`), code,
		"finish it, or say in an issue what is left"},
	{"markup from text", regexp.MustCompile(`\{@html|\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write\(`), web,
		"show text as text"},
	{"inline style", regexp.MustCompile(`\bstyle="`), web,
		"use a class, or style:property; the content security policy refuses inline styles"},
	{"backtest below lab", regexp.MustCompile(`(?i)backtest`), belowLab,
		"decisions do not know what replays them"},
	{"machine path", regexp.MustCompile(`/ro{2}t/|/home/[a-z][a-z0-9]*/|/Users/[A-Za-z]+/`), anyFile,
		"find it relative to the repository, or take it as a setting"},
	{"recorded download address", regexp.MustCompile(`"resolved": "http`), func(path string) bool { return hasEnding(path, "package-lock.json") },
		"npm's omit-lockfile-registry-resolved leaves it out"},
}

func TestWordsThatDoNotBelong(t *testing.T) {
	t.Parallel()
	s := load(t)
	for path, lines := range s.texts {
		if strings.HasPrefix(path, "internal/tidy/") {
			continue
		}
		for i, line := range lines {
			for _, rule := range wordRules {
				if rule.applies(path) && rule.pattern.MatchString(line) {
					t.Errorf("%s:%d: %s: %s", path, i+1, rule.name, rule.instead)
				}
			}
			if strings.Contains(line, s.root+"/") {
				t.Errorf("%s:%d: names this machine's folder %s", path, i+1, s.root)
			}
		}
	}
}

// longestFile is in lines; a longer one holds more than one thing.
const longestFile = 600

// longestFunction is in lines, tables (composite literals) not counted.
const longestFunction = 70

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	for path, lines := range load(t).texts {
		generated := hasEnding(path, ".d.ts") // from the server's own description of its interface
		if hasEnding(path, ".go", ".ts", ".svelte", ".sh", ".css") && !generated && len(lines) > longestFile+1 {
			t.Errorf("%s: %d lines, more than %d; split it by what it is about", path, len(lines)-1, longestFile)
		}
	}
}

func TestFoldersAreNamedForWhatTheyHold(t *testing.T) {
	t.Parallel()
	vague := regexp.MustCompile(`(^|/)(util|utils|common|helper|helpers|manager|misc|shared|lib)(/|$)`)
	seen := map[string]bool{}
	for _, file := range load(t).code {
		if !seen[file.folder] && vague.MatchString(file.folder) {
			t.Errorf("%s: the name says nothing; name the package for what it holds", file.folder)
		}
		seen[file.folder] = true
	}
}

// TestEveryModuleHasItsSentence: a module that go.mod requires directly has a sentence in docs/decisions.
func TestEveryModuleHasItsSentence(t *testing.T) {
	t.Parallel()
	s := load(t)
	var decisions strings.Builder
	for path, lines := range s.texts {
		if strings.HasPrefix(path, "docs/decisions/") {
			decisions.WriteString(strings.Join(lines, "\n"))
		}
	}
	for i, line := range s.texts["go.mod"] {
		fields := strings.Fields(strings.TrimPrefix(line, "require "))
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "v") || strings.Contains(line, "// indirect") {
			continue
		}
		if !strings.Contains(decisions.String(), fields[0]) {
			t.Errorf("go.mod:%d: %s has no sentence in docs/decisions; write why it was taken", i+1, fields[0])
		}
	}
}

// TestLinksLeadSomewhere follows the relative links of the documentation.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	s := load(t)
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
	for path, lines := range s.texts {
		if !strings.HasSuffix(path, ".md") {
			continue
		}
		folder := path[:max(0, strings.LastIndexByte(path, '/'))]
		for i, line := range lines {
			for _, match := range link.FindAllStringSubmatch(line, -1) {
				if _, err := os.Stat(s.root + "/" + folder + "/" + match[1]); err != nil {
					t.Errorf("%s:%d: the link to %s leads nowhere", path, i+1, match[1])
				}
			}
		}
	}
}
