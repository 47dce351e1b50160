#!/usr/bin/env bash
# Builds the release of this commit into dist/: an archive for each platform, SHA256SUMS and the
# bill of materials. The same commit gives the same bytes, wherever and whenever it is built with
# the same versions of Go and Node.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_go
need_node

platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 freebsd/amd64}
out=${OUT:-$root/dist}
version=${VERSION:-$(git describe --tags --always)}
commit=$(git rev-parse --short=12 HEAD)
moment=$(git log -1 --format=%ct)
name=github.com/jcap24/alpaca-trader/internal/cli

[ -n "${DIRTY:-}" ] || [ -z "$(git status --porcelain)" ] ||
  fail "There are changes that are not committed; a release is built from a commit alone."

# compile OS ARCHITECTURE FILE
compile() {
  GOOS=$1 GOARCH=$2 CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -buildid= -X $name.version=$version -X $name.commit=$commit" \
    -o "$3" ./cmd/alpaca-trader
}

# A step runs with failures unchecked inside (bash), so the functions chain what depends on what.

# pack FOLDER FILE: an archive that depends on the folder's contents alone.
pack() {
  tar --create --sort=name --mtime="@$moment" --owner=0 --group=0 --numeric-owner --mode=u+rwX,go+rX,go-w \
    -C "$(dirname "$1")" "$(basename "$1")" | gzip --no-name --best >"$2"
}

release() {
  local platform=$1 system architecture title folder program=alpaca-trader
  system=${platform%/*}
  architecture=${platform#*/}
  title=alpaca-trader-$version-$system-$architecture
  folder=$work/$title
  [ "$system" != windows ] || program=alpaca-trader.exe
  mkdir -p "$folder" &&
    compile "$system" "$architecture" "$folder/$program" &&
    cp -R README.md config "$folder/" &&
    { [ ! -d deploy ] || cp -R deploy "$folder/"; } &&
    pack "$folder" "$out/$title.tar.gz" &&
    rm -rf "$folder"
}

materials() {
  CGO_ENABLED=0 go build -trimpath -ldflags "-X $name.version=$version" -o "$work/self" ./cmd/alpaca-trader &&
    "$work/self" version --sbom >"$out/alpaca-trader-$version.cdx.json"
}

sums() { (cd "$out" && sha256sum alpaca-trader-* >SHA256SUMS); }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$out"
mkdir -p "$out"
step "web packages" scripts/web.sh deps
step "web application" scripts/web.sh build
for platform in $platforms; do
  step "$platform" release "$platform"
done
step "bill of materials" materials
step "checksums" sums
say "The release is in $out:"
(cd "$out" && ls -l)
