#!/bin/sh
# Builds the kernels for 64-bit Arm, holds NEON against portable in an emulator, and portable's bits on Arm against
# portable's bits here.
#
# Needs clang, and on Debian: gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user
set -eu
cd "$(dirname "$0")/.."
out="${TMPDIR:-/tmp}/apus-aarch64"
mkdir -p "$out"
flags="-O2 -Wall -Wextra -Werror -ISources/CApusKernels/include"
sources="Sources/CApusKernels/*.c Sources/CApusKernels/cpus/*.c Tests/CrossCPU/kernels.c"

# shellcheck disable=SC2086
clang $flags $sources -lm -o "$out/kernels-native"
# shellcheck disable=SC2086
clang --target=aarch64-linux-gnu -fuse-ld=lld -static $flags $sources -lm -o "$out/kernels-aarch64"

native=$("$out/kernels-native")
echo "here:        $native"
for cpu in cortex-a57 neoverse-n1 max; do
  arm=$(qemu-aarch64 -cpu "$cpu" "$out/kernels-aarch64")
  echo "$cpu: $arm"
  [ "$arm" = "$native" ] || { echo "the bits differ" >&2; exit 1; }
done
