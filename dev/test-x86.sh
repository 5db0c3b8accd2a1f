#!/bin/sh
# Holds the kernels of older x86 processors against portable in an emulator, and portable's bits there against those here:
# one without AVX (portable alone), one without FMA, one with AVX2.
#
# Needs clang, and on Debian: qemu-user. AVX-512 is not emulated; a machine that has it runs those tables in `make test`.
set -eu
cd "$(dirname "$0")/.."
[ "$(uname -m)" = x86_64 ] || { echo "SKIPPED: older x86 processors: this is $(uname -m)"; exit 0; }
out="${TMPDIR:-/tmp}/apus-x86"
mkdir -p "$out"
sources="Sources/CApusKernels/*.c Sources/CApusKernels/cpus/*.c Tests/CrossCPU/kernels.c"
# shellcheck disable=SC2086
clang -O2 -Wall -Wextra -Werror -ISources/CApusKernels/include $sources -static -lm -o "$out/kernels"

native=$("$out/kernels")
echo "here:        $native"
for cpu in Nehalem IvyBridge Haswell; do
  older=$(qemu-x86_64 -cpu "$cpu" "$out/kernels" 2>"$out/$cpu.log" || { cat "$out/$cpu.log" >&2; exit 1; })
  echo "$cpu: $older ($(sed -n 's/: compared$//p' "$out/$cpu.log" | paste -sd ' ' -))"
  [ "$older" = "$native" ] || { echo "the bits differ" >&2; exit 1; }
done
grep -q '^avx2: compared' "$out/Haswell.log" || { echo "Haswell should run avx2" >&2; exit 1; }
