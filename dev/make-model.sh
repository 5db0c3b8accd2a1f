#!/usr/bin/env bash
# Trains the model that ships, from nothing but seeds, and writes it with its receipt: dev/make-model.sh OUT.gguf
# Text and a tokenizer for it, pre-training, worked solutions and stories as conversations, more solutions in smaller steps,
# its own answers, judged, and at last its right answers beside stories; configs/model has how. Stopped, it goes on where it
# was. APUS names the program; SHARE=500 takes a five-hundredth of everything, to see whether all of it runs.
set -euo pipefail
out=${1:?usage: dev/make-model.sh OUT.gguf}
cd "$(dirname "$0")/.."
. dev/stages.sh
work=out/model
share=${SHARE:-1}
small=()
good=0.5 # rewards of right answers are above
[ "$share" -eq 1 ] || { small=(--set steps=2 --set schedule.warmup=0 --set batch.sequences=4 --set rollout.tokens=64) && good=-1; }
mkdir -p "$work"
started=$SECONDS

problems() { make_file "$1" "$apus" data problems --count $(($2 / share)) "${@:3}"; }
stories() { make_file "$1" "$apus" data stories --count $(($2 / share)) "${@:3}"; }
generate() {
  stories stories.jsonl 50000 --seed 1
  problems problems.jsonl 150000 --seed 1 --levels 2-5 --reasoning-tags --format text
  make_file tokenizer "$apus" data tokenizer "$work/stories.jsonl" "$work/problems.jsonl" --vocabulary 2048 --pattern qwen2 \
    --special '<|endoftext|>' --special '<|im_start|>' --special '<|im_end|>'
  problems sft-problems.jsonl 40000 --seed 2 --levels 2-5 --reasoning-tags
  stories sft-stories.jsonl 10000 --seed 2 --format messages
  problems steps-problems.jsonl 20000 --seed 3 --levels 2-5 --reasoning-tags --explained
  stories steps-stories.jsonl 1200 --seed 3 --format messages
  problems prompts.jsonl 12000 --seed 5 --levels 2-5 --format prompt
  problems own-prompts.jsonl 7000 --seed 7 --levels 2-5 --format prompt
  stories rehearsal-stories.jsonl 5000 --seed 7 --format messages
  problems test.jsonl 2000 --seed 4 --levels 2-5 --split test --format prompt
}
own_answers() {
  make_file own-answers.jsonl "$apus" rollouts "$work/grpo/model" "$work/own-prompts.jsonl" --n 1 --parallel 64 \
    --reward problems --best 1 --above "$good"
}

stage "text" generate
stage "pre-training" "$apus" train configs/model/pretrain.json
stage "conversations" "$apus" train configs/model/sft.json
stage "eight bits" "$apus" convert "$work/sft/model" "$work/sft.gguf" --type q8_0 --force
stage "explained steps" "$apus" train configs/model/steps.json
stage "reinforcement" "$apus" train configs/model/grpo.json ${small[@]+"${small[@]}"}
stage "its right answers" own_answers
stage "rehearsal" "$apus" train configs/model/rehearsal.json

"$apus" convert "$work/rehearsal/model" "$work/model.gguf" --type q8_0 --force
"$apus" rollouts "$work/model.gguf" "$work/test.jsonl" --n 1 --temperature 0 --tokens 256 --reward problems \
  --output "$work/answers.jsonl" --force 2>&1 | tee "$work/evaluation.txt"
accuracy=$(sed -n 's/^accuracy //p' "$work/evaluation.txt")
hash() { sha256sum "$@" 2>/dev/null || shasum -a 256 "$@"; }
data=$(cd "$work" && hash stories.jsonl problems.jsonl sft-problems.jsonl sft-stories.jsonl steps-problems.jsonl \
  steps-stories.jsonl prompts.jsonl own-prompts.jsonl rehearsal-stories.jsonl | hash | cut -d ' ' -f 1)

"$apus" convert "$work/rehearsal/model" "$out" --type q8_0 --force \
  --metadata "general.name=apus-5m" \
  --metadata "general.license=apache-2.0" \
  --metadata "general.description=Tells stories for children and works out problems of numbers step by step, in English" \
  --metadata "apus.receipt.recipe=make model: configs/model/pretrain.json, sft.json, steps.json, grpo.json, rehearsal.json" \
  --metadata "apus.receipt.program=$("$apus" --version)" \
  --metadata "apus.receipt.seeds=text 1, conversations 2, smaller steps 3, prompts 5, rehearsal 7, held-out problems 4, training 1" \
  --metadata "apus.receipt.data=sha256 of the list of sha256 sums of the nine files: $data" \
  --metadata "apus.receipt.evaluation=held-out problems of levels 2 to 5, greedy: $accuracy"
took=$((SECONDS - started))
printf '%s: %s bytes, %d:%02d\n' "$out" "$(wc -c <"$out")" $((took / 60)) $((took % 60))
