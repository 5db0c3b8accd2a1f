#!/usr/bin/env bash
# Trains a tiny model with several processes under mpirun: 1, 2 and 4 ranks learn the same, a run goes on with another
# number of ranks, SIGUSR1 stops all with a checkpoint, and a rank that dies, hangs or does something else ends the run
# (F83 of the faults that a careful user expects to survive).
#
#   dev/test-mpi.sh            installs Open MPI with apt-get where it is missing and this may
#   APUS=… dev/test-mpi.sh     with a program that is built already, with --traits MPI
set -euo pipefail
cd "$(dirname "$0")/.."
scratch=.build-mpi

skip() {
  echo "SKIPPED: training with MPI: $1"
  exit 0
}

if ! command -v mpirun >/dev/null || ! command -v mpicc >/dev/null; then
  command -v apt-get >/dev/null || skip "mpirun is missing, and there is no apt-get to install it with"
  [ "$(id -u)" -eq 0 ] || skip "mpirun is missing (apt-get install libopenmpi-dev openmpi-bin)"
  echo "installing Open MPI"
  { apt-get update && apt-get install -y --no-install-recommends libopenmpi-dev openmpi-bin; } >/dev/null 2>&1 ||
    skip "Open MPI cannot be installed"
fi
mpirun --version 2>/dev/null | grep -qi 'open mpi' || skip "the mpirun here is not Open MPI's"

traits=MPI
# The other trait, too, where its libraries are: they must build together.
if printf '#include <zlib.h>\n#include <zstd.h>\n' | cc -E - >/dev/null 2>&1; then traits=MPI,Compression; fi
if [ -z "${APUS:-}" ]; then
  dev/stage.sh "build with $traits" swift build -c release --traits "$traits" --scratch-path "$scratch" --product apus
  APUS=$scratch/release/apus
fi
APUS=$(realpath "$APUS")

# Ranks share these few cores, and a container's user is often root.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
work=$(mktemp -d)
runner=
cleanup() {
  if [ -n "$runner" ]; then kill -KILL "$runner" 2>/dev/null || true; fi
  rm -rf "$work"
}
[ -n "${KEEP:-}" ] || trap cleanup EXIT
cd "$work"

failures=0
check() {
  local name=$1
  shift
  if "$@"; then
    echo "passed: $name"
  else
    echo "FAILED: $name" >&2
    failures=$((failures + 1))
  fi
}
ranks() {
  local count=$1
  shift
  timeout 120 mpirun -n "$count" --oversubscribe --bind-to none "$@"
}
train() { ranks "$1" "$APUS" train "$2" --threads 1 "${@:3}"; }
# into FILE COMMAND…: its output goes into the file, which is shown when it fails.
into() {
  local file=$1
  shift
  "$@" >"$file" 2>&1 || shown "$file" false
}
# shown FILE COMMAND…: shows the file when the command fails.
shown() {
  local file=$1
  shift
  "$@" || {
    sed 's/^/    /' "$file" >&2
    return 1
  }
}

# The text: seeded, with something in it to learn.
awk 'BEGIN {
  split("the a swift wing rain roof old grey sleeps flies falls turns over under on and", words, " ")
  seed = 7
  for (i = 0; i < 30000; i++) {
    seed = (seed * 1103515245 + 12345) % 2147483648
    printf "%s%s", words[int(seed / 65536) % 16 + 1], i % 13 == 12 ? ".\n" : " "
  }
}' >text.txt
"$APUS" data tokenizer --vocabulary 300 --output tokenizer text.txt >/dev/null 2>&1 ||
  { echo "FAILED: no tokenizer" >&2; exit 1; }

# run NAME STEPS: a configuration.
run() {
  cat >"$1.json" <<JSON
{
  "model": { "architecture": "llama", "layers": 2, "hidden": 64, "heads": 4, "vocabulary": 320 },
  "data": { "train": ["text.txt"], "validation": ["text.txt"], "tokenizer": "tokenizer/tokenizer.json" },
  "batch": { "sequences": 16, "length": 32, "micro": 4 },
  "optimizer": { "learningRate": 3e-3 }, "schedule": { "warmup": 2 },
  "evaluation": { "every": 10, "batches": 2, "samples": 1, "sampleTokens": 4 },
  "checkpoint": { "directory": "$1", "every": ${3:-10}, "keepLast": 20 },
  "log": { "every": 1, "html": false, "tensorboard": false },
  "steps": $2
}
JSON
}

losses() { # of a run's log, a line a step
  sed -n 's/.*"step": *\([0-9]*\).*"loss": *\([0-9.e-]*\),.*"learningRate".*/\1 \2/p' "$1/log.jsonl" | sort -n -u
}
same_losses() { # NAME NAME STEPS
  losses "$1" >a.txt
  losses "$2" >b.txt
  [ "$(wc -l <a.txt)" -eq "$3" ] && paste -d ' ' a.txt b.txt | awk '
    { d = $2 - $4; if (d < 0) d = -d; if ($1 != $3 || d > 1e-5 * $2 || $2 == "") { print "step " $1 ": " $2 " and " $4; bad = 1 } }
    END { exit bad }'
}
# The largest difference between two files of f32 numbers of one layout; the headers must be the same.
same_weights() {
  local a=$1/$3/model.safetensors b=$2/$3/model.safetensors header
  header=$(od -A n -t u8 -N 8 "$a" | tr -d ' ')
  cmp -s -n $((header + 8)) "$a" "$b" || { echo "the headers differ"; return 1; }
  paste -d ' ' <(od -A n -v -w4 -t f4 -j $((header + 8)) "$a") <(od -A n -v -w4 -t f4 -j $((header + 8)) "$b") |
    awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > m) m = d } END { if (NR == 0 || m > 2e-5) { print "weights differ by " m; exit 1 } }'
}
same_files() { diff <(cd "$1/$3" && ls) <(cd "$2/$3" && ls); }

