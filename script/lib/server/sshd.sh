# An OpenSSH server on loopback, for NAS nodes (rsync) and private repositories (git). Sourced by script/servers.
# It runs in a mount namespace of its own: its accounts stand in files that only it sees as /etc/passwd and /etc/shadow, and
# what it serves lies at /mnt there. Neither the machine's accounts nor a server of its own are touched.

sshd_cache="$dev_cache/sshd"
# Accounts of this server alone: one logs in with a key or the password, the other with the password only.
sshd_user=nas-bot
sshd_password_user=nas-person
sshd_uid=64990

sshd_env() {
  printf 'export MADENGINE_TEST_SSH_PORT=%q\n' "$(cat "$dev_cache/run/sshd.port")"
  printf 'export MADENGINE_TEST_SSH_USER=%q\n' "$sshd_user"
  printf 'export MADENGINE_TEST_SSH_PASSWORD_USER=%q\n' "$sshd_password_user"
  # In it: client_key, known_hosts, password, and data, which the server has at /mnt/data.
  printf 'export MADENGINE_TEST_SSH_FOLDER=%q\n' "$sshd_cache"
}

sshd_answers() {
  local port
  recorded_pid sshd >/dev/null || return 1
  port=$(cat "$dev_cache/run/sshd.port") || return 1
  ssh -F none -p "$port" -l "$sshd_user" -i "$sshd_cache/client_key" -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=5 \
    -o StrictHostKeyChecking=yes -o "UserKnownHostsFile=\"$sshd_cache/known_hosts\"" 127.0.0.1 'rsync --version' >/dev/null 2>&1
}

sshd_status() {
  sshd_answers && say "sshd at 127.0.0.1:$(cat "$dev_cache/run/sshd.port") (pid $(recorded_pid sshd))"
}

sshd_start() {
  local program libraries as_root=()
  sshd_answers && return
  stop_process sshd
  command -v ssh >/dev/null 2>&1 || apt_install openssh-client
  command -v rsync >/dev/null 2>&1 || apt_install rsync
  program=$(PATH="$PATH:/usr/sbin" command -v sshd || fetch_program openssh-server sshd)
  # All that it needs and a Debian without an SSH server lacks.
  libraries=$(dirname "$(ls /usr/lib/*/libwrap.so.0 2>/dev/null || fetch_program libwrap0 libwrap.so.0)")
  say 'starting sshd' >&2
  node script/lib/probe.ts free-port "$(cat "$dev_cache/run/sshd.port" 2>/dev/null || echo 2222)" 2222 >"$dev_cache/run/sshd.port.new"
  mv "$dev_cache/run/sshd.port.new" "$dev_cache/run/sshd.port"
  sshd_make_files "$(dirname "$(dirname "$(dirname "$program")")")/lib/openssh/sshd-session"
  as_root true # Asks for sudo's password here, not in the background.
  [ "$(id -u)" -eq 0 ] || as_root=(sudo -n)
  # shellcheck disable=SC2016 # The inner shell's own.
  start_process sshd "${as_root[@]}" unshare --mount --propagation private -- sh -euc '
    mount --bind "$1/etc/passwd" /etc/passwd
    mount --bind "$1/etc/shadow" /etc/shadow
    mkdir -p /run/sshd
    mount --bind "$1" /mnt
    LD_LIBRARY_PATH="$3" exec "$2" -D -e -f /mnt/sshd_config -p "$4"' sh \
    "$sshd_cache" "$program" "$libraries" "$(cat "$dev_cache/run/sshd.port")"
  if ! wait_until 20 sshd_answers; then
    last_lines "$dev_cache/sshd.log"
    fail 'sshd does not answer'
  fi
}

sshd_make_files() {
  mkdir -p "$sshd_cache"/{etc,home,data}
  chmod 755 "$sshd_cache" "$sshd_cache"/{etc,home,data}
  [ -s "$sshd_cache/password" ] || sshd_make_password
  [ -s "$sshd_cache/host_key" ] || ssh-keygen -q -t ed25519 -N '' -C madengine-test-host -f "$sshd_cache/host_key" </dev/null
  [ -s "$sshd_cache/client_key" ] || ssh-keygen -q -t ed25519 -N '' -C madengine-test-client -f "$sshd_cache/client_key" </dev/null
  cp "$sshd_cache/client_key.pub" "$sshd_cache/authorized_keys"
  chmod 644 "$sshd_cache/authorized_keys"
  printf '[127.0.0.1]:%s %s\n' "$(cat "$dev_cache/run/sshd.port")" "$(cut -d ' ' -f 1,2 "$sshd_cache/host_key.pub")" >"$sshd_cache/known_hosts"
  # What it serves belongs to whoever runs the tests.
  printf '[safe]\n\tdirectory = *\n' >"$sshd_cache/home/.gitconfig"
  sshd_accounts
  sshd_configuration "$1" >"$sshd_cache/sshd_config"
}

sshd_make_password() (
  umask 077
  # shellcheck disable=SC2016 # The dollar stands for itself.
  printf 'n@s w%%rd:/"$\\+&=%s' "$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')" >"$sshd_cache/password"
)

sshd_accounts() {
  local hash user
  hash=$(perl -e '
    open(my $in, "<", $ARGV[0]) or die "$ARGV[0]: $!"; my $password = <$in>;
    my @letters = ("A" .. "Z", "a" .. "z", 0 .. 9);
    my $hash = crypt($password, "\$6\$" . join("", map { $letters[rand @letters] } 1 .. 16));
    defined $hash && $hash =~ /^\$6\$/ or die "crypt knows no SHA-512 here\n";
    print $hash;' "$sshd_cache/password")
  (
    umask 077
    : >"$sshd_cache/etc/shadow.new"
    for user in root sshd "$sshd_user" "$sshd_password_user"; do
      case "$user" in
        root | sshd) printf '%s:*:19000:0:99999:7:::\n' "$user" ;;
        *) printf '%s:%s:19000:0:99999:7:::\n' "$user" "$hash" ;;
      esac
    done >"$sshd_cache/etc/shadow.new"
    mv "$sshd_cache/etc/shadow.new" "$sshd_cache/etc/shadow"
  )
  {
    printf 'root:x:0:0:root:/root:/bin/sh\nsshd:x:64989:65534::/run/sshd:/usr/sbin/nologin\n'
    printf '%s:x:%s:65534::/mnt/home:/bin/sh\n' "$sshd_user" "$sshd_uid" "$sshd_password_user" "$sshd_uid"
  } >"$sshd_cache/etc/passwd"
  chmod 644 "$sshd_cache/etc/passwd"
}

sshd_configuration() {
  cat <<CONFIG
ListenAddress 127.0.0.1
HostKey /mnt/host_key
PidFile none
AuthorizedKeysFile /mnt/authorized_keys
AllowUsers $sshd_user $sshd_password_user
PermitRootLogin no
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
StrictModes no
AllowTcpForwarding no
X11Forwarding no
PrintMotd no
MaxStartups 100
LogLevel VERBOSE
CONFIG
  # From OpenSSH 9.8 on, sessions are a program of their own.
  if [ -e "$1" ]; then printf 'SshdSessionPath %s\n' "$1"; fi
  printf 'Match User %s\n  PubkeyAuthentication no\n' "$sshd_password_user"
}

sshd_stop() { stop_process sshd; }
