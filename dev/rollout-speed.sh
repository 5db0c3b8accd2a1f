#!/usr/bin/env bash
# Compares the speed of rollouts with that of bare batched generation by the same engine, turn by turn:
#   dev/rollout-speed.sh APUS MODEL [TURNS]
# Rollouts have prompts to read, draw from the whole vocabulary and keep log-probabilities; the generator, measured behind
# as many tokens as the prompts have, does nothing of these. Their tokens a second and the median of the ratios are told.
set -euo pipefail
apus=${1:?usage: dev/rollout-speed.sh APUS MODEL [TURNS]}
model=${2:?usage: dev/rollout-speed.sh APUS MODEL [TURNS]}
turns=${3:-5}
folder=$(mktemp -d "${TMPDIR:-/tmp}/apus-speed-XXXXXX")
trap 'rm -rf "$folder"' EXIT
"$apus" data problems --count 64 --seed 7 --levels 2-5 --format prompt --output "$folder/prompts.jsonl" 2>"$folder/log"
depth=$(sed 's/.*"prompt":"\([^"]*\)".*/\1/' "$folder/prompts.jsonl" | "$apus" tokenize "$model" --stdin --ids | wc -w)
depth=$((depth / 64))
for _ in $(seq "$turns"); do
  rollouts=$("$apus" rollouts "$model" "$folder/prompts.jsonl" --n 8 --tokens 96 --parallel 16 \
    --output "$folder/answers.jsonl" --force 2>&1 | sed -n 's/.*, \([0-9.]*\) tokens\/s.*/\1/p')
  bare=$("$apus" bench "$model" -p 0 -n 96 --parallel 16 -d "$depth" --budget 6 2>"$folder/log" |
    awk -F '|' '$2 ~ /x16/ { gsub(/ /, "", $3); print $3 }')
  echo "$rollouts $bare" | awk -v depth="$depth" \
    '{ printf "rollouts %d tokens/s, the generator behind %d tokens %d tokens/s: %.1f %%\n", $1, depth, $2, 100 * $1 / $2 }'
done | tee "$folder/turns"
sed 's/.*: //' "$folder/turns" | sort -n | awk '{ ratio[NR] = $1 } END { printf "median %.1f %%\n", ratio[int((NR + 1) / 2)] }'
