#!/bin/sh
exec sh "$(dirname "$0")/../tools/gpu_info_profiler.sh" start POWER gpu_info_power_profiler
