# Where development keeps what it fetches and starts: once per machine, outside every checkout. Sourced.

dev_cache="${MADENGINE_DEV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/madengine-dev}"
mkdir -p "$dev_cache/run"

say() { printf '%s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# lock_cache NAME: holds the lock as file descriptor 9 until `unlock_cache` or the end of this process.
# Whatever outlives us must be started with `9>&-`, or it keeps the lock.
lock_cache() {
  exec 9>"$dev_cache/$1.lock"
  if ! flock -n 9; then
    printf 'waiting for another process that holds %s\n' "$dev_cache/$1.lock" >&2
    flock -w 1200 9 || fail "gave up waiting for $dev_cache/$1.lock after 20 minutes"
  fi
}

unlock_cache() { exec 9>&-; }
