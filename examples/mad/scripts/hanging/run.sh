#!/bin/sh
# Never comes to an end by itself: what becomes of a model that exceeds its card's `timeout` of 5 seconds.
echo 'Waiting for something that never comes.'
sleep 3600
echo 'performance: 1 samples_per_second'
