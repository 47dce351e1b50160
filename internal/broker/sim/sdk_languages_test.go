package sim_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Alpaca's official JavaScript SDK runs unchanged against the simulator. scripts/steps.sh
// installs it; without it the test says so.
func TestJavaScriptSDK(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join("sdktest", "node_modules", "@alpacahq", "alpaca-trade-api")); err != nil {
		t.Skip("not there: sdktest/node_modules; run scripts/steps.sh sdk_packages")
	}
	runSDK(t, "node", "sdk.cjs")
}

// The official Python SDK, where a Python with alpaca-py is there (PYTHON_WITH_ALPACA names one).
func TestPythonSDK(t *testing.T) {
	t.Parallel()
	python := os.Getenv("PYTHON_WITH_ALPACA")
	if python == "" {
		python = "python3"
	}
	if err := exec.CommandContext(t.Context(), python, "-c", "import alpaca").Run(); err != nil {
		t.Skip("not there: a Python with the package alpaca-py")
	}
	runSDK(t, python, "sdk.py")
}

func runSDK(t *testing.T, program, script string) {
	t.Helper()
	b := setup(t, "2026-11-20T15:00:02Z")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, script, b.server.URL)
	command.Dir = "sdktest"
	command.Env = append(os.Environ(), "NODE_NO_WARNINGS=1")
	output, err := command.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(output)), "ok") {
		t.Errorf("%s: %v\n%s", script, err, output)
	}
	t.Cleanup(func() { _ = b.simulator.Stop() })
}
