#!/bin/sh
# Works for a while, then fails: what becomes of a model that ends with an exit code.
echo 'Loading the data.'
echo 'Step 1 of 3 done.'
echo 'Step 2 of 3: the data is damaged.' >&2
exit 3
