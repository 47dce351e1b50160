#!/usr/bin/env bash
# Builds, then serves the dashboard with the demonstration market. Keys and database are made in
# the current folder (the repository) at the first start, unless .env says otherwise.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

say "Building; the first time takes a few minutes."
scripts/build.sh
cat <<'TEXT'

Starting the dashboard with a demonstration market: no brokerage account is needed and no real
order can be placed from a demonstration account. Open the address below and register; the first
user becomes the administrator. Data stay in this folder (alpaca_trader.db, alpaca_trader.keys).
Ctrl-C stops it.

TEXT
exec bin/alpaca-trader dashboard-secure --demo "$@"
