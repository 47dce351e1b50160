#!/usr/bin/env bash
# Prints figures of speed and memory, measured on the real program: the median of several runs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# scripts/bench.sh cycles: the cycles of BENCH_ACCOUNTS (10,000) accounts at the same slots.
if [ "${1:-}" = cycles ]; then
  database=$(mktemp -d)
  trap 'scripts/postgres.sh stop "$database"' EXIT
  TEST_POSTGRES_URL=$(scripts/postgres.sh start "$database")
  export TEST_POSTGRES_URL
  go test -run '^$' -bench Cycles -benchtime 1x -timeout 60m ./internal/daemon
  exit
fi

# scripts/bench.sh slot: from a slot to its orders at the broker, one account with 50 symbols.
if [ "${1:-}" = slot ]; then
  database=$(mktemp -d)
  trap 'scripts/postgres.sh stop "$database"' EXIT
  TEST_POSTGRES_URL=$(scripts/postgres.sh start "$database")
  export TEST_POSTGRES_URL
  go test -run '^$' -bench SlotToOrder -benchtime "${SLOTS:-60}x" -timeout 30m ./internal/daemon
  exit
fi

runs=${RUNS:-7}
idle_seconds=${IDLE_SECONDS:-10}
scripts/build.sh
folder=$(mktemp -d)
server=''
database=''
cleanup() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$database" ] || scripts/postgres.sh stop "$database"
  rm -rf "$folder"
}
trap cleanup EXIT

median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

# serve FLAG...: starts the dashboard and returns when it is ready; sets $server and $took (ms).
serve() {
  local begin line
  rm -f "$folder/ready"
  mkfifo "$folder/ready"
  begin=${EPOCHREALTIME/./}
  (cd "$folder" && exec env -i HOME="$folder" PATH="$PATH" APP_ENV=development \
    ADMIN_USERNAME=admin ADMIN_EMAIL=admin@example.com ADMIN_PASSWORD=bench-password-1 \
    "$root/bin/alpaca-trader" dashboard-secure --port 0 "$@") >"$folder/ready" 2>"$folder/log" &
  server=$!
  while read -r line; do
    case "$line" in "listening on "*) break ;; esac
  done <"$folder/ready"
  took=$(((${EPOCHREALTIME/./} - begin) / 1000))
  case "$line" in "listening on "*) ;; *) cat "$folder/log" >&2; fail "The server did not start." ;; esac
}

finish() {
  kill "$server"
  wait "$server" 2>/dev/null || true
  server=''
}

measure_start() {
  local i
  serve # makes database, keys and administrator
  finish
  for ((i = 0; i < runs; i++)); do
    serve
    say "$took"
    finish
  done | median
}

measure_memory() {
  local i
  for ((i = 0; i < 3; i++)); do
    serve --demo
    sleep "$idle_seconds"
    awk '/VmRSS/ {print int($2 / 1024)}' "/proc/$server/status"
    finish
  done | median
}

start=$(measure_start)
say "start to serving, existing database   $start ms (median of $runs; goal under 150)"
if [ -r /proc/self/status ]; then
  memory=$(measure_memory)
  say "resident memory, idle, with --demo    $memory MB (median of 3 after $idle_seconds s; goal under 50)"
fi
say "program                               $(($(wc -c <bin/alpaca-trader) / 1048576)) MB"
say "compute (goal: 50 symbols x 100 bars under 5 ms):"
go test -run '^$' -bench Scan -benchtime 200x -count 3 ./internal/engine | grep '^Benchmark'
say "decision of one account, 50 symbols, every limit on (goal: p99 under 1 ms with a new bar):"
go test -run '^$' -bench Decision -benchtime 2000x ./internal/engine | grep '^Benchmark'
say "a signed-in request (goal: authentication and authorization add less than 1 ms, SQLite):"
go test -run '^$' -bench SignedInRequest ./internal/api | grep '^Benchmark'
say "audit (goals: 500 acts/s on PostgreSQL with durable commits; a million entries verified in 10 s):"
if [ -n "$(postgres_programs)" ]; then
  database=$(mktemp -d)
  TEST_POSTGRES_URL=$(scripts/postgres.sh start "$database")
  export TEST_POSTGRES_URL
fi
go test -run '^$' -bench AuditedActs -benchtime 2000x ./internal/store | grep '^Benchmark'
go test -run '^$' -bench 'Verify/.*/entries=1000000$' -benchtime 1x ./internal/witness | grep '^Benchmark'
say "simulator (goal: 50 million bars a minute from memory; 1,000 accounts with a stream each under 300 MB):"
go test -run '^$' -bench 'ServeBars|StreamClients' ./internal/broker/sim | grep '^Benchmark'
