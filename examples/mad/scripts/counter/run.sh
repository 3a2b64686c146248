#!/bin/sh
# Counts a text in batches. --kind lines|words; --batch_size N: lines taken at a time; the last one given counts.
set -eu

kind=lines
batch_size=64
while [ $# -ge 2 ]; do
  case $1 in
    --kind) kind=$2 ;;
    --batch_size) batch_size=$2 ;;
    *) echo "There is no option $1." >&2; exit 2 ;;
  esac
  shift 2
done

rounds=20
if [ ! -s /opt/counter/text ]; then
  echo "There is no text to count in /opt/counter." >&2
  exit 1
fi
now() { cut -d ' ' -f 1 /proc/uptime; }

started=$(now)
counted=$(
  for _ in $(seq $rounds); do cat /opt/counter/text; done |
    awk -v kind="$kind" -v batch_size="$batch_size" '
      { batch += kind == "words" ? NF : 1 }
      NR % batch_size == 0 { total += batch; batch = 0; batches++ }
      END { print total + batch, batches + (batch > 0) }'
)
ended=$(now)

echo "Counted ${counted% *} $kind in ${counted#* } batches of $batch_size lines."
awk -v counted="${counted% *}" -v kind="$kind" -v started="$started" -v ended="$ended" \
  'BEGIN { seconds = ended - started; if (seconds <= 0) seconds = 0.01
           printf "performance: %.1f %s_per_second\n", counted / seconds, kind }'
