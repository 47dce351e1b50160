package sim_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jcap24/alpaca-trader/internal/broker/spectest"
)

const sdkPatience = 3 * time.Minute

// Alpaca's official JavaScript SDK runs unchanged against the simulator. scripts/steps.sh
// installs it; without it the test says so.
func TestJavaScriptSDK(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(filepath.Join("sdktest", "node_modules", "@alpacahq", "alpaca-trade-api")); err != nil {
		t.Skip("not there: sdktest/node_modules; run scripts/steps.sh sdk_packages")
	}
	runSDK(t, "node", "sdk.cjs")
}

// The official Python SDK, in the Python that PYTHON_WITH_ALPACA names, in python3 if that has
// alpaca-py, or in an environment of its own that is made once where the package index answers.
func TestPythonSDK(t *testing.T) {
	t.Parallel()
	python, err := pythonWithSDK(t)
	if err != nil {
		t.Skipf("alpaca-py was not run: %v", err)
	}
	runSDK(t, python, "sdk.py")
}

func pythonWithSDK(t *testing.T) (string, error) {
	t.Helper()
	if named := os.Getenv("PYTHON_WITH_ALPACA"); named != "" {
		return named, nil
	}
	if run(t, "python3", "-c", "import alpaca, pandas") == nil {
		return "python3", nil
	}
	requirements, err := os.ReadFile(filepath.Join("sdktest", "requirements.txt"))
	if err != nil {
		return "", err
	}
	cache, err := filepath.Abs(filepath.Join("..", "..", "..", ".cache"))
	if err != nil {
		return "", err
	}
	environment := filepath.Join(cache, "python-"+strings.NewReplacer("==", "-", "\n", "").Replace(string(requirements)))
	python := filepath.Join(environment, "bin", "python")
	if run(t, python, "-c", "import alpaca, pandas") == nil {
		return python, nil
	}
	return python, makeEnvironment(t, cache, environment)
}

// makeEnvironment installs into a folder that gets its name when it is whole, so that tests that
// run at once do not disturb each other.
func makeEnvironment(t *testing.T, cache, environment string) error {
	t.Helper()
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	folder, err := os.MkdirTemp(cache, "python-*.tmp")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := run(t, "python3", "-m", "venv", folder); err != nil {
		return errors.New("python3 makes no virtual environment here")
	}
	install := []string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "15"}
	if err := run(t, filepath.Join(folder, "bin", "python"), append(install, "-r", filepath.Join("sdktest", "requirements.txt"))...); err != nil {
		return errors.New("its packages cannot be installed from the package index")
	}
	if err := os.Rename(folder, environment); err != nil && run(t, filepath.Join(environment, "bin", "python"), "-c", "import alpaca") != nil {
		return err
	}
	return nil
}

func run(t *testing.T, program string, arguments ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), sdkPatience)
	defer cancel()
	return exec.CommandContext(ctx, program, arguments...).Run()
}

// runSDK runs a script with the simulator's address in plain HTTP and, for SDKs that insist on wss,
// with TLS.
func runSDK(t *testing.T, program, script string) {
	t.Helper()
	b := setup(t, "2026-11-20T15:00:02Z")
	secure := httptest.NewTLSServer(spectest.Checked(t, b.simulator.Handler()))
	t.Cleanup(secure.Close)
	certificate := filepath.Join(t.TempDir(), "certificate.pem")
	writeFile(t, certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	ctx, cancel := context.WithTimeout(t.Context(), sdkPatience)
	defer cancel()
	command := exec.CommandContext(ctx, program, script, b.server.URL, secure.URL)
	command.Dir = "sdktest"
	command.Env = append(os.Environ(), "NODE_NO_WARNINGS=1", "NODE_EXTRA_CA_CERTS="+certificate, "SSL_CERT_FILE="+certificate)
	output, err := command.CombinedOutput()
	if err != nil || !strings.HasSuffix(strings.TrimSpace(string(output)), "ok") {
		t.Errorf("%s: %v\n%s", script, err, output)
	}
	t.Cleanup(func() { _ = b.simulator.Stop() })
}
