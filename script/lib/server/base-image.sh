# The image that examples and tests build on, made here from two static programs of Debian: no public image is pulled.
# Sourced by script/servers.

base_image=madengine-base:busybox
# Raise it with every change of what is in the image.
base_image_recipe=2

base_image_env() { printf 'export MADENGINE_TEST_BASE_IMAGE=%q\n' "$base_image"; }

base_image_status() {
  local found
  found=$(docker image inspect --format '{{index .Config.Labels "madengine.base.recipe"}}' "$base_image" 2>/dev/null) &&
    [ "$found" = "$base_image_recipe" ] && say "base image $base_image"
}

base_image_start() {
  local busybox bash root
  base_image_status >/dev/null && return
  busybox=$(fetch_program busybox-static busybox)
  # Scripts of MAD packages are run with bash.
  bash=$(fetch_program bash-static bash-static)
  say "making the base image $base_image" >&2
  root=$(mktemp -d "$dev_cache/base-image.XXXXXX")
  base_image_tree "$root" "$busybox" "$bash"
  tar -C "$root" --numeric-owner --owner=0 --group=0 -cf - . |
    docker import --change "LABEL madengine.base.recipe=$base_image_recipe" --change 'CMD ["sh"]' \
      --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - "$base_image" >/dev/null
  rm -rf "$root"
}

base_image_tree() {
  local root="$1" applet
  mkdir -p "$root"/{bin,dev,etc,home,opt,proc,root,run,sbin,sys,tmp,usr/bin,usr/sbin,usr/local/bin,var/tmp}
  chmod 755 "$root"
  chmod 700 "$root/root"
  chmod 1777 "$root/tmp" "$root/var/tmp"
  cp "$2" "$root/bin/busybox"
  cp "$3" "$root/bin/bash"
  "$2" --list | while read -r applet; do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  ln -s ../../bin/busybox "$root/usr/bin/env"
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
}

# It lies in the engine's store and needs no stop.
base_image_stop() { :; }
