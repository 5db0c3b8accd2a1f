#!/usr/bin/env bash
# Checks that Swift sources are formatted as .swift-format says; --fix formats them instead.
set -euo pipefail
cd "$(dirname "$0")/.."
places=()
for place in Package.swift Sources Tests Examples; do
  [ ! -e "$place" ] || places+=("$place")
done
if [ "${1:-}" = --fix ]; then
  swift format --in-place --parallel --recursive "${places[@]}"
else
  swift format lint --strict --parallel --recursive "${places[@]}"
fi
