#!/bin/sh
# Stands in for a profiler or a vendor's tool under any name: says how it was called, writes what it was to write, and runs
# the command that it was given.
name=${0##*/}
case "$name $*" in
  'amd-smi metric --power --csv') printf 'gpu,socket_power,gfx_voltage\n0,150,1\n1,N/A,1\n2,250,1\n'; exit ;;
  'amd-smi metric --mem-usage --csv') printf 'WARNING: x\ngpu,total_vram,used_vram,free_vram\n0,200,50,150\n2,200,100,100\n'; exit ;;
  'rocm-smi --showpower --csv') printf 'device,Average Graphics Package Power (W)\ncard0,91.0\ncard1,N/A\n\n'; exit ;;
  'rocm-smi --showmeminfo vram --csv') printf 'device,VRAM Total Memory (B),VRAM Total Used Memory (B)\ncard0,400,100\n'; exit ;;
  'nvidia-smi --query-gpu=index,power.draw --format=csv,noheader,nounits') printf '0, 61.5\n1, [N/A]\n'; exit ;;
  'nvidia-smi --query-gpu=index,memory.used,memory.total --format=csv,noheader,nounits') printf '0, 100, 400\n'; exit ;;
  'xpu-smi dump -d -1 -m 1 -n 1') printf 'Timestamp, DeviceId, GPU Power (W)\n06:14:46.000,    0, 14.61\n'; exit ;;
  'xpu-smi dump -d -1 -m 5 -n 1') printf 'Timestamp, DeviceId, GPU Memory Utilization (%%)\n06:14:46.000,    0, 25.50\n'; exit ;;
  'rtl trace --help') echo '  --mode MODE'; exit ;;
  'rocm-sdk version') echo 7.10.0; exit ;;
  'rocm-sdk path --root') echo /opt/rocm; exit ;;
esac
echo "called: $name $*"
last=
while [ $# -gt 0 ]; do
  case $last in
    -d) echo "$name" >"$1/${name}_results.db" ;;
    -o | --export | --export-profile | --log-file) case $1 in */*) echo "$name" >"$1" ;; esac ;;
  esac
  case $1 in
    --output=*) echo "$name" >"${1#--output=}.nsys-rep" ;;
    sh | bash | env) break ;;
  esac
  last=$1
  shift
done
exec "$@"
