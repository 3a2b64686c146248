#!/bin/sh
# dual_gcd.sh COMMAND…: runs it; with POWER_DUAL_GCD, VRAM_DUAL_GCD or DUAL_GCD true, twice at the same time, once on each
# of the GPUs 0 and 1, such as both dies of an MI250. Ends with the exit code of the first that failed.
set -u
case ${1-} in *=*) set -- env "$@" ;; esac
case "${POWER_DUAL_GCD-} ${VRAM_DUAL_GCD-} ${DUAL_GCD-}" in
  *[Tt][Rr][Uu][Ee]*) ;;
  *) exec "$@" ;;
esac
HIP_VISIBLE_DEVICES=0 "$@" &
first=$!
HIP_VISIBLE_DEVICES=1 "$@" &
second=$!
wait $first
code=$?
wait $second
other=$?
[ $code -ne 0 ] || code=$other
exit $code
