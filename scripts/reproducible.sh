#!/usr/bin/env bash
# Builds the release of this commit for one platform twice, in two clones in folders of different
# names, and fails unless both gave the same bytes and the program in them starts and serves.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

work=$(mktemp -d)
server=''
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

# build FOLDER: the release of this commit, from a clone in the folder.
build() {
  git clone --quiet --no-local "$root" "$1"
  (cd "$1" && git checkout --quiet --detach "$commit" && VERBOSE=1 VERSION=test PLATFORMS=linux/amd64 OUT="$1/dist" scripts/release.sh) >"$1.log" 2>&1 ||
    { cat "$1.log" >&2; fail "The release could not be built in $1."; }
}

commit=$(git rev-parse HEAD)
first=$work/one
second=$work/quite/another/folder
mkdir -p "$work/quite/another"
build "$first"
build "$second"
cmp "$first/dist/SHA256SUMS" "$second/dist/SHA256SUMS" || fail "Two builds of one commit differ."
(cd "$second/dist" && sha256sum --check --quiet SHA256SUMS)
say "Both builds of $commit are equal:"
cat "$first/dist/SHA256SUMS"

mkdir "$work/unpacked"
tar -xzf "$first"/dist/*.tar.gz -C "$work/unpacked" --strip-components=1
cd "$work/unpacked"
./alpaca-trader version

# serves COMMAND...: starts the program, asks whether it is ready, stops it.
serves() {
  local address
  "$@" dashboard-secure --demo --port 0 >"$work/said" 2>"$work/log" &
  server=$!
  for _ in $(seq 600); do
    grep -q '^listening on ' "$work/said" && break
    kill -0 "$server" 2>/dev/null || { cat "$work/log" >&2; fail "The released program ended."; }
    sleep 0.1
  done
  address=$(sed -n 's/^listening on //p' "$work/said")
  [ -n "$address" ] || { cat "$work/log" >&2; fail "The released program does not say where it listens."; }
  "$work/unpacked/alpaca-trader" health --url "$address"
  kill "$server"
  wait "$server" || fail "The released program did not stop in order."
  server=''
}

serves ./alpaca-trader
if [ "$(id -u)" -eq 0 ] && command -v unshare >/dev/null; then
  say "As in the container: an empty root, no environment, user 65532, /data alone to write to."
  mkdir -p "$work/image/data"
  cp alpaca-trader "$work/image/"
  chown 65532:65532 "$work/image/data"
  serves env -i "$(command -v unshare)" --root="$work/image" --wd=/data --setgid 65532 --setuid 65532 /alpaca-trader
else
  say "Not root, so the program was not tried in an empty root."
fi
