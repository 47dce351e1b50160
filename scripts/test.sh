#!/usr/bin/env bash
# Runs every test, or the named group (go, web, browser), or the slow ones that `all` leaves out
# (slow): shows each stage and how long it took, goes on after a failure with what does not depend on it, and ends with a table. What it starts,
# it stops. No terminal, no keyboard and no filled cache is needed.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

[ -t 1 ] || export NO_COLOR=1 # no colour codes in a log file

postgres_dir=''
running=''
names=()
results=()
times=()

stop_all() {
  trap - EXIT INT TERM HUP
  [ -z "$running" ] || kill "$running" 2>/dev/null
  [ -z "$postgres_dir" ] || "$root/scripts/postgres.sh" stop "$postgres_dir"
}
trap stop_all EXIT
trap 'stop_all; exit 130' INT TERM HUP

record() {
  names+=("$1")
  results+=("$2")
  times+=("$3")
}

# passed NAME: whether the stage ran and passed.
passed() {
  local i
  for i in "${!names[@]}"; do
    [ "${names[$i]}" = "$1" ] && [ "${results[$i]}" = passed ] && return
  done
  return 1
}

# bounded SECONDS COMMAND...: runs it without input for at most so long; interruptible.
bounded() {
  local status
  timeout --kill-after=15 "$@" </dev/null &
  running=$!
  wait "$running"
  status=$?
  running=''
  [ $status -ne 124 ] || say "Stopped: it took longer than $1 seconds."
  return $status
}

# stage NAME TITLE SECONDS [NEEDED...]: runs the step NAME unless a stage that it needs has failed.
stage() {
  local name=$1 title=$2 limit=$3 begin=$SECONDS needed
  shift 3
  printf '\n=== %s\n' "$title"
  for needed in "$@"; do
    if ! passed "$needed"; then
      say "Not run, because $needed did not pass."
      record "$name" 'not run' 0
      return
    fi
  done
  if bounded "$limit" scripts/steps.sh "$name"; then
    record "$name" passed $((SECONDS - begin))
  else
    record "$name" FAILED $((SECONDS - begin))
  fi
  say "=== $title: ${results[-1]} after ${times[-1]} s"
}

start_postgres() {
  local begin=$SECONDS
  printf '\n=== PostgreSQL in a temporary folder\n'
  postgres_dir=$(mktemp -d "/tmp/alpaca-trader-postgres.XXXXXX")
  if TEST_POSTGRES_URL=$(timeout 180 scripts/postgres.sh start "$postgres_dir" </dev/null); then
    export TEST_POSTGRES_URL
    record postgres passed $((SECONDS - begin))
  else
    unset TEST_POSTGRES_URL
    record postgres FAILED $((SECONDS - begin))
  fi
  say "=== PostgreSQL: ${results[-1]} after ${times[-1]} s"
}

web_group() {
  stage web_packages "Web packages" 600
  stage web_tests "Web types and unit tests" 300 web_packages
}

go_group() {
  start_postgres
  stage sdk_packages "Alpaca's JavaScript SDK" 300
  stage go_tests "Go tests with the race detector, on SQLite and PostgreSQL" 1800
}

browser_group() {
  passed web_packages || stage web_packages "Web packages" 600
  stage program "Program" 600 web_packages
  stage browser_tests "Browser tests" 600 program
}

# slow_stage NAME ...: a stage of the slow tests, unless SLOW_STAGES names others.
slow_stage() {
  case " ${SLOW_STAGES:-$1} " in
    *" $1 "*) stage "$@" ;;
  esac
}

slow_group() {
  start_postgres
  stage web_packages "Web packages" 600
  stage program "Program" 600 web_packages
  slow_stage killed_at_steps "A process killed at each step, on SQLite and PostgreSQL" 900
  slow_stage killed_anywhere "The program killed at random moments while the broker fails" 900 program
  slow_stage several_servers "Several servers, and a database that restarts" 900 program
  slow_stage a_thousand_days "A thousand days of trading while everything fails" 900
  slow_stage a_day_of_everything "A day of everything: memory and goroutines" 900
  slow_stage copied_anywhere "Copies of the database's files at random moments" 900 program
  slow_stage flooded "Cycles on time in a flood of sign-ins and slow clients" 600
  slow_stage live_and_replay "Live trading and its replay, with settings at random" 600
  slow_stage release_twice "A release built twice, in two folders" 1500
}

summary() {
  local i failed=0
  printf '\n%-16s %-8s %8s\n' stage result seconds
  for i in "${!names[@]}"; do
    printf '%-16s %-8s %8s\n' "${names[$i]}" "${results[$i]}" "${times[$i]}"
    [ "${results[$i]}" = passed ] || failed=1
  done
  printf '%-16s %-8s %8s\n' total '' "$SECONDS"
  return $failed
}

stage tools "Tools" 900
case "${1:-all}" in
  all)
    web_group
    stage web_build "Web application" 300 web_packages
    stage source_check "Format, vet, scripts" 600
    go_group
    browser_group
    ;;
  go) go_group ;;
  web) web_group ;;
  browser) browser_group ;;
  slow) slow_group ;;
  *) fail "usage: scripts/test.sh [go|web|browser|slow]" ;;
esac
summary
