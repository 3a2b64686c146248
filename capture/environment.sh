#!/bin/sh
# Notes what a model runs on: sh environment.sh FOLDER lite|full SECONDS [NAME of a secret variable]...
#
# Each section becomes FOLDER/<section>.txt. FOLDER/index.tsv tells how each went (section, tab, ok, absent, failed or
# late), and has a last line `over` when everything was done. A section that is absent may have no file: most images lack
# most programs. Nothing is installed or changed. Ends with 0 whatever happens, and within SECONDS: what hangs is killed.
#
# Sections that need no program are written by this shell itself, because a start costs more than all of them; the others
# go side by side, those that ask the GPU's driver one after the other.

folder=$1
mode=$2
limit=$3
shift 3
secrets=" $* "
own_pid=$$
umask 077
mkdir -p "$folder" && cd / || exit 0
: >"$folder/index.tsv" || exit 0

# How long one program may take.
each=$((limit * 2 / 5))
[ "$each" -gt 0 ] || each=1

rocm=${ROCM_PATH:-/opt/rocm}
cuda=${CUDA_HOME:-/usr/local/cuda}

# begin NAME ... end: what is printed between them is the section. `state` begins as absent and is raised by what works.
begin() {
  section=$1
  state=absent
  exec 3>&1 4>&2 >"$folder/$section.txt" 2>&1
}

end() {
  exec >&3 2>&4 3>&- 4>&-
  printf '%s\t%s\n' "$section" "$state" >>"$folder/index.tsv"
}

# Sections of which nothing is here.
absent() {
  printf '%s\tabsent\n' "$@" >>"$folder/index.tsv"
}

# A short file of the kernel, by this shell alone.
short() {
  if [ ! -r "$1" ]; then echo "$1: not here"; return; fi
  while IFS= read -r line || [ -n "$line" ]; do printf '%s\n' "$line"; done 2>/dev/null <"$1"
  state=ok
}

# The same, of one line and with its name before it.
value() {
  if [ -r "$1" ] && read -r line <"$1"; then
    printf '%s: %s\n' "$1" "$line"
    state=ok
  fi 2>/dev/null
}

long() {
  if [ ! -r "$1" ]; then echo "$1: not here"; return; fi
  if cat "$1"; then state=ok; else [ "$state" = ok ] || state=failed; fi
}

# Sets `program` to where it is found; ROCm and CUDA are often not on PATH.
find_program() {
  program=
  if command -v "$1" >/dev/null 2>&1; then program=$1; return 0; fi
  for place in "$rocm/bin" /opt/rocm/bin "$cuda/bin" /usr/sbin /sbin /usr/bin; do
    if [ -x "$place/$1" ]; then program=$place/$1; return 0; fi
  done
  return 1
}

# Ends a process and all that descends from it. Each is stopped when it is found, or it would start more meanwhile.
end_tree() {
  tree=" $1 "
  kill -STOP "$1" 2>/dev/null
  grown=yes
  while [ $grown = yes ]; do
    grown=no
    for stat in /proc/[0-9]*/stat; do
      pid=${stat#/proc/}
      pid=${pid%/stat}
      case $tree in *" $pid "*) continue ;; esac
      read -r line 2>/dev/null <"$stat" || continue
      # Behind the name, which may hold anything: state, parent, ...
      set -- ${line##*) }
      case $tree in *" ${2:-none} "*)
        kill -STOP "$pid" 2>/dev/null
        tree="$tree$pid "
        grown=yes ;;
      esac
    done
  done
  kill -KILL $tree 2>/dev/null
}

# The program with these arguments, killed after a while. What it tells is the section's; sets `code`.
limited() {
  "$@" </dev/null &
  child=$!
  {
    trap 'kill "$nap" 2>/dev/null; exit 0' TERM
    sleep "$each" &
    nap=$!
    wait "$nap"
    : >"$folder/.late.$child"
    end_tree "$child"
  } >/dev/null 2>&1 3>&- 4>&- &
  guard=$!
  wait "$child" 2>/dev/null
  code=$?
  kill "$guard" 2>/dev/null
  wait "$guard" 2>/dev/null
}

# say PROGRAM ARGUMENT...: shows what it says, or that it isn't here. One that hung is not asked again.
say() {
  name=$1
  shift
  if ! find_program "$name"; then echo "$name: not here"; return 1; fi
  case $hung in *" $name "*)
    echo "$name: not asked again, it did not answer before"
    state=late
    return 1 ;;
  esac
  printf '$ %s\n' "${shown:-$name${*:+ $*}}"
  limited "$program" "$@"
  if [ -e "$folder/.late.$child" ]; then
    rm -f "$folder/.late.$child"
    echo "$name: no answer within $each s, killed"
    hung="$hung$name "
    state=late
    return 1
  fi
  if [ "$code" -eq 0 ]; then [ "$state" = late ] || state=ok; return 0; fi
  echo "$name: exit code $code"
  [ "$state" = absent ] && state=failed
  return 1
}
hung=' '
shown=

