#!/bin/sh
echo "Post-Script test called $*"
