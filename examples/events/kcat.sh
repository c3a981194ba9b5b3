#!/usr/bin/env bash
# Prints the events of all jobs as they happen, one line each: kcat.sh [brokers]
set -euo pipefail
exec kcat -C -q -u -b "${1:-127.0.0.1:9094}" -t marid.job-events -o beginning -f '%k %h\n  %s\n'
