# Two image registries on loopback: one open, one with a login. Sourced by script/servers.

registry_names='registry registry-login'
# Every character that shells, URLs and JSON treat in a special way; HTTP's basic authentication forbids the colon here.
# shellcheck disable=SC2016 # The dollar is one of them.
registry_user='mad+bot@example.org'
registry_password_file="$dev_cache/registry-login.password"

registry_address() { printf '127.0.0.1:%s' "$(cat "$dev_cache/run/$1.port")"; }

registry_env() {
  printf 'export MADENGINE_TEST_REGISTRY=%q\n' "$(registry_address registry)"
  printf 'export MADENGINE_TEST_AUTH_REGISTRY=%q\n' "$(registry_address registry-login)"
  printf 'export MADENGINE_TEST_AUTH_USER=%q\n' "$registry_user"
  printf 'export MADENGINE_TEST_AUTH_PASSWORD_FILE=%q\n' "$registry_password_file"
}

registry_answers() {
  local address
  recorded_pid "$1" >/dev/null || return 1
  address=$(registry_address "$1") || return 1
  if [ "$1" = registry-login ]; then
    node script/lib/probe.ts registry "$address" "$registry_user" "$registry_password_file"
  else
    node script/lib/probe.ts registry "$address"
  fi
}

registry_status() {
  local name
  for name in $registry_names; do
    registry_answers "$name" || return 1
    say "$name at $(registry_address "$name") (pid $(recorded_pid "$name"))"
  done
}

registry_start() {
  local program name
  registry_make_login
  for name in $registry_names; do
    registry_answers "$name" && continue
    stop_process "$name"
    program=$(command -v docker-registry || fetch_program docker-registry docker-registry)
    say "starting $name" >&2
    # The last port first, then from the usual one on: another program may have taken either.
    node script/lib/probe.ts free-port "$(cat "$dev_cache/run/$name.port" 2>/dev/null || echo 5000)" 5000 >"$dev_cache/run/$name.port.new"
    mv "$dev_cache/run/$name.port.new" "$dev_cache/run/$name.port"
    registry_configuration "$name" >"$dev_cache/$name.yml"
    start_process "$name" "$program" serve "$dev_cache/$name.yml"
    if ! wait_until 20 registry_answers "$name"; then
      last_lines "$dev_cache/$name.log"
      fail "$name does not answer"
    fi
  done
}

registry_configuration() {
  cat <<YAML
version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: '$dev_cache/$1'}
  delete: {enabled: true}
http:
  addr: $(registry_address "$1")
  secret: only-on-loopback
YAML
  if [ "$1" = registry-login ]; then
    printf "auth:\n  htpasswd: {realm: madengine, path: '%s'}\n" "$dev_cache/registry-login.htpasswd"
  fi
}

# A password of this machine's own, and its bcrypt hash (all that the registry reads) by the crypt of Debian's Perl.
registry_make_login() {
  [ -s "$dev_cache/registry-login.htpasswd" ] && [ -s "$registry_password_file" ] && return
  (
    umask 077
    # shellcheck disable=SC2016 # The dollar stands for itself.
    printf 'p@ss w%%rd:/"$\\&é%s' "$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')" >"$registry_password_file"
    perl -e '
      my ($user, $file) = @ARGV;
      open(my $in, "<", $file) or die "$file: $!"; my $password = <$in>;
      my @letters = ("A" .. "Z", "a" .. "z", 0 .. 9);
      my $hash = crypt($password, "\$2y\$08\$" . join("", map { $letters[rand @letters] } 1 .. 21) . "e");
      defined $hash && $hash =~ /^\$2y\$/ or die "crypt knows no bcrypt here\n";
      print "$user:$hash\n";' "$registry_user" "$registry_password_file" >"$dev_cache/registry-login.htpasswd.new"
    mv "$dev_cache/registry-login.htpasswd.new" "$dev_cache/registry-login.htpasswd"
  )
}

registry_stop() {
  local name
  for name in $registry_names; do stop_process "$name"; done
}
