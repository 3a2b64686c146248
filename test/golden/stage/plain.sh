#!/bin/sh
# The stages of one run. Without an argument: all of them. With a number: that stage alone, in this process.
madengine_control=/madengine
madengine_workspace=/myworkspace
if command -v bash >/dev/null 2>&1; then madengine_shell=bash; else madengine_shell=sh; fi

case ${1-} in
  0) # run
    cd "${madengine_workspace}"/run_directory || exit 126
    exec "${madengine_shell}" run.sh
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

madengine_stage 0 run unless_failed
madengine_over
