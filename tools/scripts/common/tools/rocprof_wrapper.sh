#!/bin/sh
# rocprof_wrapper.sh OPTIONS -- COMMAND…
# Runs a command under the newest of AMD's profilers that the image has. The options are those of rocprofv3:
# https://rocm.docs.amd.com/projects/rocprofiler-sdk/en/latest/how-to/using-rocprofv3.html
# Where only the older ones are there, their tracing options take their place, as far as they have such:
# https://rocm.docs.amd.com/projects/rocprofiler/en/latest/reference/rocprof-command.html
# https://rocm.docs.amd.com/projects/rocprofiler/en/latest/reference/rocprofv2-command.html
# Results lie in rocprof_output/ beside the model's folder, unless the options name a folder with -d.
set -u

workspace=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
output=$workspace/rocprof_output

# Not exported: the model keeps its own PATH.
find_program() {
  (PATH=$PATH:${ROCM_PATH:-/opt/rocm}/bin:/opt/rocm/bin; command -v "$1")
}

has_separator=no
has_folder=no
for word in "$@"; do
  case $word in
    --) has_separator=yes; break ;;
    -d | --output-directory | --output-directory=*) has_folder=yes ;;
  esac
done
if [ $has_separator = no ]; then
  echo "rocprof_wrapper.sh: no -- between the profiler's options and the command: $*" >&2
  exit 64
fi

if program=$(find_program rocprofv3); then
  [ $has_folder = yes ] || set -- -d "$output" "$@"
  # `A=1 command` is for a shell; env does the same. What follows the first -- is the command.
  count=$#
  seen=no
  while [ "$count" -gt 0 ]; do
    word=$1
    shift
    count=$((count - 1))
    set -- "$@" "$word"
    if [ $seen = no ] && [ "$word" = -- ]; then
      seen=yes
      case ${1-} in *=*) [ "$count" -eq 0 ] || set -- "$@" env ;; esac
    fi
  done
  mkdir -p "$output"
  exec "$program" "$@"
fi

# The older profilers: each option becomes theirs, or is refused.
traces=
stats=
while [ "$1" != -- ]; do
  case $1 in
    --runtime-trace | -r | --hip-trace) traces="$traces --hip-trace" ;;
    --sys-trace | -s) traces="$traces --sys-trace" ;;
    --hsa-trace) traces="$traces --hsa-trace" ;;
    --marker-trace) traces="$traces --roctx-trace" ;;
    --kernel-trace | --memory-copy-trace) ;;
    --stats | -S) stats=--stats ;;
    *)
      echo "rocprof_wrapper.sh: $1 needs rocprofv3, which is not in this image" >&2
      exit 127 ;;
  esac
  shift
done
shift
case ${1-} in *=*) set -- env "$@" ;; esac
mkdir -p "$output"

if program=$(find_program rocprof); then
  exec "$program" ${stats:---stats} $traces -o "$output/results.csv" "$@"
elif program=$(find_program rocprofv2); then
  exec "$program" $traces --plugin file -d "$output" "$@"
fi
echo "rocprof_wrapper.sh: neither rocprofv3 nor rocprof nor rocprofv2 is in this image" >&2
exit 127
