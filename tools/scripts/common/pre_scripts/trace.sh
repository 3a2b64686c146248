#!/bin/sh
# trace.sh TOOL, which older tools.json files name: nothing is installed while a model waits; the image must have the tool.
case ${1-} in
  rpd) program=runTracer.sh ;;
  rocm_trace_lite) program=rtl ;;
  *) exit 0 ;;
esac
command -v $program >/dev/null 2>&1 || {
  echo "$1: $program is not in this image; install it in the Dockerfile" >&2
  exit 127
}
