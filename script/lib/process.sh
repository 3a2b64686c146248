# Long-lived processes, known by a pid file in the cache that holds `<pid> <start time>`. Sourced, after cache.sh.
# A pid alone proves nothing: after a restart of the machine it belongs to another process.

# The start time of a process in clock ticks since boot (proc(5), field 22 of stat); nothing for a dead or zombie one.
process_start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) }
  case "$stat" in Z*) return 1 ;; esac
  # shellcheck disable=SC2086 # The fields are words.
  set -- $stat
  printf '%s\n' "${20}"
}

record_process() {
  local started
  started=$(process_start_time "$2") || return 1
  printf '%s %s\n' "$2" "$started" >"$dev_cache/run/$1.pid.new"
  mv "$dev_cache/run/$1.pid.new" "$dev_cache/run/$1.pid"
}

# recorded_pid NAME: the pid, when that very process still runs.
recorded_pid() {
  local pid started
  read -r pid started 2>/dev/null <"$dev_cache/run/$1.pid" || return 1
  [ -n "$started" ] && [ "$(process_start_time "$pid")" = "$started" ] && printf '%s\n' "$pid"
}

# start_process NAME COMMAND...: in a session of its own, output appended to <cache>/NAME.log.
start_process() {
  local name="$1"
  shift
  setsid "$@" </dev/null >>"$dev_cache/$name.log" 2>&1 9>&- &
  record_process "$name" $! || true
}

# stop_process NAME: only the recorded process, asked first, killed after 20 seconds.
stop_process() {
  local pid tries=0
  pid=$(recorded_pid "$1") || {
    rm -f "$dev_cache/run/$1.pid"
    return 0
  }
  as_root_if_needed "$pid" kill -TERM "$pid"
  while recorded_pid "$1" >/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -eq 200 ] && as_root_if_needed "$pid" kill -KILL "$pid"
    [ "$tries" -gt 250 ] && fail "$1 (pid $pid) doesn't end"
    sleep 0.1
  done
  rm -f "$dev_cache/run/$1.pid"
}

as_root_if_needed() {
  local pid="$1"
  shift
  if [ -O "/proc/$pid" ] || [ "$(id -u)" -eq 0 ]; then "$@"; else as_root "$@"; fi
}

# as_root COMMAND...: directly, or by sudo (which may ask for a password only where somebody can answer).
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif ! command -v sudo >/dev/null 2>&1; then
    fail "this needs root, and there is no sudo: $*"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# wait_until SECONDS COMMAND...
wait_until() {
  local tries=$(($1 * 5))
  shift
  while ! "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.2
  done
}

last_lines() {
  printf 'the last lines of %s:\n' "$1" >&2
  tail -n 20 "$1" 2>/dev/null | sed 's/^/  /' >&2
}
