#!/usr/bin/env bash
# Checks that `apus bench` notices what it should and nothing else: a slowdown of 5 % injected into an operation that takes
# at least 5 % of the time is found and named within three minutes of measuring, side by side and against a kept result;
# equals raise no alarm.
#
#   dev/check-bench.sh APUS MODEL [PART…]     parts: rival, against, equals, kept; all of them without
#
# SECONDS_EACH (150) is the length of a search for the slowdown, EQUALS (6) and EQUAL_SECONDS (30) the number and length
# of comparisons side by side, KEPT (8) and KEPT_SECONDS (20) those of results that are compared with one another.
set -euo pipefail
apus=$1
model=$2
shift 2
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(rival against equals kept)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tests=(--suite "prefill,decode" -p 128 -n 32 -d 0)
failures=0

# Runs a comparison; leaves its exit code in $code and prints what it says of tests and operations.
compare() {
  code=0
  "$apus" "$@" > "$folder/out" || code=$?
  if [ $code != 0 ] && [ $code != 3 ]; then
    echo "the comparison failed with exit code $code"
    exit 1
  fi
  sed -n -E 's/^(SLOWER|faster|doubtful|no difference|note)/    &/p' "$folder/out"
}

# An operation of 5 to 40 % of the time of a test: not the one that is nearly everything.
operation() {
  "$apus" bench "$model" "${tests[@]}" -r 3 --profile --results "$folder" --save shares |
    awk -F'|' 'NF == 6 && / %/ { gsub(/^ +| +$/, "", $3); share = $5 + 0; if (share >= 5 && share < 40 && share > most) { most = share; name = $3 } }
      END { print name }'
}

name=$(operation)
[ -n "$name" ] || { echo "no operation takes 5 to 40 % of the time"; exit 1; }

for part in "${parts[@]}"; do
  case $part in
    rival | against)
      echo "==> $part: 5 % more for '$name', ${SECONDS_EACH:-150} s"
      if [ "$part" = rival ]; then
        compare bench "$model" "${tests[@]}" --rival-set "handicap=$name=1.05" --budget "${SECONDS_EACH:-150}"
      else
        half=$((${SECONDS_EACH:-150} / 2))
        "$apus" bench "$model" "${tests[@]}" --budget $half --results "$folder" --save base > /dev/null
        compare bench "$model" "${tests[@]}" --budget $half --results "$folder" --against base --handicap "$name=1.05"
      fi
      if [ $code = 3 ] && grep -qF "SLOWER: " "$folder/out" && grep "^SLOWER: " "$folder/out" | grep -qF ": $name is "; then
        echo "    found and named"
      else
        echo "    NOT FOUND"
        failures=$((failures + 1))
      fi
      ;;
    equals)
      alarms=0
      count=${EQUALS:-6}
      for ((i = 1; i <= count; i++)); do
        compare bench "$model" "${tests[@]}" --rival-set cache-type=f16 --budget "${EQUAL_SECONDS:-30}"
        [ $code = 0 ] || alarms=$((alarms + 1))
      done
      echo "==> equals side by side: $alarms alarms in $count comparisons"
      [ $((alarms * 20)) -le "$count" ] || failures=$((failures + 1))
      ;;
    kept)
      alarms=0
      count=0
      for ((i = 1; i <= ${KEPT:-8}; i++)); do
        "$apus" bench "$model" "${tests[@]}" --budget "${KEPT_SECONDS:-20}" --results "$folder" --save "run-$i" > /dev/null
        for ((j = 1; j < i; j++)); do
          compare bench compare "run-$j" "run-$i" --results "$folder"
          count=$((count + 1))
          [ $code = 0 ] || alarms=$((alarms + 1))
        done
      done
      echo "==> equals kept: $alarms alarms in $count comparisons"
      [ $((alarms * 20)) -le "$count" ] || failures=$((failures + 1))
      ;;
    *)
      echo "unknown part '$part': rival, against, equals or kept"
      exit 2
      ;;
  esac
done
[ $failures = 0 ] || exit 1
