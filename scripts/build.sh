#!/usr/bin/env bash
# Builds bin/alpaca-trader with the web application inside: one static file.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_go
need_node

version=${VERSION:-$(git describe --tags --always --dirty 2>/dev/null || echo development)}
commit=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
name=github.com/jcap24/alpaca-trader/internal/cli

compile() {
  CGO_ENABLED=0 go build -trimpath \
    -ldflags "-s -w -X $name.version=$version -X $name.commit=$commit" \
    -o bin/alpaca-trader ./cmd/alpaca-trader
}

step "web packages" scripts/web.sh deps
step "web application" scripts/web.sh build
step "bin/alpaca-trader $version" compile
