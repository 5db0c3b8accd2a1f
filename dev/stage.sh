#!/usr/bin/env bash
# Runs one stage of a build with its name before and its time after: dev/stage.sh NAME COMMAND [ARGUMENT ...]
# COMMAND may be a function that the caller exports; it ends at its first failure.
set -euo pipefail
name=$1
shift
printf '\n==> %s\n' "$name"
start=$SECONDS
set +e
(
  set -e
  "$@"
)
status=$?
set -e
took=$((SECONDS - start))
if [ "$status" -eq 0 ]; then
  printf '<== %s: %d:%02d\n' "$name" $((took / 60)) $((took % 60))
else
  printf '<== %s: failed with exit code %d after %d:%02d\n' "$name" "$status" $((took / 60)) $((took % 60)) >&2
fi
exit "$status"
