#!/bin/sh
# get_library_trace.sh COMMAND…: runs it with the logs of libraries turned on, and counts their calls in library_trace.csv,
# each by what it can be done again with. Lines of calls are counted instead of shown; everything else passes.
#
# TRACE_MODE is a list of rocblas, hipblaslt, miopen, tensile, rccl, nccl, onednn, or `all`: those of the node's vendor.
# ROCBLAS_TRACE=1, HIPBLASLT_TRACE=1 and so on add one each. What turns the logs on:
# https://rocm.docs.amd.com/projects/rocBLAS/en/latest/reference/logging.html (2 bench, 4 profile)
# https://rocm.docs.amd.com/projects/hipBLASLt/en/latest/reference/env-variables.html (32 bench)
# https://rocm.docs.amd.com/projects/MIOpen/en/latest/how-to/debug-log.html
# https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/env.html
# https://uxlfoundation.github.io/oneDNN/dev_guide_verbose.html
set -u
workspace=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1
table=$workspace/library_trace.csv
status=$workspace/.library_trace.$$

case ${TRACE_MODE-} in
  *all*)
    case ${MAD_GPU_VENDOR-} in
      NVIDIA) modes=nccl ;;
      INTEL) modes=onednn ;;
      *) modes='rocblas hipblaslt miopen tensile rccl' ;;
    esac ;;
  *) modes=$(echo "${TRACE_MODE-}" | tr ',' ' ') ;;
esac
[ "${ROCBLAS_TRACE-0}" != 1 ] || modes="$modes rocblas"
[ "${HIPBLASLT_TRACE-0}" != 1 ] || modes="$modes hipblaslt"
[ "${MIOPEN_TRACE-0}" != 1 ] || modes="$modes miopen"
[ "${TENSILE_TRACE-0}" != 1 ] || modes="$modes tensile"
[ "${RCCL_TRACE-0}" != 1 ] || modes="$modes rccl"
[ "${NCCL_TRACE-0}" != 1 ] || modes="$modes nccl"
[ "${ONEDNN_TRACE-0}" != 1 ] || modes="$modes onednn"

collectives=nccl
[ "${MAD_GPU_VENDOR-}" = NVIDIA ] || collectives=rccl
for mode in $modes; do
  case $mode in
    rocblas) export ROCBLAS_LAYER=6 ;;
    hipblaslt) export HIPBLASLT_LOG_MASK=32 ;;
    miopen) export MIOPEN_ENABLE_LOGGING_CMD=1 ;;
    tensile) export TENSILE_DB=0x8000 ;;
    rccl) export NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT,COLL RCCL_KERNEL_COLL_TRACE_ENABLE=1 ;;
    nccl) collectives=nccl; export NCCL_DEBUG=INFO NCCL_DEBUG_SUBSYS=INIT,COLL ;;
    onednn) export ONEDNN_VERBOSE=1 ;;
    *) echo "get_library_trace.sh: no library $mode: there are rocblas, hipblaslt, miopen, tensile, rccl, nccl, onednn, all" >&2; exit 64 ;;
  esac
done

case ${1-} in *=*) set -- env "$@" ;; esac

# mawk reads pipes in blocks unless told otherwise, and a model's output would come late. But then what it reads is spoilt
# once it has closed a file (seen with 1.3.4 on a read of several lines): its table is written at the end alone.
interactive=
often=1
if awk -W version 2>&1 </dev/null | grep -q '^mawk'; then interactive='-W interactive'; often=0; fi

: >"$status" || exit 1
trap 'rm -f "$status"' EXIT
# Counting goes on until the model's last line, whoever gets a signal meanwhile.
{ "$@"; echo $? >"$status"; } 2>&1 | (
  trap '' HUP INT TERM
  LC_ALL=C exec awk $interactive \
    -v table="$table" -v job="${JENKINS_BUILD_NUMBER-0}" -v model="${MAD_MODEL_NAME-}" \
    -v created="$(date -u +%Y-%m-%dT%H:%M:%SZ)" -v collectives=$collectives -v often=$often '
    function quoted(text) { gsub(/"/, "\"\"", text); return "\"" text "\"" }
    # What is killed has a table, too: it is written again after twice as many calls, later after each 20,000.
    function count(library, config, calls) {
      sub(/[ \t\r]+$/, "", config)
      if (!((library, config) in counts)) { order[++kinds] = library SUBSEP config }
      counts[library, config] += calls
      if (!often || ++seen < due) return
      due = seen < 20000 ? 2 * seen : seen + 20000
      write_table()
    }
    function write_table(  i, parts) {
      print "jobid,created_date,model,library,config,calls" >table
      for (i = 1; i <= kinds; i++) {
        split(order[i], parts, SUBSEP)
        print quoted(job) "," quoted(created) "," quoted(model) "," parts[1] "," quoted(parts[2]) "," counts[parts[1], parts[2]] >table
      }
      close(table)
    }
    function from(pattern) { return match($0, pattern) ? substr($0, RSTART) : "" }
    function field(name) { return match($0, " " name " [^ ]+") ? substr($0, RSTART, RLENGTH) : "" }
    /\.\/rocblas-bench / { count("rocblas", from("\\./rocblas-bench "), 1); next }
    /rocblas_function:/ {
      calls = match($0, /call_count: *[0-9]+/) ? substr($0, RSTART, RLENGTH) : "1"
      gsub(/[^0-9]/, "", calls)
      config = from("rocblas_function:")
      sub(/, *call_count: *[0-9]+/, "", config)
      sub(/ *}.*$/, "", config)
      count("rocblas_function", config, calls + 0)
      next
    }
    /hipblaslt-bench / { count("hipblaslt", from("hipblaslt-bench "), 1); next }
    /MIOpen\(HIP\): Command/ && /MIOpenDriver / { count("miopen", from("\\./bin/MIOpenDriver |MIOpenDriver "), 1); next }
    /Running kernel: / { count("tensile", from("Running kernel: "), 1); next }
    /NCCL INFO [A-Za-z]+: opCount / {
      match($0, /NCCL INFO [A-Za-z]+:/)
      call = substr($0, RSTART + 10, RLENGTH - 11)
      ranks = match($0, /\[nranks=[0-9]+\]/) ? " " substr($0, RSTART + 1, RLENGTH - 2) : ""
      count(collectives, call field("count") field("datatype") field("op") field("root") ranks, 1)
      next
    }
    /^(onednn|dnnl)_verbose,.*,exec,/ { config = $0; sub(/,[^,]*$/, "", config); count("onednn", config, 1); next }
    { print; fflush() }
    END { write_table() }'
)
code=$(cat "$status")
exit "${code:-1}"
