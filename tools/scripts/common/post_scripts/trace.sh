#!/bin/sh
# trace.sh TOOL: what a profiler left in the model's folder goes into TOOL_output beside it.
set -u
tool=$1
workspace=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
output=$workspace/${tool}_output
mkdir -p "$output" || exit 1
case $tool in
  rpd)
    if [ -f trace.rpd ]; then mv -f trace.rpd "$output/"; fi
    # Of rocmProfileData, too, where it was installed with its Python part.
    convert=$(command -v rpd2tracing.py) || convert=$(command -v rpd2tracing) || convert=
    if [ -n "$convert" ] && [ -s "$output/trace.rpd" ]; then
      "$convert" "$output/trace.rpd" "$output/trace.json" ||
        echo "rpd: no trace.json was made of trace.rpd"
    fi ;;
  rocprof)
    for found in results* rocprofv3-*; do
      if [ -e "$found" ]; then mv -f "$found" "$output/"; fi
    done ;;
  rocm_trace_lite)
    for found in trace.db trace.json trace.json.gz; do
      if [ -e "$found" ]; then mv -f "$found" "$output/"; fi
    done ;;
esac
exit 0
