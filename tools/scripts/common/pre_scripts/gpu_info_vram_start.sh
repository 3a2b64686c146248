#!/bin/sh
exec sh "$(dirname "$0")/../tools/gpu_info_profiler.sh" start VRAM gpu_info_vram_profiler
