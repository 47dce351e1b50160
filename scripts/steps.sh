#!/usr/bin/env bash
# Runs one step of the tests: scripts/steps.sh NAME. scripts/test.sh runs them in order.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tools() { scripts/tools.sh; }

web_packages() { scripts/web.sh deps; }

# The official JavaScript SDK, which a Go test runs against the simulator.
sdk_packages() { scripts/web.sh sdk; }

# The types of the interface are made of the server's own description: npm run schema in web/.
schema_check() {
  local made
  made=$(mktemp -d)
  go run ./cmd/alpaca-trader openapi >"$made/openapi.json"
  (cd web && npx --no-install openapi-typescript "$made/openapi.json" -o "$made/schema.d.ts" >/dev/null)
  cmp "$made/schema.d.ts" web/src/api/schema.d.ts || fail "web/src/api/schema.d.ts is not of this server: npm run schema in web/."
  rm -rf "$made"
}

web_tests() {
  need_go
  schema_check
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
  # SQLite is C in the form of Go: pointers are its way of life, and checking them costs a third of
  # the time. Its engine keeps its data outside Go's memory, where the race detector sees nothing, so
  # that instrumenting it finds nothing and costs another third. What calls the engine is instrumented
  # all the same: generic functions that are compiled there without it may be the copies that
  # everybody else is linked with; the engine has none.
  [ ${#race[@]} -eq 0 ] || race+=(
    '-gcflags=modernc.org/...=-d=checkptr=0'
    '-gcflags=modernc.org/sqlite/lib=-race=false -d=checkptr=0'
  )
  # The race detector lets each test program sleep a second at its end by default; source_check vets.
  CGO_ENABLED=1 GORACE=atexit_sleep_ms=0 go test "${race[@]}" -vet=off -timeout 20m ./...
}

program() { scripts/build.sh; }

browser_tests() {
  local browser
  browser=$(find_chromium)
  [ -n "$browser" ] || fail "Chromium was not found; set CHROMIUM to a browser or install the package chromium."
  cd web
  CHROMIUM=$browser npm run --silent e2e
}

# long LIMIT PACKAGE TEST...: runs one test as it is too long for every day, and shows what it
# tells besides its progress. Most of its time is waiting, so that many run beside each other.
long() {
  local limit=$1 package=$2 name=$3
  go test -count=1 -v -parallel "${PARALLEL:-8}" -timeout "$limit" -run "^($name)\$" "$package" | grep -vE '^(=== |[[:space:]]*--- PASS)'
}

killed_at_steps() {
  TEST_KILLS_AT_EACH_STEP=${TEST_KILLS_AT_EACH_STEP:-25} PARALLEL=16 long 14m ./internal/desk TestKilledAtEveryStep
  GOFLAGS=-tags=steps long 5m ./internal/survival TestKilledBeforeASlotHasItsRecord
}

killed_anywhere() {
  say "Seed: ${TEST_SEED:=1} (TEST_SEED)"
  export TEST_SEED
  TEST_PROGRAM=$root/bin/alpaca-trader TEST_KILLS=${TEST_KILLS:-38} TEST_WORLDS=2 long 14m ./internal/survival TestKilledAtAnyMoment
}

several_servers() {
  TEST_PROGRAM=$root/bin/alpaca-trader TEST_SERVERS=3 TEST_RESTARTS=${TEST_RESTARTS:-8} long 14m ./internal/survival \
    'TestServersShareTheWorkAndNobodyDoesItTwice|TestASecondServerOnOneFileIsRefused|TestTheDatabaseRestartsInTheMiddle'
}

a_thousand_days() {
  TEST_SOAK_DAYS=${TEST_SOAK_DAYS:-1000} long 14m ./internal/desk TestSoak
}

# A day of the market in five minutes, with every part of the server in use.
a_day_of_everything() {
  TEST_SOAK_MINUTES=${TEST_SOAK_MINUTES:-1440} long 14m ./internal/daemon TestADayOfEverything
}

copied_anywhere() {
  say "Seed: ${TEST_SEED:=1} (TEST_SEED)"
  export TEST_SEED
  TEST_PROGRAM=$root/bin/alpaca-trader TEST_COPIES=${TEST_COPIES:-60} long 14m ./internal/survival TestCopiesOfTheFilesAtAnyMoment
}

flooded() {
  TEST_FLOOD_CYCLES=${TEST_FLOOD_CYCLES:-4} long 9m ./internal/cli TestAFloodOfSignInsDoesNotDelayTrading
}

live_and_replay() {
  say "Seeds from ${TEST_SEED:=1} on (TEST_SEED)"
  export TEST_SEED
  TEST_PARITY_TRIALS=${TEST_PARITY_TRIALS:-40} PARALLEL=4 long 9m ./internal/lab 'TestLiveAndReplayAgree|TestRandomSettingsAgree'
}

release_twice() { scripts/reproducible.sh; }

steps='tools web_packages sdk_packages web_tests web_build source_check go_tests program browser_tests'
steps+=' killed_at_steps killed_anywhere several_servers a_thousand_days a_day_of_everything copied_anywhere flooded live_and_replay release_twice'
case " $steps " in
  *" ${1:-} "*) "$1" ;;
  *) fail "usage: scripts/steps.sh ${steps// /|}" ;;
esac
