#!/bin/sh
echo "Pre-Script test called $*"
