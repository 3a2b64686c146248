#!/bin/sh
# Samples the power or the memory in use of GPUs, in the background, into a CSV file with one column for each GPU.
#
#   gpu_info_profiler.sh start PREFIX TOOL   begins, and leaves a process behind
#   gpu_info_profiler.sh stop PREFIX TOOL    ends it
#   gpu_info_profiler.sh run COMMAND…        samples while a command runs, into prof.csv
#
# PREFIX is POWER or VRAM: POWER_DEVICE (all, or a list such as 0,1), POWER_SAMPLING_RATE (seconds between two samples),
# POWER_MODE (power, vram) and POWER_OUTPUT_FILE, else the same names without a prefix. GPU_INFO_SOURCE names where
# values come from: amd-sysfs, amd-smi, rocm-smi, nvidia-smi, xpu-smi, intel-sysfs; without it the first that answers.
#
# amd-sysfs: https://docs.kernel.org/gpu/amdgpu/thermal.html (microwatts), https://docs.kernel.org/gpu/amdgpu/driver-misc.html
# amd-smi: https://rocm.docs.amd.com/projects/amdsmi/en/latest/how-to/amdsmi-cli-tool.html
# nvidia-smi: https://docs.nvidia.com/deploy/nvidia-smi/index.html
# xpu-smi: https://intel.github.io/xpumanager/smi_user_guide.html (metric 1: W, metric 5: %)
# intel-sysfs: https://docs.kernel.org/gpu/xe/index.html, energy1_input of hwmon in microjoules
set -u
here=$(cd "$(dirname "$0")" && pwd) || exit 1
workspace=$(cd "$here/../../.." && pwd) || exit 1
PATH=$PATH:${ROCM_PATH:-/opt/rocm}/bin:/opt/rocm/bin

act=${1-}
[ $# -eq 0 ] || shift
prefix=
tool=gpu_info_profiler
case $act in
  start | stop) prefix=$1; tool=$2 ;;
  run) ;;
  *) echo "gpu_info_profiler.sh: start, stop or run, not '$act'" >&2; exit 64 ;;
esac

# The variable with the prefix, else the one without it, else a default.
setting() {
  eval "value=\${${prefix:+${prefix}_}$1-}"
  [ -n "$value" ] || eval "value=\${$1-}"
  echo "${value:-$2}"
}
case $prefix in VRAM) mode=$(setting MODE vram) ;; *) mode=$(setting MODE power) ;; esac
case $mode in
  power) title='Power(Watt)' ;;
  vram) title='vram(%)' ;;
  *) echo "$tool: MODE is power or vram, not $mode" >&2; exit 64 ;;
esac
devices=$(setting DEVICE all | tr -d ' ')
rate=$(setting SAMPLING_RATE 0.1)
case $rate in '' | *[!0-9.]* | *.*.* | *[!.0]*) ;; *) rate=none ;; esac
case $rate in '' | *[!0-9.]* | *.*.*) echo "$tool: SAMPLING_RATE is seconds above 0, not '$(setting SAMPLING_RATE 0.1)'" >&2; exit 64 ;; esac
file=prof.csv
[ "$act" = run ] || file=$(setting OUTPUT_FILE "${tool}_output.csv")
case $file in */* | .*) echo "$tool: OUTPUT_FILE is a name without folders, not $file" >&2; exit 64 ;; esac
output=$workspace/$file
state=$workspace/.$tool.pid

# Each source prints one line with ` <GPU>:<value>` for each GPU that says something.

amd_sysfs() {
  number=0
  for node in /sys/class/drm/renderD*; do
    [ "$(cat "$node/device/vendor" 2>/dev/null)" = 0x1002 ] && [ -e "/dev/dri/${node##*/}" ] || continue
    if [ "$mode" = power ]; then
      for reading in "$node"/device/hwmon/hwmon*/power1_average "$node"/device/hwmon/hwmon*/power1_input; do
        value=$(cat "$reading" 2>/dev/null) || continue
        case $value in '' | *[!0-9]* | 0) continue ;; esac
        printf ' %s:%s.%03d' $number $((value / 1000000)) $((value / 1000 % 1000))
        break
      done
    else
      total=$(cat "$node/device/mem_info_vram_total" 2>/dev/null)
      used=$(cat "$node/device/mem_info_vram_used" 2>/dev/null)
      case ${total:-x}${used:-x} in *[!0-9]*) ;; *)
        [ "$total" -eq 0 ] || printf ' %s:%s.%02d' $number $((used * 100 / total)) $((used * 10000 / total % 100)) ;;
      esac
    fi
    number=$((number + 1))
  done
}

