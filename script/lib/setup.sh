# What every developer's command needs first: Node.js, the dependencies, a few programs, the hooks.
# Sourced from the repository's root.

. script/lib/cache.sh
. script/lib/node.sh
. script/lib/process.sh
. script/lib/debian.sh

# install_missing PROGRAM...: each by the Debian package of its name.
install_missing() {
  local program missing=()
  for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 || missing+=("$program")
  done
  [ "${#missing[@]}" -eq 0 ] && return
  lock_cache servers
  apt_install "${missing[@]}"
  unlock_cache
}

# Only in a checkout of our own (not in an unpacked archive inside another one), and never over hooks that somebody chose.
install_hooks() {
  [ -z "${CI:-}" ] && [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$PWD" ] || return 0
  [ -n "$(git config core.hooksPath || true)" ] || git config core.hooksPath .githooks
}

set_up() {
  use_node
  install_dependencies
  # MAD packages may list their models in Python, and the snapshot of a package names its git commit. Scripts that go into
  # containers are tested in the shell of small images, too.
  install_missing git python3 busybox
  install_hooks
}
