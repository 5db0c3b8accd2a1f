#!/usr/bin/env bash
# Trains the model that ships, from nothing but seeds, and writes it with its receipt: dev/make-model.sh OUT.gguf
# Text and a tokenizer for it, pre-training, then worked solutions and stories as conversations; configs/model has how.
# Stopped, it goes on where it was. APUS names the program.
set -euo pipefail
out=${1:?usage: dev/make-model.sh OUT.gguf}
cd "$(dirname "$0")/.."
apus=${APUS:-.build/release/apus}
work=out/model
held_out=2000
mkdir -p "$work"
started=$SECONDS
stage() { dev/stage.sh "$@"; }

# Writes FILE by a command that takes --output, unless it is there: `apus data` replaces nothing by itself.
make_file() {
  local file=$work/$1
  shift
  [ -e "$file" ] || "$apus" data "$@" --output "$file"
}

generate() {
  make_file stories.jsonl stories --count 50000 --seed 1
  make_file problems.jsonl problems --count 150000 --seed 1 --levels 2-5 --reasoning-tags --format text
  make_file tokenizer tokenizer "$work/stories.jsonl" "$work/problems.jsonl" --vocabulary 2048 --pattern qwen2 \
    --special '<|endoftext|>' --special '<|im_start|>' --special '<|im_end|>'
  make_file sft-problems.jsonl problems --count 40000 --seed 2 --levels 2-5 --reasoning-tags
  make_file sft-stories.jsonl stories --count 10000 --seed 2 --format messages
  make_file test.jsonl problems --count "$held_out" --seed 4 --levels 2-5 --split test --format prompt
}

stage "text" generate
stage "pre-training" "$apus" train configs/model/pretrain.json
stage "conversations" "$apus" train configs/model/sft.json

"$apus" convert "$work/sft/model" "$work/model.gguf" --type q8_0 --force
"$apus" rollouts "$work/model.gguf" "$work/test.jsonl" --n 1 --temperature 0 --tokens 256 --reward problems \
  --output "$work/answers.jsonl" --force 2>&1 | tee "$work/evaluation.txt"
accuracy=$(sed -n 's/^accuracy //p' "$work/evaluation.txt")
hash() { sha256sum "$@" 2>/dev/null || shasum -a 256 "$@"; }
data=$(cd "$work" && hash stories.jsonl problems.jsonl sft-problems.jsonl sft-stories.jsonl | hash |
  cut -d ' ' -f 1)

"$apus" convert "$work/sft/model" "$out" --type q8_0 --force \
  --metadata "general.name=apus-5m" \
  --metadata "general.license=apache-2.0" \
  --metadata "general.description=Tells stories for children and works out problems of numbers step by step, in English" \
  --metadata "apus.receipt.recipe=make model: configs/model/pretrain.json, sft.json" \
  --metadata "apus.receipt.program=$("$apus" --version)" \
  --metadata "apus.receipt.seeds=text 1, conversations 2, held-out problems 4, training 1" \
  --metadata "apus.receipt.data=sha256 of the list of sha256 sums of the four files: $data" \
  --metadata "apus.receipt.evaluation=held-out problems of levels 2 to 5, greedy: $accuracy"
took=$((SECONDS - started))
printf '%s: %s bytes, %d:%02d\n' "$out" "$(wc -c <"$out")" $((took / 60)) $((took % 60))