# one SECTION PROGRAM ARGUMENT...
one() {
  if ! find_program "$2"; then absent "$1"; return; fi
  begin "$1"
  shift
  say "$@"
  end
}

# both SECTION PROGRAM QUESTION QUESTION: the second is asked if the first was answered.
both() {
  if ! find_program "$2"; then absent "$1"; return; fi
  begin "$1"
  # A question is none or several words.
  say "$2" $3 && say "$2" $4
  end
}

# --- Sections that this shell writes itself.

is_secret() {
  case $secrets in *" $1 "*) return 0 ;; esac
  case $1 in
    *[Pp][Aa][Ss][Ss][Ww]* | *[Pp][Aa][Ss][Ss][Pp][Hh]* | *[Ss][Ee][Cc][Rr][Ee][Tt]* | *[Cc][Rr][Ee][Dd][Ee][Nn][Tt][Ii][Aa][Ll]* | \
      *[Tt][Oo][Kk][Ee][Nn] | *[Tt][Oo][Kk][Ee][Nn]_* | *[Tt][Oo][Kk][Ee][Nn][Ss] | *[Pp][Ww][Dd] | *[Kk][Ee][Yy] | *[Kk][Ee][Yy]_* | *[Aa][Uu][Tt][Hh]* | *[Cc][Oo][Oo][Kk][Ii][Ee]* | \
      *[Ss][Ii][Gg][Nn][Aa][Tt][Uu][Rr][Ee]* | MAD_MINIO | MAD_AWS_S3 | NAS_NODES)
      case $1 in PWD | OLDPWD) return 1 ;; esac
      return 0 ;;
  esac
  return 1
}

# Line feeds within a value become \001 first, so that each line is one variable, whatever it holds. Those of ROCm and CUDA
# are sections of their own as well.
environment_variables() {
  of_rocm=
  of_cuda=
  begin environment_variables
  if command -v tr >/dev/null 2>&1 && tr '\n\000' '\001\n' <"/proc/$own_pid/environ" >"$folder/.environ" 2>/dev/null; then
    while IFS= read -r line; do
      ! is_secret "${line%%=*}" || line="${line%%=*}=******"
      printf '%s\n' "$line"
      case $line in
        ROCM* | HIP* | HSA* | ROCR* | MIOPEN* | RCCL* | GPU_* | AMD_*) of_rocm="$of_rocm$line
" ;;
        CUDA* | NVIDIA* | NCCL* | CUDNN*) of_cuda="$of_cuda$line
" ;;
      esac
    done <"$folder/.environ"
    : >"$folder/.environ"
    state=ok
  else
    echo "tr or /proc: not here"
  fi
  end
}

# given SECTION TEXT
given() {
  if [ -z "$2" ]; then absent "$1"; return; fi
  begin "$1"
  printf '%s' "$2"
  state=ok
  end
}

os_information() {
  begin os_information
  short /etc/os-release
  value /proc/sys/kernel/osrelease
  value /proc/sys/kernel/version
  end
}

cpu_of_kernel() {
  if [ ! -r /proc/cpuinfo ]; then echo "/proc/cpuinfo: not here"; return; fi
  # The first of them: the others differ in their number and their clock alone.
  while IFS= read -r line && [ -n "$line" ]; do printf '%s\n' "$line"; done </proc/cpuinfo
  state=ok
}

cpu_clocks() {
  value /sys/devices/system/cpu/online
  value /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor
  value /sys/devices/system/cpu/cpu0/cpufreq/scaling_driver
  value /sys/devices/system/cpu/cpu0/cpufreq/scaling_min_freq
  value /sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq
  value /sys/devices/system/cpu/cpufreq/boost
  value /sys/devices/system/cpu/intel_pstate/no_turbo
  value /sys/devices/system/cpu/smt/active
}

numa_balancing() {
  begin numa_balancing
  value /proc/sys/kernel/numa_balancing
  value /sys/devices/system/node/online
  [ $state = ok ] || echo "/proc/sys/kernel/numa_balancing: not here"
  end
}

