#!/bin/sh
# Copies with three sizes of blocks, and writes one row of results for each: the card names the file in
# `multiple_results`.
set -eu

results=sizes.csv
total_kib=8388608
now() { cut -d ' ' -f 1 /proc/uptime; }

echo 'model,performance,metric,block_kib' > $results
for block_kib in 16 128 1024; do
  started=$(now)
  dd if=/dev/zero of=/dev/null bs="${block_kib}k" count=$((total_kib / block_kib)) 2> /dev/null
  ended=$(now)
  awk -v kib=$total_kib -v block=$block_kib -v started="$started" -v ended="$ended" \
    'BEGIN { seconds = ended - started; if (seconds <= 0) seconds = 0.01
             printf "block_%d,%.1f,MiB_per_second,%d\n", block, kib / 1024 / seconds, block }' >> $results
done
cat $results
