# What every developer's command needs first: Node.js, the dependencies, the hooks. Sourced from the repository's root.

. script/lib/cache.sh
. script/lib/node.sh

# Only in a checkout of our own (not in an unpacked archive inside another one), and never over hooks that somebody chose.
install_hooks() {
  [ -z "${CI:-}" ] && [ "$(git rev-parse --show-toplevel 2>/dev/null)" = "$PWD" ] || return 0
  [ -n "$(git config core.hooksPath || true)" ] || git config core.hooksPath .githooks
}

set_up() {
  use_node
  install_dependencies
  install_hooks
}
