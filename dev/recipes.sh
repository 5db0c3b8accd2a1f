#!/usr/bin/env bash
# Runs every configuration of configs/ end to end, each behind the one it begins with, on text and problems that are made
# here: dev/recipes.sh [FOLDER]
# Pre-training is short and on problems of one step, enough for a network of 384/6/16k to be right now and then: what these
# runs show is that they run, learn and resume, not how good a model can get. APUS names the program.
set -euo pipefail
set -a # stages are processes: they call functions from here
cd "$(dirname "$0")/.."
apus=$(realpath "${APUS:-.build/release/apus}")
work=${1:-out/recipes}
mkdir -p "$work/data"
ln -sfn "$PWD/configs" "$work/configs"
stage=$(realpath dev/stage.sh)
cd "$work"

problems() { "$apus" data problems --levels 1 --reasoning-tags "$@" --force; }
text() {
  problems --count 30000 --seed 1 --format text --output data/problems.jsonl
  "$apus" data stories --count 3000 --seed 1 --output data/stories.jsonl --force
  "$apus" data tokenizer data/problems.jsonl data/stories.jsonl --vocabulary 16384 --pattern qwen2 --special '<|endoftext|>' \
    --output data/tokenizer --force
  problems --count 4000 --seed 2 --output data/problems-train.jsonl
  problems --count 500 --seed 2 --split test --output data/problems-test.jsonl
  problems --count 2000 --seed 3 --format prompt --output data/prompts-train.jsonl
  problems --count 300 --seed 3 --split test --format prompt --output data/prompts-test.jsonl
  cp data/stories.jsonl data/train.jsonl
  "$apus" data stories --count 200 --seed 9 --output data/validation.jsonl --force
}
train() {
  local config=$1
  shift
  "$stage" "$config" "$apus" train "configs/$config.json" "$@"
}
pairs() {
  for part in train test; do
    "$apus" rollouts out/chain-of-thought/model "data/prompts-$part.jsonl" --n 4 --reward problems --tokens 96 --pairs \
      --output "data/preferences-$part.jsonl" --force
  done
}

"$stage" "text" text
train pretrain --set data.train=data/problems.jsonl,data/stories.jsonl --set data.validation=data/validation.jsonl \
  --set data.tokenizer=data/tokenizer --set data.mode=documents --set optimizer.name=muon --set schedule.warmup=20 --set steps="${STEPS:-120}"
train chain-of-thought --set epochs=1
"$stage" "pairs" pairs
train dpo
train reward
train grpo --set steps=20
train rlhf-ppo --set steps=10
"$stage" "Q8_0" "$apus" convert out/pretrain/model out/model-q8_0.gguf --type q8_0 --force
train qlora --set model.from=out/model-q8_0.gguf --set steps=60
echo
for name in chain-of-thought dpo grpo rlhf; do
  printf '%s: ' "$name"
  "$apus" rollouts "out/$name/model" data/prompts-test.jsonl --n 1 --temperature 0 --tokens 96 --reward problems \
    --output "out/$name.jsonl" --force 2>&1 | sed -n 's/^accuracy //p'
done
