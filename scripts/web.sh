#!/usr/bin/env bash
# Installs the web application's packages (deps), builds it into internal/ui/dist (build), and
# installs Alpaca's JavaScript SDK for a test of the simulator (sdk), each only when something
# changed.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

deps() {
  local now stamp=web/node_modules/.stamp
  now="$(node --version) $(fingerprint web/package.json web/package-lock.json)"
  unchanged "$stamp" "$now" && return
  (cd web && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --prefer-offline)
  printf '%s\n' "$now" >"$stamp"
}

sdk() {
  local now folder=internal/broker/sim/sdktest stamp=internal/broker/sim/sdktest/node_modules/.stamp
  now="$(node --version) $(fingerprint $folder/package.json $folder/package-lock.json)"
  unchanged "$stamp" "$now" && return
  (cd $folder && npm ci --no-audit --no-fund --prefer-offline)
  printf '%s\n' "$now" >"$stamp"
}

build() {
  local now stamp=$cache/web-build.stamp
  now=$(fingerprint web)
  [ -f internal/ui/dist/index.html ] && unchanged "$stamp" "$now" && return
  rm -f "$stamp"
  (cd web && npm run --silent build)
  touch internal/ui/dist/.gitkeep
  printf '%s\n' "$now" >"$stamp"
}

need_node
case "${1:-}" in
  deps) deps ;;
  build) build ;;
  sdk) sdk ;;
  *) fail "usage: scripts/web.sh deps|build|sdk" ;;
esac
