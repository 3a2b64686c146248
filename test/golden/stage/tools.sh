#!/bin/sh
# The stages of one run. Without an argument: all of them. With a number: that stage alone, in this process.
madengine_control=/madengine
madengine_workspace=/myworkspace
if command -v bash >/dev/null 2>&1; then madengine_shell=bash; else madengine_shell=sh; fi

case ${1-} in
  0) # pre_script: tool test_tools_A: scripts/common/test_echo.sh
    cd "${madengine_workspace}"/run_directory || exit 126
    exec "${madengine_shell}" "${madengine_workspace}"/scripts/common/test_echo.sh pre_script A
    exit ;;
  1) # pre_script: tool gpu_info_power_profiler: scripts/common/pre_scripts/gpu_info_power_start.sh
    cd "${madengine_workspace}"/run_directory || exit 126
    exec "${madengine_shell}" "${madengine_workspace}"/scripts/common/pre_scripts/gpu_info_power_start.sh
    exit ;;
  2) # pre_script: scripts/mine.sh
    cd "${madengine_workspace}"/run_directory || exit 126
    exec "${madengine_shell}" "${madengine_workspace}"/scripts/mine.sh a b
    exit ;;
  3) # pre_script: tool rocprof needs rocprofv3 or rocprof or rocprofv2
    cd "${madengine_workspace}"/run_directory || exit 126
    exec sh -c 'PATH=$PATH:${ROCM_PATH:-/opt/rocm}/bin:/opt/rocm/bin:/usr/local/cuda/bin
for program in "$@"; do
  command -v "$program" >/dev/null 2>&1 && exit 0
done
echo "tool $0: this image has no $(echo "$@" | sed '\''s/ / and no /g'\'')" >&2
exit 127' rocprof rocprofv3 rocprof rocprofv2
    exit ;;
  4) # run
    cd "${madengine_workspace}"/run_directory || exit 126
    eval 'echo cmd_A && sh ../scripts/common/tools/dual_gcd.sh sh ../scripts/common/tools/rocprof_wrapper.sh --runtime-trace -- numactl -N 0 "${madengine_shell}" run.sh --bs 32'
    exit ;;
  5) # post_script: scripts/after.sh
    cd "${madengine_workspace}"/run_directory || exit 126
    exec "${madengine_shell}" "${madengine_workspace}"/scripts/after.sh
    exit ;;
  6) # post_script: tool gpu_info_power_profiler: scripts/common/post_scripts/gpu_info_power_stop.sh
    cd "${madengine_workspace}"/run_directory || exit 126
    exec "${madengine_shell}" "${madengine_workspace}"/scripts/common/post_scripts/gpu_info_power_stop.sh
    exit ;;
  7) # post_script: tool test_tools_A: scripts/common/test_echo.sh
    cd "${madengine_workspace}"/run_directory || exit 126
    exec "${madengine_shell}" "${madengine_workspace}"/scripts/common/test_echo.sh post_script A
    exit ;;
  8) # give_back
    cd "${madengine_workspace}" || exit 126
    exec sh -c 'chown -hR "$1" "$2"; chown -hR "$1" "$3"' give_back 1000:1000 "${madengine_workspace}" "${madengine_control}"
    exit ;;
