#!/usr/bin/env bash
# Runs the recipe of the model in the program on a five-hundredth of its text, in a folder of its own: dev/check-recipe.sh
# What comes of it knows nothing, but every stage has run. APUS names the program.
set -euo pipefail
cd "$(dirname "$0")/.."
apus=$(realpath "${APUS:-.build/release/apus}")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ln -s "$PWD/dev" "$PWD/configs" "$folder"
SHARE=500 APUS=$apus "$folder/dev/make-model.sh" "$folder/model.gguf"
told=$("$apus" run "$folder/model.gguf" "Tell me a story." -n 20 --seed 1)
[ -n "$told" ] || { echo "the model says nothing" >&2 && exit 1; }
"$apus" inspect "$folder/model.gguf" --metadata | grep apus.receipt
