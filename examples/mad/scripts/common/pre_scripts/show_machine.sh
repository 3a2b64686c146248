#!/bin/sh
# Prints on what a model runs. Not run by itself: a context names it under "pre_scripts".
echo "Kernel $(uname -r), $(grep -c '^processor' /proc/cpuinfo) processors."
