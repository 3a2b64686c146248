#!/bin/sh
# rtl_trace_wrapper.sh COMMAND…: runs it under rocm-trace-lite, https://github.com/sunway513/rocm-trace-lite,
# in the mode that RTL_MODE names; RTL_WRAPPER_OUTPUT_DIR is the folder of its trace.
set -u
workspace=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
output=${RTL_WRAPPER_OUTPUT_DIR:-$workspace/rocm_trace_lite_output}
mkdir -p "$output" || exit 1
case ${1-} in *=*) set -- env "$@" ;; esac
if [ -n "${RTL_MODE-}" ]; then
  # Older versions have one mode only.
  if rtl trace --help 2>&1 | grep -q -e --mode; then
    exec rtl trace --mode "$RTL_MODE" -o "$output/trace.db" "$@"
  fi
  echo "rtl_trace_wrapper.sh: this rtl has no --mode; tracing without RTL_MODE=$RTL_MODE" >&2
fi
exec rtl trace -o "$output/trace.db" "$@"
