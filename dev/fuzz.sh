#!/bin/sh
# Fuzzes every reader under libFuzzer and AddressSanitizer: dev/fuzz.sh [seconds per target] [target ...]
#
# A target is Tests/Fuzz/NameFuzz.swift, for example GGUF. The rooms it may import are built with coverage into
# .build-fuzz; NameSeeds.swift, where it is there, writes the first inputs. Inputs that found something are left
# in .build-fuzz/findings; each becomes a test.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
targets=${*:-$(cd Tests/Fuzz && ls | sed -n 's/Fuzz\.swift$//p')}
rooms="ApusFiles ApusText"
export ASAN_OPTIONS=detect_leaks=0

# Incremental: only what changed since the last run is built again.
for room in $rooms; do
  swift build --scratch-path .build-fuzz -c release --target "$room" --sanitize address \
    -Xswiftc -sanitize=fuzzer >.build-fuzz.log 2>&1 ||
    { cat .build-fuzz.log; exit 1; }
done
rm -f .build-fuzz.log
build=$(swift build --scratch-path .build-fuzz -c release --show-bin-path)
# The package manager names a package after its directory.
package=$(basename "$PWD" | tr '[:upper:]' '[:lower:]')
flags="-O -g -use-ld=lld -parse-as-library -package-name $package -I $build/Modules"
for map in "$build"/*.build/module.modulemap; do flags="$flags -Xcc -fmodule-map-file=$map"; done
for headers in Sources/C*/include; do flags="$flags -I $headers"; done
objects=$(find "$build" -name '*.o' -path '*.build/*')
mkdir -p .build-fuzz/findings

status=0
for target in $targets; do
  corpus=.build-fuzz/corpus/$target
  mkdir -p "$corpus"
  if [ -f "Tests/Fuzz/${target}Seeds.swift" ]; then
    # shellcheck disable=SC2086
    swiftc $flags -sanitize=address -o ".build-fuzz/${target}Seeds" "Tests/Fuzz/${target}Seeds.swift" \
      Tests/ApusTestSupport/TinyGGUF.swift Tests/ApusTestSupport/BrokenGGUF.swift \
      Tests/ApusTestSupport/TinySafetensors.swift Tests/ApusTestSupport/BrokenSafetensors.swift $objects
    ".build-fuzz/${target}Seeds" "$corpus"
  fi
  # shellcheck disable=SC2086
  swiftc $flags -sanitize=fuzzer,address -o ".build-fuzz/${target}Fuzz" "Tests/Fuzz/${target}Fuzz.swift" $objects
  ".build-fuzz/${target}Fuzz" -max_total_time="$seconds" -timeout=5 -malloc_limit_mb=64 -max_len=8192 \
    -artifact_prefix=".build-fuzz/findings/$target-" -print_final_stats=1 "$corpus" || status=1
done
exit $status
