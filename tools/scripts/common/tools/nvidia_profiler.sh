#!/bin/sh
# nvidia_profiler.sh nsys|ncu|nvprof COMMAND…: runs it under one of NVIDIA's profilers; NSYS_OPTIONS, NCU_OPTIONS and
# NVPROF_OPTIONS hold further options. Their manuals:
# https://docs.nvidia.com/nsight-systems/UserGuide/index.html#cli-profile-command-switch-options
# https://docs.nvidia.com/nsight-compute/NsightComputeCli/index.html
# https://docs.nvidia.com/cuda/profiler-users-guide/index.html#nvprof
set -u
tool=$1
shift
workspace=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
output=$workspace/${tool}_output
program=$(PATH=$PATH:/usr/local/cuda/bin:/opt/nvidia/nsight-systems-cli/bin; command -v "$tool") || {
  echo "nvidia_profiler.sh: $tool is not in this image" >&2
  exit 127
}
mkdir -p "$output" || exit 1
case ${1-} in *=*) set -- env "$@" ;; esac
# The options are words: they stay unquoted.
case $tool in
  nsys)
    exec "$program" profile --trace=cuda,nvtx,osrt,cudnn,cublas --force-overwrite=true \
      --output="$output/report" ${NSYS_OPTIONS-} "$@" ;;
  ncu)
    exec "$program" --target-processes all --force-overwrite --export "$output/report" ${NCU_OPTIONS-} "$@" ;;
  nvprof)
    exec "$program" --profile-child-processes --log-file "$output/log_%p.txt" \
      --export-profile "$output/report_%p.nvvp" ${NVPROF_OPTIONS-} "$@" ;;
esac
echo "nvidia_profiler.sh: $tool is none of nsys, ncu, nvprof" >&2
exit 64
