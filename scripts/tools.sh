#!/usr/bin/env bash
# Checks what the tests need, and installs from the distribution's packages what is missing: a C
# compiler (race detector), PostgreSQL, Chromium, and nginx with openssl. Needs root or sudo without a password for that.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_go
need_node

missing_packages() {
  command -v gcc >/dev/null || command -v clang >/dev/null || printf 'gcc libc6-dev '
  [ -n "$(postgres_programs)" ] || printf 'postgresql '
  [ -n "$(find_chromium)" ] || printf 'chromium '
  command -v openssl >/dev/null || printf 'openssl '
  PATH=$PATH:/usr/sbin command -v nginx >/dev/null || printf 'nginx-light '
}

as_root=()
may_install() {
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" -eq 0 ] && return
  command -v sudo >/dev/null && sudo -n true 2>/dev/null && as_root=(sudo -n)
}

read -r -a missing <<<"$(missing_packages)"
if [ ${#missing[@]} -gt 0 ]; then
  may_install || fail "Missing for the tests: ${missing[*]}. Install these packages and run again."
  say "Installing ${missing[*]} from the distribution's packages."
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
  read -r -a missing <<<"$(missing_packages)"
  [ ${#missing[@]} -eq 0 ] || fail "Still missing after the installation: ${missing[*]}."
fi

say "Go $(go env GOVERSION), Node $(node --version), npm $(npm --version)"
say "PostgreSQL $("$(postgres_programs)/postgres" --version | awk '{print $3}'), browser $(find_chromium)"