# What the control group allows: version 2 first, then version 1.
container_limits() {
  begin container_limits
  for name in cpu.max cpuset.cpus.effective cpuset.mems.effective memory.max memory.high memory.swap.max pids.max; do
    value "/sys/fs/cgroup/$name"
  done
  for name in cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us cpuset/cpuset.cpus memory/memory.limit_in_bytes pids/pids.max; do
    value "/sys/fs/cgroup/$name"
  done
  short /proc/self/limits
  end
}

# --- Sections that ask programs.

# Whether there is a list of packages and a program that reads it; `packager` is its name.
find_packager() {
  packager=dpkg-query
  [ -r /var/lib/dpkg/status ] && find_program dpkg-query && return
  packager=rpm
  { [ -d /var/lib/rpm ] || [ -d /usr/lib/sysimage/rpm ]; } && find_program rpm && return
  packager=apk
  [ -r /lib/apk/db/installed ] && find_program apk
}

packages() {
  if ! find_packager; then
    absent packages_installed rocm_packages_installed cuda_packages_installed
    return
  fi
  begin packages_installed
  case $packager in
    dpkg-query) say dpkg-query -W -f '${Package} ${Version}\n' ;;
    rpm) say rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE}\n' ;;
    apk) say apk info -v ;;
  esac
  end
  some_packages rocm_packages_installed 'rocm|^hip|^hsa|rocblas|rocfft|miopen|rccl|amdgpu|comgr|rocprof'
  some_packages cuda_packages_installed 'cuda|nvidia|cudnn|nccl|tensorrt'
}

some_packages() {
  begin "$1"
  if command -v grep >/dev/null 2>&1; then
    if grep -iE "$2" "$folder/packages_installed.txt"; then state=ok; fi
  else
    echo "grep: not here"
    state=failed
  fi
  end
}

pip_list() {
  if ! { find_program python3 || find_program python; }; then absent pip_list; return; fi
  begin pip_list
  name=${program##*/}
  shown='importlib.metadata'
  say "$name" -c 'import importlib.metadata as m
print("\n".join(sorted({"%s==%s" % (d.metadata["Name"], d.version) for d in m.distributions()}, key=str.lower)))' ||
    [ $state = late ] || { shown=; say "$name" -m pip list --format=freeze --disable-pip-version-check; }
  shown=
  end
}

rocm_information() {
  begin rocm_information
  for file in "$rocm"/.info/version*; do [ ! -r "$file" ] || value "$file"; done
  for file in /opt/rocm*; do [ ! -d "$file" ] || { echo "$file"; state=ok; }; done
  value /sys/module/amdgpu/version
  value /sys/module/amdgpu/srcversion
  if find_program hipconfig; then say hipconfig --version; fi
  [ $state != absent ] || echo "$rocm: not here"
  end
}

rocm_repo_setup() {
  begin rocm_repo_setup
  for file in /etc/apt/sources.list.d/*rocm* /etc/apt/sources.list.d/*amdgpu* /etc/yum.repos.d/*rocm* /etc/yum.repos.d/*amdgpu*; do
    [ ! -r "$file" ] || { echo "$file:"; short "$file"; }
  done
  [ $state = ok ] || echo "no package source of ROCm"
  end
}

cuda_information() {
  begin cuda_information
  if [ -r "$cuda/version.json" ]; then short "$cuda/version.json"; fi
  if [ -r /proc/driver/nvidia/version ]; then short /proc/driver/nvidia/version; fi
  if find_program nvcc; then say nvcc --version; fi
  [ $state != absent ] || echo "CUDA: not here"
  end
}

gpu_information() {
  begin gpu_information
  if find_program nvidia-smi; then say nvidia-smi -L; fi
  if find_program amd-smi; then say amd-smi list; fi
  if find_program rocm-smi; then say rocm-smi --showproductname; fi
  if find_program xpu-smi; then say xpu-smi discovery; fi
  for file in /sys/bus/pci/devices/*/class; do
    # Display controllers and processing accelerators.
    read -r line 2>/dev/null <"$file" || continue
    case $line in 0x03* | 0x12*)
      device=${file%/class}
      read -r vendor <"$device/vendor" && read -r product <"$device/device" &&
        echo "${device##*/} vendor $vendor device $product" && [ $state = late ] || state=ok ;;
    esac
  done
  [ $state != absent ] || echo "no GPU, and no program of one"
  end
}

