#!/usr/bin/env bash
# Kills a training run at random moments, goes on each time, and compares what it ends with to an undisturbed run:
#   dev/kill-training.sh [KILLS] [SEED]
# It saves after every other step, so many kills hit a save. APUS names the program. Weights and states must agree to the
# bit, and no start may refuse to go on.
set -euo pipefail
kills=${1:-20}
seed=${2:-$$}
apus=${APUS:-$(cd "$(dirname "$0")/.." && pwd)/.build/release/apus}
folder=$(mktemp -d "${TMPDIR:-/tmp}/apus-kill-XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
RANDOM=$seed

for i in $(seq 400); do
  printf 'Line %d says %d and %d, which nobody had expected of a line.\n' "$i" $((RANDOM % 100)) $((RANDOM % 7))
done >text.txt
"$apus" data tokenizer text.txt -o tokenizer --vocabulary 320 >tokenizer.log
cat >run.json <<'EOF'
{
  "model": { "architecture": "llama", "layers": 2, "hidden": 64, "heads": 4 },
  "data": { "train": ["text.txt"], "validation": ["text.txt"], "tokenizer": "tokenizer", "mode": "documents" },
  "batch": { "sequences": 4, "length": 32, "micro": 2 },
  "optimizer": { "learningRate": 0.003, "ema": 0.99 },
  "evaluation": { "every": 7, "batches": 2, "samples": 1, "prompt": "Line", "sampleTokens": 4 },
  "checkpoint": { "every": 2, "keepLast": 3 },
  "steps": 41
}
EOF

# Runs, or goes on, in a folder of its own; exec makes $! the program itself.
train() { exec "$apus" train run.json --set checkpoint.directory="$1" >"$1.log" 2>&1; }

start=$(date +%s%N)
(train whole)
took=$((($(date +%s%N) - start) / 1000000))
last=step-000041

compare() {
  for file in model.safetensors optimizer.safetensors; do
    cmp "whole/$last/$file" "killed/$last/$file" || { echo "seed $seed: $file differs"; exit 1; }
  done
}

done_kills=0 runs=0 damaged=0
while [ "$done_kills" -lt "$kills" ]; do
  train killed &
  child=$!
  # Anything from the first system call to the last; a little longer, so that runs end, too.
  wait_for=$((RANDOM * (took + took / 4) / 32768))
  sleep "$(printf '%d.%03d' $((wait_for / 1000)) $((wait_for % 1000)))"
  if kill -KILL $child 2>/dev/null; then done_kills=$((done_kills + 1)); fi
  status=0
  wait $child 2>/dev/null || status=$?
  if [ "$status" -ne 0 ] && [ "$status" -ne 137 ]; then
    echo "seed $seed: a start after $done_kills kills ended with $status:"
    cat killed.log
    exit 1
  fi
  if grep -q "is damaged" killed.log; then damaged=$((damaged + 1)); fi
  if [ "$status" -eq 0 ]; then
    compare
    runs=$((runs + 1))
    rm -rf killed
  fi
done
(train killed)
compare
# A kill must never damage a checkpoint: it is whole, or it is not there.
[ "$damaged" -eq 0 ] || { echo "seed $seed: $damaged starts found damaged checkpoints"; exit 1; }
echo "$done_kills kills over $((runs + 1)) runs, each to the same bits (seed $seed)"
