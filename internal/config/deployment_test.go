package config_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/jcap24/alpaca-trader/internal/config"
)

// settingNames are the names that the program knows, also with _FILE.
func settingNames() map[string]bool {
	names := map[string]bool{}
	for _, setting := range config.Settings() {
		for _, name := range append([]string{setting.Name}, setting.Aliases...) {
			names[name], names[name+"_FILE"] = true, true
		}
	}
	return names
}

func readYAML[T any](t *testing.T, file string) T {
	t.Helper()
	var content T
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, &content)
	}
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestDeploymentFilesNameSettingsThatExist(t *testing.T) {
	t.Parallel()
	known, used := settingNames(), map[string][]string{}
	compose := readYAML[struct {
		Services map[string]struct {
			Environment map[string]string
			Secrets     []string
		}
		Secrets map[string]any
	}](t, "../../deploy/compose.yaml")
	for name := range compose.Services["alpaca-trader"].Environment {
		used["compose.yaml"] = append(used["compose.yaml"], name)
	}
	for _, name := range compose.Services["alpaca-trader"].Secrets {
		if _, ok := compose.Secrets[name]; !ok {
			t.Errorf("compose.yaml has no secret %s", name)
		}
	}
	render := readYAML[struct {
		Services []struct {
			EnvVars        []struct{ Key string } `yaml:"envVars"`
			DockerfilePath string                 `yaml:"dockerfilePath"`
		}
	}](t, "../../render.yaml")
	for _, variable := range render.Services[0].EnvVars {
		used["render.yaml"] = append(used["render.yaml"], variable.Key)
	}
	if _, err := os.Stat(filepath.Join("../..", render.Services[0].DockerfilePath)); err != nil {
		t.Errorf("render.yaml: %v", err)
	}
	used["environment.example"] = matches(t, "../../deploy/environment.example", `(?m)^#? ?([A-Z_0-9]+)=`)
	used["alpaca-trader.service"] = matches(t, "../../deploy/alpaca-trader.service", `(?m)^Environment=([A-Z_0-9]+)=`)
	used["Containerfile"] = matches(t, "../../deploy/Containerfile", `(?:^ENV| )\s?([A-Z_]{2,})=(?:production|0\.0)`)
	for file, names := range used {
		if len(names) == 0 {
			t.Errorf("%s names no setting", file)
		}
		for _, name := range names {
			if !known[name] {
				t.Errorf("%s sets %s, which is no setting", file, name)
			}
		}
	}
}

// matches returns what the first group of the pattern finds in the file.
func matches(t *testing.T, file, pattern string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found = append(found, match[1])
	}
	return found
}

// What the container file copies from the repository is there.
func TestTheContainerFileCopiesWhatExists(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	copied := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if len(words) < 3 || words[0] != "COPY" || strings.HasPrefix(words[1], "--from") {
			continue
		}
		for _, source := range words[1 : len(words)-1] {
			copied++
			if _, err := os.Stat(filepath.Join("../..", source)); err != nil {
				t.Errorf("%s: %v", lines.Text(), err)
			}
		}
	}
	if copied < 5 {
		t.Errorf("only %d sources were found", copied)
	}
}

// The unit's own syntax is systemd's matter; where it is not installed there is nothing to ask.
func TestTheUnitIsOneThatSystemdTakes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/alpaca-trader.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"Type=notify", "WatchdogSec=", "NoNewPrivileges=yes", "ProtectSystem=strict", "DynamicUser=yes"} {
		if !strings.Contains(string(text), "\n"+line) {
			t.Errorf("the unit has no line %s", line)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return
	}
	unit := filepath.Join(t.TempDir(), "alpaca-trader.service")
	runnable := strings.Replace(string(text), "/usr/local/bin/alpaca-trader", "/bin/true", 1)
	if err := os.WriteFile(unit, []byte(runnable), 0o600); err != nil {
		t.Fatal(err)
	}
	said, _ := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", unit).CombinedOutput()
	for _, line := range strings.Split(string(said), "\n") {
		if strings.Contains(line, "alpaca-trader.service:") { // the rest is of this machine's other units
			t.Error(line)
		}
	}
}
