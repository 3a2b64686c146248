#!/bin/sh
# Looks for ROCm from TheRock, https://github.com/ROCm/TheRock: its command of the Python packages, then the manifest that
# its archives have. Ends with 127 where there is none.
set -u
found=no
if command -v rocm-sdk >/dev/null 2>&1; then
  found=yes
  echo "TheRock: rocm-sdk $(rocm-sdk version 2>/dev/null) in $(rocm-sdk path --root 2>/dev/null)"
fi
for folder in "${ROCM_PATH-}" "${ROCM_HOME-}" "${HIP_PATH-}" /opt/rocm /usr/local/rocm "${HOME-}/rocm" "${HOME-}/therock"; do
  if [ -n "$folder" ] && [ -f "$folder/share/therock/therock_manifest.json" ]; then
    found=yes
    echo "TheRock: $folder"
    if [ -f "$folder/share/therock/dist_info.json" ]; then cat "$folder/share/therock/dist_info.json"; fi
  fi
done
if [ $found = no ]; then
  echo "therock_check: no ROCm from TheRock in this image: no rocm-sdk on PATH, no share/therock in ROCM_PATH, ROCM_HOME, HIP_PATH, /opt/rocm, /usr/local/rocm" >&2
  exit 127
fi
