#!/bin/sh
# note.sh before|after: the counters of all disks at this moment, as disk_traffic_<moment>.csv
here=$(dirname "$0")
awk -f "$here/columns.awk" /proc/diskstats >"disk_traffic_$1.csv"
