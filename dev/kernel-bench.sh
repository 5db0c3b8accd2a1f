#!/bin/sh
# Builds and runs the kernel timings: dev/kernel-bench.sh [table] [rows|attention|gemm|all]
set -eu
cd "$(dirname "$0")/.."
out="${TMPDIR:-/tmp}/apus-kernel-bench"
mkdir -p "$out"
for source in Sources/CApusKernels/*.c Sources/CApusKernels/cpus/*.c; do
  object="$out/$(basename "$source").o"
  if [ -n "$(find Sources/CApusKernels -newer "$object" -print 2>/dev/null || echo new)" ] || [ ! -f "$object" ]; then
    clang -O2 -Wall -Wextra -ISources/CApusKernels/include -c "$source" -o "$object.new"
    mv "$object.new" "$object"
  fi
done
clang -O2 -Wall -Wextra -ISources/CApusKernels/include dev/kernel-bench.c "$out"/*.o -lm -o "$out/kernel-bench"
exec "$out/kernel-bench" "$@"
