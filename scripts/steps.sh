#!/usr/bin/env bash
# Runs one step of the tests: scripts/steps.sh NAME. scripts/test.sh runs them in order.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tools() { scripts/tools.sh; }

web_packages() { scripts/web.sh deps; }

# The official JavaScript SDK, which a Go test runs against the simulator.
sdk_packages() { scripts/web.sh sdk; }

web_tests() {
  cd web
  npm run --silent check
  npm run --silent test
}

web_build() { scripts/web.sh build; }

source_check() {
  local unformatted status=0
  unformatted=$(gofmt -l cmd internal)
  if [ -n "$unformatted" ]; then
    say "Not formatted; run make fmt:" "$unformatted"
    status=1
  fi
  go vet ./... || status=1
  if command -v shellcheck >/dev/null; then
    shellcheck -x -P scripts scripts/*.sh .ci/run || status=1
  fi
  return $status
}

go_tests() {
  local race=(-race)
  command -v gcc >/dev/null || command -v clang >/dev/null || race=()
  [ -n "${TEST_POSTGRES_URL:-}" ] || say "TEST_POSTGRES_URL is not set: SQLite only."
  CGO_ENABLED=1 go test "${race[@]}" -timeout 10m ./...
}

program() { scripts/build.sh; }

browser_tests() {
  local browser
  browser=$(find_chromium)
  [ -n "$browser" ] || fail "Chromium was not found; set CHROMIUM to a browser or install the package chromium."
  cd web
  CHROMIUM=$browser npm run --silent e2e
}

case "${1:-}" in
  tools | web_packages | sdk_packages | web_tests | web_build | source_check | go_tests | program | browser_tests) "$1" ;;
  *) fail "usage: scripts/steps.sh tools|web_packages|sdk_packages|web_tests|web_build|source_check|go_tests|program|browser_tests" ;;
esac
