#!/bin/sh
# Looks for all primes below --limit N with a sieve, and says how many numbers a second it went through.
set -eu

limit=200000
while [ $# -ge 2 ]; do
  case $1 in
    --limit) limit=$2 ;;
    *) echo "There is no option $1." >&2; exit 2 ;;
  esac
  shift 2
done

now() { cut -d ' ' -f 1 /proc/uptime; }

started=$(now)
awk -v limit="$limit" '
  BEGIN {
    for (i = 2; i < limit; i++) {
      if (i in composite) continue
      primes++
      for (j = i * i; j < limit; j += i) composite[j] = 1
    }
    print primes, "primes below", limit
  }'
ended=$(now)

awk -v limit="$limit" -v started="$started" -v ended="$ended" \
  'BEGIN { seconds = ended - started; if (seconds <= 0) seconds = 0.01
           printf "performance: %.1f numbers_per_second\n", limit / seconds }'
