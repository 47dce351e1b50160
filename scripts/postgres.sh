#!/usr/bin/env bash
# A private PostgreSQL for the tests, on the loopback address and a free port, in a folder of its
# own:  scripts/postgres.sh start DIR  prints its URL;  scripts/postgres.sh stop DIR  ends it;
# scripts/postgres.sh restart DIR fast|immediate  stops it, in order or as a crash does, and starts
# it again at the same address.
# Durability stays on (fsync, synchronous_commit), so that tests see what production does.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

programs=$(postgres_programs)
[ -n "$programs" ] || fail "PostgreSQL was not found; install your distribution's package postgresql."
action=${1:-}
dir=${2:-}
[ -n "$dir" ] || fail "usage: scripts/postgres.sh start|stop|restart DIR"
cd /

# PostgreSQL refuses to run as root, so root starts it as another user.
user=$(id -un)
if [ "$(id -u)" -eq 0 ]; then
  user=postgres
  id "$user" >/dev/null 2>&1 || user=nobody
fi

as_user() {
  if [ "$(id -u)" -ne 0 ]; then
    "$@"
  elif command -v runuser >/dev/null; then
    runuser -u "$user" -- "$@"
  else
    # shellcheck disable=SC2016 # the inner shell expands them
    su -s /bin/sh "$user" -c 'exec "$0" "$@"' -- "$@"
  fi
}

free_port() {
  node -e 'const s = require("net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'
}

start() {
  local password port
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  mkdir -p "$dir"
  printf '%s\n' "$password" >"$dir/password"
  chmod 700 "$dir"
  [ "$(id -u)" -ne 0 ] || chown -R "$user" "$dir"
  as_user "$programs/initdb" -D "$dir/data" -U tester --pwfile "$dir/password" \
    --auth scram-sha-256 -E UTF8 --no-locale >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
  for _ in 1 2 3 4 5; do # another program may take the port first
    port=$(free_port)
    if as_user "$programs/pg_ctl" -D "$dir/data" -l "$dir/postgres.log" -w -t 60 -s \
      -o "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories= -c max_connections=200" start >&2; then
      say "postgresql://tester:$password@127.0.0.1:$port/postgres?sslmode=disable"
      return
    fi
  done
  cat "$dir/postgres.log" >&2
  exit 1
}

stop() {
  [ ! -f "$dir/data/postmaster.pid" ] || as_user "$programs/pg_ctl" -D "$dir/data" -m immediate -w -t 30 -s stop || true
  rm -rf "$dir"
}

restart() {
  as_user "$programs/pg_ctl" -D "$dir/data" -l "$dir/postgres.log" -m "$1" -w -t 120 -s restart >&2
}

case "$action" in
  start) start ;;
  stop) stop ;;
  restart) restart "${3:-fast}" ;;
  *) fail "usage: scripts/postgres.sh start|stop|restart DIR" ;;
esac