esac
[ $# -eq 0 ] || exit 64

madengine_program=$madengine_control/stages.sh
madengine_output=$madengine_control/output.log
madengine_marks=$madengine_control/stages.tsv
( umask 077; : >>"$madengine_output"; : >>"$madengine_marks" )
exec >>"$madengine_output" 2>&1 </dev/null

madengine_status=0
madengine_signal=
madengine_offset=
madengine_child=
if env --default-signal=INT,QUIT true 2>/dev/null; then madengine_reset=env
elif command -v perl >/dev/null 2>&1; then madengine_reset=perl
else madengine_reset=none
fi

# Time in seconds and bytes of output so far. The wc of busybox would read the whole file.
madengine_look() {
  if ! read -r madengine_uptime madengine_rest 2>/dev/null </proc/uptime; then
    madengine_uptime=$(date +%s 2>/dev/null) || madengine_uptime=0
  fi
  madengine_offset=$(stat -c %s "$madengine_output" 2>/dev/null) ||
    madengine_offset=$(wc -c 2>/dev/null <"$madengine_output") || madengine_offset=-
}

# Blanks around the numbers go away by leaving them unquoted.
madengine_mark() {
  printf "$@" >>"$madengine_marks"
}

madengine_start() {
  case $madengine_reset in
    env) exec env --default-signal=INT,QUIT sh "$madengine_program" "$1" ;;
    perl) exec perl -e '$SIG{INT} = $SIG{QUIT} = "DEFAULT"; exec @ARGV' sh "$madengine_program" "$1" ;;
    *) exec sh "$madengine_program" "$1" ;;
  esac
}

madengine_stage() {
  [ "$3" = always ] || [ "$madengine_status$madengine_signal" = 0 ] || return 0
  # A stage starts where the one before has ended.
  [ -n "$madengine_offset" ] || madengine_look
  madengine_mark 'start\t%s\t%s\t%s\t%s\n' "$1" "$2" $madengine_uptime $madengine_offset
  madengine_start "$1" &
  madengine_last=$!
  if [ "$3" != always ]; then
    madengine_child=$madengine_last
    [ -z "$madengine_signal" ] || madengine_end "$madengine_child"
  fi
  while :; do
    # Some shells tell here that it was killed, which the exit code tells too.
    wait "$madengine_last" 2>/dev/null
    madengine_code=$?
    # Above 128 it may have been a signal to us that ended the waiting.
    [ "$madengine_code" -gt 128 ] && kill -0 "$madengine_last" 2>/dev/null || break
  done
  madengine_child=
  madengine_look
  madengine_mark 'end\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" $madengine_uptime $madengine_offset "$madengine_code"
  [ "$madengine_status" -ne 0 ] || madengine_status=$madengine_code
}

madengine_over() {
  [ -n "$madengine_offset" ] || madengine_look
  madengine_status=${madengine_signal:-$madengine_status}
  madengine_mark 'over\t%s\t%s\t%s\n' $madengine_uptime $madengine_offset "$madengine_status"
  exit "$madengine_status"
}

# Ends a process and all that descends from it.
madengine_end() {
  madengine_tree=" $1 "
  madengine_grown=yes
  while [ $madengine_grown = yes ]; do
    madengine_grown=no
    for madengine_file in /proc/[0-9]*/stat; do
      madengine_pid=${madengine_file#/proc/}
      madengine_pid=${madengine_pid%/stat}
      case $madengine_tree in *" $madengine_pid "*) continue ;; esac
      read -r madengine_line 2>/dev/null <"$madengine_file" || continue
      # What follows the name, which may hold anything: state, parent, …
      set -- ${madengine_line##*) }
      case $madengine_tree in *" ${2:-none} "*)
        madengine_tree="$madengine_tree$madengine_pid "
        madengine_grown=yes ;;
      esac
    done
  done
  kill -TERM $madengine_tree 2>/dev/null
}

madengine_stop() {
  [ -z "$madengine_signal" ] || return 0
  madengine_signal=$1
  [ -z "$madengine_child" ] || madengine_end "$madengine_child"
}
trap 'madengine_stop 129' HUP
trap 'madengine_stop 130' INT
trap 'madengine_stop 143' TERM

madengine_stage 0 pre_script unless_failed
madengine_stage 1 pre_script unless_failed
madengine_stage 2 pre_script unless_failed
madengine_stage 3 pre_script unless_failed
madengine_stage 4 run unless_failed
madengine_stage 5 post_script unless_failed
madengine_stage 6 post_script always
madengine_stage 7 post_script always
madengine_stage 8 give_back always
madengine_over
