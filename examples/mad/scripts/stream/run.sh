#!/bin/sh
# Copies memory in blocks, and says how fast. --block_kib N: size of a block.
set -eu

block_kib=1024
while [ $# -ge 2 ]; do
  case $1 in
    --block_kib) block_kib=$2 ;;
    *) echo "There is no option $1." >&2; exit 2 ;;
  esac
  shift 2
done

total_kib=16777216
now() { cut -d ' ' -f 1 /proc/uptime; }

started=$(now)
dd if=/dev/zero of=/dev/null bs="${block_kib}k" count=$((total_kib / block_kib))
ended=$(now)

awk -v kib=$total_kib -v started="$started" -v ended="$ended" \
  'BEGIN { seconds = ended - started; if (seconds <= 0) seconds = 0.01
           printf "performance: %.1f MiB_per_second\n", kib / 1024 / seconds }'