of_rocm_smi() {
  set -- rocm_smi ifwi_version rocm_smi_showhw rocm_smi_pcie rocm_smi_pids rocm_smi_topology rocm_smi_showserial \
    rocm_smi_showperflevel rocm_smi_showrasinfo rocm_smi_showxgmierr rocm_smi_clocks rocm_smi_showcompute_partition \
    rocm_smi_nodesbwi rocm_smi_gpudeviceid
  if ! find_program rocm-smi; then absent "$@"; return; fi
  one rocm_smi rocm-smi
  one ifwi_version rocm-smi --showvbios
  one rocm_smi_showhw rocm-smi --showhw
  one rocm_smi_pcie rocm-smi -c
  one rocm_smi_pids rocm-smi --showpids
  one rocm_smi_topology rocm-smi --showtopo
  one rocm_smi_showserial rocm-smi --showserial
  one rocm_smi_showperflevel rocm-smi --showperflevel
  one rocm_smi_showrasinfo rocm-smi --showrasinfo all
  one rocm_smi_showxgmierr rocm-smi --showxgmierr
  one rocm_smi_clocks rocm-smi -cga
  one rocm_smi_showcompute_partition rocm-smi --showcomputepartition
  one rocm_smi_nodesbwi rocm-smi --shownodesbw
  one rocm_smi_gpudeviceid rocm-smi -i
}

gpus() {
  gpu_information
  both amd_smi amd-smi version static
  of_rocm_smi
  one rocm_info rocminfo
  both nvidia_smi nvidia-smi '' -q
  both xpu_smi xpu-smi discovery --version
}

hardware() {
  begin hardware_information
  for name in sys_vendor product_name product_version product_serial board_vendor board_name; do
    value "/sys/class/dmi/id/$name"
  done
  say lshw -short
  say lspci
  end
  begin bios_settings
  for name in bios_vendor bios_version bios_date bios_release; do value "/sys/class/dmi/id/$name"; done
  say dmidecode -t bios
  end
  # The reference calls it so.
  begin dmsg_gpu_drm_atom_logs
  if find_program dmesg && command -v grep >/dev/null 2>&1; then
    say dmesg >"$folder/.dmesg" 2>&1
    grep -iE 'drm|amdgpu|nvrm|nvidia|i915| xe ' "$folder/.dmesg" || echo "no line about a GPU, or no right to read it"
    rm -f "$folder/.dmesg"
  else
    echo "dmesg or grep: not here"
  fi
  end
  begin amdgpu_modinfo
  for driver in amdgpu nvidia i915 xe; do
    [ -d "/sys/module/$driver" ] || continue
    value "/sys/module/$driver/version"
    value "/sys/module/$driver/srcversion"
    for file in "/sys/module/$driver/parameters"/*; do value "$file"; done
    say modinfo "$driver"
  done
  [ $state != absent ] || echo "no driver of a GPU is loaded"
  end
}

# --- In which order.

os_information
environment_variables
# For what is asked from here on.
LC_ALL=C
export LC_ALL
given rocm_env_variables "$of_rocm"
given cuda_env_variables "$of_cuda"
numa_balancing
container_limits
rocm_repo_setup
begin memory_information
if command -v cat >/dev/null 2>&1; then long /proc/meminfo; else short /proc/meminfo; fi
end

# Where nothing can be asked, "not here" costs no process.
beside=
if find_program lscpu; then
  { begin cpu_information; say lscpu; cpu_clocks; end; } &
  beside="$beside $!"
else
  begin cpu_information
  cpu_of_kernel
  cpu_clocks
  end
fi
if find_packager; then packages & beside="$beside $!"; else packages; fi
if find_program python3 || find_program python; then pip_list & beside="$beside $!"; else pip_list; fi
any=no
for name in nvidia-smi amd-smi rocm-smi rocminfo xpu-smi nvcc hipconfig; do if find_program $name; then any=yes; fi; done
if [ $any = yes ]; then
  { rocm_information; cuda_information; gpus; } &
  beside="$beside $!"
else
  rocm_information
  cuda_information
  gpus
fi
if [ "$mode" = full ]; then hardware & beside="$beside $!"; fi

if [ -n "$beside" ]; then
  late=no
  trap 'late=yes' ALRM
  {
    trap 'kill "$nap" 2>/dev/null; exit 0' TERM
    sleep "$limit" &
    nap=$!
    wait "$nap"
    : >"$folder/.late"
    for pid in $beside; do end_tree "$pid"; done
    # Some processes can't be ended as long as their driver hangs. Again and again, as a signal that comes just before
    # a wait doesn't end it.
    while kill -ALRM "$own_pid"; do sleep 1; done
  } >/dev/null 2>&1 &
  clock=$!
  for pid in $beside; do
    [ $late = yes ] || wait "$pid" 2>/dev/null
  done
  kill "$clock" 2>/dev/null
  if [ -e "$folder/.late" ]; then rm -f "$folder/.late"; exit 0; fi
fi
echo over >>"$folder/index.tsv"
exit 0
