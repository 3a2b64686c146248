#!/bin/sh
# rpd_wrapper.sh COMMAND…: runs it under the tracer of rocmProfileData, https://github.com/ROCm/rocmProfileData,
# whose `make install` has put runTracer.sh on PATH when the image was built. Nothing is downloaded here.
set -u
workspace=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
mkdir -p "$workspace/rpd_output" || exit 1
case ${1-} in *=*) set -- env "$@" ;; esac
exec runTracer.sh -o "$workspace/rpd_output/trace.rpd" "$@"