for count in 1 2 4; do
  run "of$count" 20
  check "$count ranks: 20 steps" into "of$count.out" train "$count" "of$count.json"
done
run alone 20
check "without mpirun" into alone.out "$APUS" train alone.json --threads 1
check "1 rank under mpirun is a process of its own: the same bits" cmp of1/step-000020/model.safetensors alone/step-000020/model.safetensors
for count in 2 4; do
  check "$count ranks: the losses of 1" same_losses of1 "of$count" 20
  check "$count ranks: the weights of 1" same_weights of1 "of$count" step-000020
  check "$count ranks: the files of 1" same_files of1 "of$count" step-000020
done
check "rank 0 alone speaks" test "$(grep -c "saved of4/step-000020" of4.out)" -eq 1

# 2 → 4 ranks, from a checkpoint in the middle.
cp -r of2 on4
rm -rf on4/step-000020 on4/latest
run on4 20
check "2 ranks, then 4" into on4.out train 4 on4.json
check "2 ranks, then 4: went on" grep -q 'going on after step 10 of 20' on4.out
check "2 ranks, then 4: the losses of 1" same_losses of1 on4 20
check "2 ranks, then 4: the weights of 1" same_weights of1 on4 step-000020

# Until a run that goes on in the background has made a checkpoint.
begin() { # NAME RANKS ARGUMENTS…
  local name=$1 count=$2
  run "$name" 1000000 5
  mpirun -n "$count" --oversubscribe --bind-to none "$APUS" train "$name.json" --threads 1 "${@:3}" \
    >"$name.out" 2>&1 &
  runner=$!
  for _ in $(seq 300); do
    [ -e "$name/step-000005/manifest.json" ] && return 0
    sleep 0.1
  done
  return 1
}
# Waits for it; its exit code in $code.
finish() {
  code=0
  for _ in $(seq 300); do
    kill -0 "$runner" 2>/dev/null || break
    sleep 0.1
  done
  if kill -0 "$runner" 2>/dev/null; then
    kill -KILL "$runner"
    code=timeout
    wait "$runner" 2>/dev/null || true
  else
    wait "$runner" || code=$?
  fi
  runner=
}
rank() { # the process of one of the ranks of the background run
  pgrep -P "$runner" -f ' train ' | sed -n "$1p"
}
usable() { # a run goes on from the last checkpoint of NAME, for a few steps
  local name=$1 last
  last=$(cat "$name/latest")
  last=$((10#${last#step-}))
  train 2 "$name.json" --set steps=$((last + 3)) >"$name.again" 2>&1 && grep -q 'going on after step' "$name.again"
}

check "SIGUSR1: began" shown usr1.out begin usr1 2
kill -USR1 "$runner"
finish
check "SIGUSR1: exit code 0" shown usr1.out test "$code" = 0
check "SIGUSR1: says why" grep -q 'stopped by signal 10\|told to stop' usr1.out
check "SIGUSR1: goes on" shown usr1.again usable usr1

check "killed rank: began" shown killed.out begin killed 3
kill -KILL "$(rank 2)"
finish
check "killed rank: exit code" shown killed.out test "$code" != 0 -a "$code" != timeout
check "killed rank: is told" grep -qi 'killed\|nothing came' killed.out
check "killed rank: nothing is left running" test -z "$(pgrep -f "train killed.json" || true)"
check "killed rank: goes on" shown killed.again usable killed

check "hanging rank: began" shown hanging.out begin hanging 3 --rank-timeout 5
started=$SECONDS
kill -STOP "$(rank 3)"
finish
check "hanging rank: exit code" shown hanging.out test "$code" != 0 -a "$code" != timeout
check "hanging rank: within the time limit" test $((SECONDS - started)) -le 15
check "hanging rank: is named" grep -q 'nothing came from rank [0-2] for 5 s' hanging.out
check "hanging rank: nothing is left running" test -z "$(pgrep -f "train hanging.json" || true)"
check "hanging rank: goes on" shown hanging.again usable hanging

# Ranks that do not do the same.
run other 20
sed 's/"steps": 20/"steps": 30/' other.json >third.json
code=0
ranks 2 "$APUS" train other.json --threads 1 : -n 1 "$APUS" train third.json --threads 1 >other.out 2>&1 || code=$?
check "another configuration: exit code" shown other.out test "$code" -ne 0 -a "$code" -ne 124
check "another configuration: is told" grep -q 'rank 2: its configuration says "steps": 30' other.out
check "another configuration: nothing was written" test ! -e other/log.jsonl

# A rank that cannot open its data.
sed 's/text.txt/missing.txt/' other.json >missing.json
code=0
ranks 1 "$APUS" train other.json --threads 1 : -n 1 "$APUS" train missing.json --threads 1 >missing.out 2>&1 || code=$?
check "missing data: exit code" shown missing.out test "$code" -ne 0 -a "$code" -ne 124
check "missing data: is told" grep -q 'rank 1: .*missing.txt' missing.out

[ "$failures" -eq 0 ] || { echo "$failures checks failed" >&2; exit 1; }
