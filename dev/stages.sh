# What scripts of many stages share, to be read by them: . dev/stages.sh
# Stages are processes that call functions of the script, so everything is exported.
set -a
apus=$(realpath "${APUS:-.build/release/apus}")
stage_program=$PWD/dev/stage.sh
stage() { "$stage_program" "$@"; }

# Writes FILE, below $work, by a command that takes --output, unless it is there: make_file FILE COMMAND [ARGUMENT ...]
# A file is there when it is whole: apus writes it under another name first.
make_file() { [ -e "$work/$1" ] || "${@:2}" --output "$work/$1"; }
