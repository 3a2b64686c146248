# Programs from Debian packages. Sourced, after process.sh.

policy_file=/usr/sbin/policy-rc.d
policy_mark='# Made by the madengine development scripts, for the length of one apt-get: remove it.'

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null >>"$dev_cache/apt.log" 2>&1 9>&-
}

need_apt() {
  command -v apt-get >/dev/null 2>&1 || fail "$1 is missing and this is no Debian: install it and start again"
}

have_package_lists() {
  ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1
}

# Where no init runs, packages must not start their services: the one that we start has its own options.
forbid_service_start() {
  forget_service_policy
  if [ ! -e "$policy_file" ] && [ ! -d /run/systemd/system ]; then
    printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" | as_root tee "$policy_file" >/dev/null
    as_root chmod 755 "$policy_file"
  fi
}

forget_service_policy() {
  if grep -qsF "$policy_mark" "$policy_file"; then as_root rm -f "$policy_file"; fi
}

# apt_install PACKAGE...: a first failure may be a stale list or a package that a stopped machine left half installed.
apt_install() {
  need_apt "$1"
  say "installing with apt-get: $*" >&2
  forbid_service_start
  trap forget_service_policy EXIT
  have_package_lists || apt_get update || true
  if ! apt_get install --no-install-recommends "$@"; then
    as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a </dev/null >>"$dev_cache/apt.log" 2>&1 9>&- || true
    apt_get update || true
    apt_get install --fix-broken || true
    apt_get install --no-install-recommends "$@" || {
      last_lines "$dev_cache/apt.log"
      fail "apt-get could not install $*"
    }
  fi
  forget_service_policy
  trap - EXIT
}

# What a machine that stopped in the middle of an installation leaves: the program may be there already.
is_half_installed() {
  case "$(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null)" in
    '' | installed | not-installed | config-files) return 1 ;;
  esac
}

# fetch_program PACKAGE NAME: prints where a program or library of a Debian package lies in the cache, unpacked without installing it:
# no root needed, no service that the machine would start from now on. Releases differ in /bin and /usr/bin.
fetch_program() {
  local package="$1" folder="$dev_cache/debian/$1" found temporary
  found=$(find_program "$folder" "$2")
  if [ -z "$found" ]; then
    need_apt "$package"
    say "fetching $package from Debian, once" >&2
    have_package_lists || apt_get update || true
    mkdir -p "$dev_cache/debian"
    temporary=$(mktemp -d "$dev_cache/debian/fetching.XXXXXX")
    # apt-get drops its rights for a download and must be able to write there.
    chmod 755 "$temporary"
    download_package "$package" "$temporary" || { apt_get update && download_package "$package" "$temporary"; } || {
      rm -rf "$temporary"
      last_lines "$dev_cache/apt.log"
      fail "could not fetch the Debian package $package"
    }
    rm -rf "$folder"
    mv -T "$temporary/unpacked" "$folder"
    rm -rf "$temporary"
    found=$(find_program "$folder" "$2")
    [ -n "$found" ] || fail "the Debian package $package has no program $2"
  fi
  printf '%s\n' "$found"
}

find_program() {
  find "$1" -not -type d \( -path "*bin/$2" -o -path "*/lib/*/$2" \) -print -quit 2>/dev/null || true
}

download_package() {
  (
    cd "$2" &&
      apt-get -qq -o Acquire::Retries=3 -o APT::Sandbox::User=root download "$1" </dev/null >>"$dev_cache/apt.log" 2>&1 9>&- &&
      dpkg -x ./*.deb unpacked
  )
}
