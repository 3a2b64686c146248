# A Docker Engine: the one that answers already, or our own with its data in the cache. Sourced by script/servers.

engine_socket="${MADENGINE_DEV_DOCKER_SOCKET:-/var/run/docker.sock}"
# Short, because the paths of sockets are (108 bytes); one for each cache.
engine_run="/run/madengine-dev-$(printf '%s' "$dev_cache" | cksum | cut -d ' ' -f 1)"
engine_own_host=''
if [ -n "${MADENGINE_DEV_DOCKER_SOCKET:-}" ]; then
  engine_own_host="unix://$engine_socket"
  export DOCKER_HOST="$engine_own_host"
fi

engine_answers() { timeout 20 docker version --format '{{.Server.Version}}' 2>/dev/null; }

engine_env() {
  if [ -n "$engine_own_host" ]; then printf 'export DOCKER_HOST=%q\n' "$engine_own_host"; fi
}

engine_status() {
  local version pid
  version=$(engine_answers) || return 1
  if pid=$(recorded_pid dockerd); then
    say "Docker Engine $version (ours, pid $pid)"
  else
    say "Docker Engine $version (found running, not ours to stop)"
  fi
}

engine_start() {
  engine_answers >/dev/null && return
  if [ -n "${DOCKER_HOST:-}" ] && [ -z "$engine_own_host" ]; then
    fail "DOCKER_HOST is $DOCKER_HOST and no engine answers there: start that one, or unset the variable"
  fi
  engine_install
  # Under systemd the package has started it by now; elsewhere another process may be doing so.
  if [ -d /run/systemd/system ] && wait_until 20 engine_answers; then return; fi
  if [ -S "$engine_socket" ] && [ ! -w "$engine_socket" ]; then
    fail "this user may not use $engine_socket: add it to the group docker, or start again as root"
  fi
  engine_clear_leftovers
  say 'starting Docker Engine' >&2
  engine_launch
  if ! wait_until 90 engine_answers; then
    last_lines "$dev_cache/dockerd.log"
    fail 'dockerd does not answer'
  fi
  record_process dockerd "$(cat "$engine_run/dockerd.pid")"
}

engine_install() {
  PATH="$PATH:/usr/sbin:/sbin"
  export PATH
  if ! command -v dockerd >/dev/null 2>&1 || is_half_installed docker.io; then apt_install docker.io; fi
  # From Debian 13 on, the command line is a package of its own.
  command -v docker >/dev/null 2>&1 || apt_install docker-cli
}

engine_launch() {
  local owner=()
  [ "$(id -u)" -eq 0 ] || owner=(--group "$(id -gn)")
  grep -q ' cgroup2\? ' /proc/mounts || as_root mount -t cgroup2 cgroup2 /sys/fs/cgroup || true
  as_root mkdir -p "$engine_run"
  as_root true # Asks for sudo's password here, not in the background.
  as_root setsid dockerd --host "unix://$engine_socket" --data-root "$dev_cache/docker" --exec-root "$engine_run" \
    --pidfile "$engine_run/dockerd.pid" "${owner[@]}" </dev/null >>"$dev_cache/dockerd.log" 2>&1 9>&- &
}

# What a stopped machine, or a killed dockerd, leaves: files that name processes which are gone, and mounts.
engine_clear_leftovers() {
  # One that starts up, or hangs.
  if recorded_pid dockerd >/dev/null; then
    wait_until 30 engine_answers && return
    stop_process dockerd
  fi
  engine_end_containerd
  engine_unmount
  as_root rm -rf --one-file-system "$engine_run"
  # dockerd uses a system containerd whose socket is there, and waits for ever when nobody listens.
  local socket
  for socket in /run/containerd/containerd.sock "$engine_socket"; do
    if [ -S "$socket" ] && ! node script/lib/probe.ts socket "$socket"; then as_root rm -f "$socket"; fi
  done
}

# The containerd of a dockerd that was killed: a new dockerd would take it over, with whatever state it is in.
engine_end_containerd() {
  local pid
  pid=$(cat "$engine_run/containerd/containerd.pid" 2>/dev/null) || return 0
  if tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$engine_run/containerd"; then
    as_root kill -TERM "$pid"
    wait_until 10 test ! -e "/proc/$pid" || as_root kill -KILL "$pid"
  fi
}

engine_unmount() {
  local mount
  while read -r mount; do
    as_root umount -l "$mount" || true
  done < <(awk '{print $2}' /proc/mounts | grep -F -e "$engine_run/" -e "$dev_cache/docker" | sort -r)
}

engine_stop() {
  recorded_pid dockerd >/dev/null || return 0
  say 'stopping our Docker Engine' >&2
  stop_process dockerd
}
