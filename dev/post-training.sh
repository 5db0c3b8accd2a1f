#!/usr/bin/env bash
# Measures what each way of learning did to the model in the program, and two more ways beside: dev/post-training.sh
# Runs behind `make model`, in out/model: answers without steps beside those with, then, from the finished model, pairs (DPO) and
# a judge (PPO) that like stories with much speech. All are measured on held-out problems and stories; the tables go to
# out/model/post-training.md. Stopped, it goes on where it was. APUS names the program.
set -euo pipefail
cd "$(dirname "$0")/.."
. dev/stages.sh
work=out/model
[ -d "$work/rehearsal/model" ] || { echo "there is no $work/rehearsal/model: 'make model' first" >&2 && exit 1; }
speech="python3 dev/reward-speech.py"

generate() {
  make_file answers-only.jsonl "$apus" data problems --count 20000 --seed 3 --levels 2-5 --answers-only
  make_file test-many.jsonl "$apus" data problems --count 20000 --seed 6 --levels 2-5 --split test --format prompt
  make_file story-prompts.jsonl "$apus" data stories --count 2000 --seed 8 --format prompt
  make_file story-prompts-test.jsonl "$apus" data stories --count 2000 --seed 9 --format prompt
}
pairs() {
  local part
  head -n 1000 "$work/story-prompts.jsonl" >"$work/pair-prompts.jsonl"
  tail -n 200 "$work/story-prompts.jsonl" >"$work/pair-prompts-test.jsonl"
  for part in "" -test; do
    make_file "speech-pairs$part.jsonl" "$apus" rollouts "$work/rehearsal/model" "$work/pair-prompts$part.jsonl" --n 4 \
      --tokens 400 --parallel 64 --reward-command "$speech" --pairs
  done
}

# Answers of MODEL, and what is told of them: measure NAME MODEL PROMPTS [OPTION ...]
measure() {
  local file=$work/measured/$1
  [ -e "$file.jsonl" ] ||
    "$apus" rollouts "$work/$2/model" "$work/$3.jsonl" --parallel 64 "${@:4}" --output "$file.jsonl" 2>"$file.txt"
}
measure_all() {
  mkdir -p "$work/measured"
  local name from
  for name in answers steps grpo rehearsal; do
    measure "$name-greedy" "$name" test --n 1 --temperature 0 --reward problems
    measure "$name-many" "$name" test-many --n 1 --temperature 0 --reward problems
    from=()
    [ "$name" != grpo ] || from=(--reference "$work/steps/model")
    measure "$name-drawn" "$name" test --n 4 --reward problems ${from[@]+"${from[@]}"}
  done
  for name in rehearsal dpo ppo; do
    from=()
    [ "$name" = rehearsal ] || from=(--reference "$work/rehearsal/model")
    measure "$name-speech" "$name" story-prompts-test --n 1 --tokens 400 --reward-command "$speech" ${from[@]+"${from[@]}"}
    measure "$name-judged" "$name" story-prompts-test --n 1 --tokens 400 --reward-model "$work/reward/model"
  done
}

# What a measurement says behind a word: told NAME WORD
told() { sed -n "s/^$2 //p" "$work/measured/$1.txt" | sed 's/, [0-9,]* prompts.*//'; }
divergence() { sed -n 's/^nats an answer from the reference \([0-9.-]*\).*/\1/p' "$work/measured/$1.txt"; }

# The difference between the rewards of two measurements of the same prompts, and its z: difference LESS MORE PROMPTS. Where
# there is one answer to each and it is right or wrong this is McNemar's test; of several answers their mean counts.
difference() {
  paste <(sed 's/.*"reward"://; s/[^-0-9.eE].*//' "$work/measured/$1.jsonl") \
    <(sed 's/.*"reward"://; s/[^-0-9.eE].*//' "$work/measured/$2.jsonl") |
    awk -v prompts="$(wc -l <"$work/$3.jsonl")" '{ d[NR] = $2 - $1 }
      END {
        each = NR / prompts
        for (prompt = 0; prompt < prompts; prompt++) {
          mean = 0
          for (answer = 1; answer <= each; answer++) mean += d[prompt * each + answer] / each
          sum += mean
          squares += mean * mean
        }
        printf "%+.4f, z = %.1f", sum / prompts, (squares > 0 ? sum / sqrt(squares) : 0)
      }'
}
# A row of the last two tables: moved WHAT BEFORE AFTER WORD PROMPTS REFERENCED
moved() {
  echo "| $1 | $(told "$2" "$4") | $(told "$3" "$4") | $(difference "$2" "$3" "$5") | $(divergence "$6") |"
}
tables() {
  local name
  echo "| model | greedy | greedy, 20,000 others | drawn at temperature 1 |"
  echo "|---|---|---|---|"
  for name in answers steps grpo rehearsal; do
    echo "| $name | $(told $name-greedy accuracy) | $(told $name-many accuracy) | $(told $name-drawn accuracy) |"
  done
  echo
  echo "| step | greedy | greedy, 20,000 others | drawn |"
  echo "|---|---|---|---|"
  set -- answers steps grpo rehearsal
  while [ $# -gt 1 ]; do
    echo "| $1 → $2 | $(difference "$1-greedy" "$2-greedy" test) | $(difference "$1-many" "$2-many" test-many) |" \
      "$(difference "$1-drawn" "$2-drawn" test) |"
    shift
  done
  echo
  echo "| learning: its reward | before | after | difference | nats an answer from before |"
  echo "|---|---|---|---|---|"
  moved "GRPO: right answers" steps-drawn grpo-drawn accuracy test grpo-drawn
  moved "DPO: share that is said" rehearsal-speech dpo-speech 'mean reward' story-prompts-test dpo-speech
  moved "PPO: the judge's score" rehearsal-judged ppo-judged 'mean reward' story-prompts-test ppo-speech
  echo
  echo "| what else moved | before | after | difference | nats an answer from before |"
  echo "|---|---|---|---|---|"
  moved "DPO: the judge's score" rehearsal-judged dpo-judged 'mean reward' story-prompts-test dpo-speech
  moved "PPO: share that is said" rehearsal-speech ppo-speech 'mean reward' story-prompts-test ppo-speech
}

stage "text" generate
stage "answers without steps" "$apus" train configs/model/answers.json
stage "pairs of stories" pairs
stage "DPO" "$apus" train configs/model/dpo.json
stage "a judge" "$apus" train configs/model/reward.json
stage "PPO" "$apus" train configs/model/ppo.json
stage "measuring" measure_all
tables | tee "$work/post-training.md"