amd_smi() {
  if [ "$mode" = power ]; then set -- --power; else set -- --mem-usage; fi
  amd-smi metric "$@" --csv 2>/dev/null | awk -F, -v mode="$mode" '
    { sub(/\r$/, "") }
    $1 == "gpu" { delete at; for (i = 1; i <= NF; i++) at[$i] = i; next }
    !("gpu" in at) || $at["gpu"] !~ /^[0-9]+$/ { next }
    mode == "power" {
      split("socket_power current_socket_power average_socket_power power", names, " ")
      for (i = 1; i <= 4; i++) if ((names[i] in at) && $at[names[i]] ~ /^[0-9.]+/) {
        printf " %s:%s", $at["gpu"], $at[names[i]] + 0; break
      }
      next
    }
    ("total_vram" in at) && $at["total_vram"] > 0 { printf " %s:%.2f", $at["gpu"], $at["used_vram"] * 100 / $at["total_vram"] }'
}

rocm_smi() {
  if [ "$mode" = power ]; then
    rocm-smi --showpower --csv 2>/dev/null | awk -F, '
      $1 ~ /^card[0-9]+$/ { for (i = 2; i <= NF; i++) if ($i ~ /^[0-9.]+$/) { sub(/card/, "", $1); printf " %s:%s", $1, $i; break } }'
  else
    rocm-smi --showmeminfo vram --csv 2>/dev/null | awk -F, '
      $1 ~ /^card[0-9]+$/ && $2 > 0 { sub(/card/, "", $1); printf " %s:%.2f", $1, $3 * 100 / $2 }'
  fi
}

nvidia_smi() {
  if [ "$mode" = power ]; then
    nvidia-smi --query-gpu=index,power.draw --format=csv,noheader,nounits 2>/dev/null |
      awk -F ', *' '$2 ~ /^[0-9.]+$/ { printf " %s:%s", $1, $2 }'
  else
    nvidia-smi --query-gpu=index,memory.used,memory.total --format=csv,noheader,nounits 2>/dev/null |
      awk -F ', *' '$3 > 0 { printf " %s:%.2f", $1, $2 * 100 / $3 }'
  fi
}

xpu_smi() {
  if [ "$mode" = power ]; then metric=1; else metric=5; fi
  xpu-smi dump -d -1 -m $metric -n 1 2>/dev/null | awk -F ', *' '$2 ~ /^[0-9]+$/ && $3 ~ /^ *[0-9.]+ *$/ { printf " %s:%s", $2, $3 + 0 }'
}

# Power is the energy between two looks; the driver tells no memory in use.
intel_sysfs() {
  [ "$mode" = power ] || return 0
  intel_energy
  before=$energy
  sleep "$rate"
  intel_energy
  for now in $energy; do
    for then in $before; do
      [ "${now%%:*}" = "${then%%:*}" ] || continue
      printf ' %s' "$(awk -v n="$now" -v t="$then" -v s="$rate" 'BEGIN { split(n, a, ":"); split(t, b, ":"); printf "%s:%.3f", a[1], (a[2] - b[2]) / 1000000 / s }')"
    done
  done
}
intel_energy() {
  energy=
  number=0
  for node in /sys/class/drm/renderD*; do
    [ "$(cat "$node/device/vendor" 2>/dev/null)" = 0x8086 ] && [ -e "/dev/dri/${node##*/}" ] || continue
    for reading in "$node"/device/hwmon/hwmon*/energy1_input; do
      value=$(cat "$reading" 2>/dev/null) && energy="$energy $number:$value"
    done
    number=$((number + 1))
  done
}

