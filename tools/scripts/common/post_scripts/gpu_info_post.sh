#!/bin/sh
# gpu_info_post.sh TOOL: the samples of `gpu_info_profiler.sh run` under the tool's name.
set -u
workspace=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
if [ -f "$workspace/prof.csv" ]; then mv "$workspace/prof.csv" "$workspace/${1}_output.csv"; fi
