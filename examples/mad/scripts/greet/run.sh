#!/bin/sh
# Greets many times, and says how many greetings a second that makes.
set -eu

greetings=2000000
greeting=$(cat /opt/greet/greeting)
now() { cut -d ' ' -f 1 /proc/uptime; }

echo "$greeting from ${MAD_MODEL_NAME:-greet}."
started=$(now)
awk -v greeting="$greeting" -v greetings=$greetings \
  'BEGIN { for (i = 0; i < greetings; i++) said = greeting ", number " i; print "The last one:", said }'
ended=$(now)

awk -v greetings=$greetings -v started="$started" -v ended="$ended" \
  'BEGIN { seconds = ended - started; if (seconds <= 0) seconds = 0.01
           printf "performance: %.1f samples_per_second\n", greetings / seconds }'
