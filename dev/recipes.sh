#!/usr/bin/env bash
# Runs every configuration of configs/ end to end, each behind the one it begins with, on text and problems that are made
# here: dev/recipes.sh [FOLDER]
# Pre-training is short and on problems of one step, enough for a network of 384/6/16k to be right now and then: what these
# runs show is that they run, not how good a model can get. Stopped, it goes on where it was. APUS names the program.
set -euo pipefail
cd "$(dirname "$0")/.."
. dev/stages.sh
folder=${1:-out/recipes}
mkdir -p "$folder/data"
ln -sfn "$PWD/configs" "$folder/configs"
cd "$folder"
work=.

problems() { make_file "data/$1.jsonl" "$apus" data problems --levels 1 --count "${@:2}"; }
stories() { make_file "data/$1.jsonl" "$apus" data stories --count "${@:2}"; }
text() {
  problems problems 30000 --seed 1 --reasoning-tags --format text
  stories train 3000 --seed 1
  stories validation 200 --seed 9
  make_file data/tokenizer "$apus" data tokenizer data/problems.jsonl data/train.jsonl --vocabulary 16384 --pattern qwen2 \
    --special '<|endoftext|>'
  problems problems-train 4000 --seed 2 --reasoning-tags
  problems problems-test 500 --seed 2 --reasoning-tags --split test
  problems prompts-train 2000 --seed 3 --format prompt
  problems prompts-test 300 --seed 3 --split test --format prompt
}
train() { stage "$1" "$apus" train "configs/$1.json" "${@:2}"; }
pairs() {
  local part
  for part in train test; do
    make_file "data/preferences-$part.jsonl" "$apus" rollouts out/chain-of-thought/model "data/prompts-$part.jsonl" --n 4 \
      --reward problems --tokens 96 --pairs
  done
}

stage "text" text
train pretrain --set data.train=data/problems.jsonl,data/train.jsonl --set data.validation=data/validation.jsonl \
  --set data.tokenizer=data/tokenizer --set data.mode=documents --set optimizer.name=muon --set schedule.warmup=20 \
  --set steps="${STEPS:-120}"
train chain-of-thought --set epochs=1
stage "pairs" pairs
train dpo
train reward
train grpo --set steps=20
train rlhf-ppo --set steps=10
stage "Q8_0" "$apus" convert out/pretrain/model out/model-q8_0.gguf --type q8_0 --force
train qlora --set model.from=out/model-q8_0.gguf --set steps=60
echo
for name in chain-of-thought dpo grpo rlhf; do
  printf '%s: ' "$name"
  "$apus" rollouts "out/$name/model" data/prompts-test.jsonl --n 1 --temperature 0 --tokens 96 --reward problems \
    --output "out/$name.jsonl" --force 2>&1 | sed -n 's/^accuracy //p'
done