sample() {
  case $source in
    amd-sysfs) amd_sysfs ;;
    amd-smi) amd_smi ;;
    rocm-smi) rocm_smi ;;
    nvidia-smi) nvidia_smi ;;
    xpu-smi) xpu_smi ;;
    intel-sysfs) intel_sysfs ;;
  esac
}

choose_source() {
  case ${GPU_INFO_SOURCE:-${MAD_GPU_VENDOR-}} in
    AMD) candidates='amd-sysfs amd-smi rocm-smi' ;;
    NVIDIA) candidates=nvidia-smi ;;
    INTEL) candidates='xpu-smi intel-sysfs' ;;
    amd-sysfs | amd-smi | rocm-smi | nvidia-smi | xpu-smi | intel-sysfs) candidates=$GPU_INFO_SOURCE ;;
    *) candidates='amd-sysfs amd-smi rocm-smi nvidia-smi xpu-smi intel-sysfs' ;;
  esac
  for source in $candidates; do
    case $source in *-sysfs) ;; *) command -v "$source" >/dev/null 2>&1 || continue ;; esac
    first=$(sample)
    [ -z "$first" ] || return 0
  done
  echo "$tool: none of $(echo "$candidates" | sed 's/ /, /g') is in this image and tells the ${mode} of a GPU" >&2
  return 1
}

# The numbers of the GPUs that were asked for.
choose_gpus() {
  chosen=
  for pair in $first; do
    case $devices in
      all) chosen="$chosen ${pair%%:*}" ;;
      *) case ,$devices, in *,"${pair%%:*}",*) chosen="$chosen ${pair%%:*}" ;; esac ;;
    esac
  done
  if [ -z "$chosen" ]; then
    echo "$tool: DEVICE $devices names none of the GPUs here:$(for pair in $first; do printf ' %s' "${pair%%:*}"; done)" >&2
    return 1
  fi
}

case $(date -u +%3N 2>/dev/null) in
  [0-9][0-9][0-9]) now() { date -u +%Y-%m-%dT%H:%M:%S.%3NZ; } ;;
  *) now() { date -u +%Y-%m-%dT%H:%M:%SZ; } ;;
esac

# One row of the file: the time, and the value of each GPU or nothing.
row() {
  line=$(now)
  for gpu in $chosen; do
    case "$1 " in
      *" $gpu:"*) value=${1#*" $gpu:"}; value=${value%% *} ;;
      *) value= ;;
    esac
    line=$line,$value
  done
  echo "$line"
}

keep_sampling() {
  while :; do
    # Some sleeps know whole seconds only.
    sleep "$rate" 2>/dev/null || sleep 1
    row "$(sample)"
  done
}

begin() {
  for program in awk date sed sleep tr; do
    command -v $program >/dev/null 2>&1 || { echo "$tool: $program is not in this image" >&2; return 127; }
  done
  choose_source && choose_gpus || return 127
  {
    printf time
    for gpu in $chosen; do printf ',%s GPU%s' "$title" "$gpu"; done
    echo
    row "$first"
  } >"$output" || return 1
  keep_sampling </dev/null >>"$output" 2>/dev/null &
  sampler=$!
  echo "$tool: sampling the $mode of GPU$chosen every $rate s, from $source, into $file"
}

finish() {
  kill "$1" 2>/dev/null || return 0
  while kill -0 "$1" 2>/dev/null && [ "$(ps_state "$1")" != Z ]; do sleep 0.1 2>/dev/null || sleep 1; done
}
# A process that ended and that nobody has asked for yet is still there, in state Z.
ps_state() {
  read -r line 2>/dev/null <"/proc/$1/stat" || return 0
  set -- ${line##*) }
  echo "${1-}"
}

case $act in
  start)
    begin || exit
    echo "$sampler" >"$state" ;;
  stop)
    [ -f "$state" ] || exit 0
    read -r sampler <"$state"
    rm -f "$state"
    case $sampler in *[!0-9]* | '') exit 0 ;; esac
    finish "$sampler"
    echo "$tool: $(($(wc -l <"$output") - 1)) samples in $file" ;;
  run)
    begin || exit
    case ${1-} in *=*) set -- env "$@" ;; esac
    sh "$here/dual_gcd.sh" "$@"
    code=$?
    finish "$sampler"
    exit $code ;;
esac
