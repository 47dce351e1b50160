# Sourced by the other scripts: where things are, how progress is shown. Not run by itself.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit

# A folder for stamps, and a home when there is none that can be written to: Go and npm need one.
cache=$root/.cache
mkdir -p "$cache"
if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then
  export HOME=$cache/home
  mkdir -p "$HOME"
fi
export GOFLAGS="${GOFLAGS:-} -buildvcs=false"

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# step TITLE COMMAND...: runs the command and says how long it took; its output shows on failure,
# or as it comes when VERBOSE is set.
step() {
  local title=$1 begin=$SECONDS log
  shift
  if [ -n "${VERBOSE:-}" ]; then
    say "-- $title"
    "$@" </dev/null || fail "-- $title: failed after $((SECONDS - begin)) s"
    say "-- $title: $((SECONDS - begin)) s"
    return
  fi
  printf -- '-- %-28s ' "$title"
  log=$(mktemp)
  if "$@" </dev/null >"$log" 2>&1; then
    say "$((SECONDS - begin)) s"
    rm -f "$log"
  else
    say "failed after $((SECONDS - begin)) s"
    cat "$log" >&2
    rm -f "$log"
    exit 1
  fi
}

# fingerprint PATH...: one line that changes when a file below the paths does.
fingerprint() {
  find "$@" \( -name node_modules -o -name test-results -o -name playwright-report \) -prune -o -type f -print |
    LC_ALL=C sort | tr '\n' '\0' | xargs -0 cksum | cksum
}

# unchanged STAMP TEXT: whether the stamp holds the text.
unchanged() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# at_least WANTED FOUND: compares versions such as 1.26 and 1.26.3.
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

need_go() {
  command -v go >/dev/null || fail "Go 1.26 or newer is needed and was not found; see https://go.dev/doc/install."
  local found
  found=$(go env GOVERSION)
  at_least 1.26 "${found#go}" || fail "Go 1.26 or newer is needed; this is ${found#go}."
}

need_node() {
  command -v node >/dev/null || fail "Node 20.19 or newer is needed and was not found; see https://nodejs.org."
  command -v npm >/dev/null || fail "npm is needed and was not found; it comes with Node."
  local found
  found=$(node --version)
  at_least 20.19 "${found#v}" || fail "Node 20.19 or newer is needed; this is ${found#v}."
}

# find_chromium prints the path of a browser, nothing when there is none. CHROMIUM names another.
find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then
      command -v "$name"
      return
    fi
  done
}

# postgres_programs prints the folder of the newest PostgreSQL programs, nothing when there is none.
postgres_programs() {
  local found
  found=$(find /usr/lib/postgresql /usr/pgsql-* -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] || found=$(command -v initdb || true)
  [ -z "$found" ] || dirname "$found"
}
