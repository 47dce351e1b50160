#!/usr/bin/env bash
# Takes the pictures of docs/USER_GUIDE.md again, from bin/alpaca-trader (ALPACA_TRADER names
# another) with the demonstration market, in Chromium: about two minutes.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_node
CHROMIUM=$(find_chromium)
export CHROMIUM
[ -n "$CHROMIUM" ] || fail "Chromium is needed and was not found; CHROMIUM names another browser."
[ -n "${ALPACA_TRADER:-}" ] || scripts/build.sh
mkdir -p docs/pictures
(cd web && npx playwright test --config pictures/playwright.config.ts)
cp docs/pictures/home.png docs/screenshot.png
