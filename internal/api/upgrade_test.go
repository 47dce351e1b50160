package api_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jcap24/alpaca-trader/internal/config"
	"github.com/jcap24/alpaca-trader/internal/sharedtest"
)

// methodsThenPath is "GET /path" or "POST, PUT /path" of a table; what follows a ? or a { body } is
// not part of it.
var methodsThenPath = regexp.MustCompile(`((?:GET|POST|PUT|DELETE)(?:, (?:GET|POST|PUT|DELETE))*) (?:\{[^}]*\} ?)?(/[a-z0-9/{}-]*)`)

// pages are addresses of the old system that the web application answers here.
var pages = []string{"/", "/login", "/verify-2fa"}

// oldText is a page about the Python system.
func oldText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(sharedtest.Dir(t), "reference", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func upgradeGuide(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/UPGRADE.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every route of the old system is one here, with its method, and stands in the guide's table.
func TestEveryOldRouteIsThere(t *testing.T) {
	t.Parallel()
	guide, routes := upgradeGuide(t), listedRoutes(t)
	found := 0
	for _, line := range strings.Split(oldText(t, "python-system.md"), "\n") {
		if !strings.HasPrefix(line, "| GET") && !strings.HasPrefix(line, "| POST") && !strings.HasPrefix(line, "| PUT") {
			continue
		}
		for _, match := range methodsThenPath.FindAllStringSubmatch(line, -1) {
			for _, method := range strings.Split(match[1], ", ") {
				found++
				route := method + " " + match[2]
				if !slices.Contains(pages, match[2]) && !slices.ContainsFunc(routes, func(known string) bool { return known == route }) {
					t.Errorf("the server has no %s", route)
				}
				if last := match[2][strings.LastIndexByte(match[2], '/'):]; last != "/" && !strings.Contains(last, "{") && !strings.Contains(guide, strings.TrimPrefix(last, "/")) {
					t.Errorf("docs/UPGRADE.md says nothing of %s", route)
				}
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d routes were found in the page about the old system", found)
	}
}

// Every setting of the old system's .env is in the table of settings, or accepted under another
// name, and stands in the guide's table.
func TestEveryOldSettingIsKnown(t *testing.T) {
	t.Parallel()
	guide := upgradeGuide(t)
	known := map[string]bool{}
	for _, setting := range config.Settings() {
		known[setting.Name] = true
		for _, alias := range setting.Aliases {
			known[alias] = true
		}
	}
	names := regexp.MustCompile(`(?m)^([A-Z][A-Z_]+)=`).FindAllStringSubmatch(oldText(t, "upgrade-guide.md"), -1)
	_, list, there := strings.Cut(oldText(t, "python-system.md"), "`.env`: ")
	list, _, _ = strings.Cut(list, "\n")
	names = append(names, regexp.MustCompile(`\b([A-Z][A-Z_]{3,})\b`).FindAllStringSubmatch(list, -1)...)
	if !there || len(names) < 15 {
		t.Fatalf("only %d settings were found in the pages about the old system", len(names))
	}
	for _, name := range names {
		if !known[name[1]] {
			t.Errorf("the setting %s is not known", name[1])
		}
		if !strings.Contains(guide, "`"+name[1]+"`") {
			t.Errorf("docs/UPGRADE.md says nothing of %s", name[1])
		}
	}
}

// Every file that the old guide names stands in the table of the new one.
func TestEveryOldFileIsSpokenOf(t *testing.T) {
	t.Parallel()
	guide := upgradeGuide(t)
	files := regexp.MustCompile(`\b[a-z_]+\.(?:py|db|yaml)\b`).FindAllString(oldText(t, "upgrade-guide.md")+oldText(t, "python-system.md"), -1)
	if len(files) < 8 {
		t.Fatalf("only %d files were found in the pages about the old system", len(files))
	}
	for _, file := range files {
		if !strings.Contains(guide, file) {
			t.Errorf("docs/UPGRADE.md says nothing of %s", file)
		}
	}
}
