#!/bin/sh
# miopen_build_latest.sh REVISION: builds MIOpen at a commit, tag or branch of its repository and installs it.
# https://rocm.docs.amd.com/projects/MIOpen/en/latest/install/build-source.html
# The revision has to be named: what is built must be known from the context alone.
set -eu
if [ $# -eq 0 ]; then
  echo 'miopen_build_latest.sh: name the commit or tag to build: {"path": "…/miopen_build_latest.sh", "args": "<commit>"}' >&2
  exit 64
fi
for program in git cmake make; do
  command -v $program >/dev/null 2>&1 || { echo "miopen_build_latest.sh: $program is not in this image" >&2; exit 127; }
done
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
git -C "$source" init --quiet
git -C "$source" remote add origin https://github.com/ROCm/MIOpen.git
git -C "$source" fetch --quiet --depth 1 origin -- "$1"
git -C "$source" checkout --quiet --detach FETCH_HEAD
echo "MIOpen $(git -C "$source" rev-parse HEAD)"
rocm=${ROCM_PATH:-/opt/rocm}
cmake -S "$source" -B "$source/build" -DMIOPEN_BACKEND=HIP -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
  -DCMAKE_PREFIX_PATH="$rocm" -DCMAKE_INSTALL_PREFIX="$rocm" -DCMAKE_CXX_COMPILER="$rocm/llvm/bin/clang++"
cmake --build "$source/build" --parallel "$(nproc)"
cmake --install "$source/build"
