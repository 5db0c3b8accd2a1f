#!/usr/bin/env bash
# Sets up what Apus is measured against: llama.cpp built for this CPU, its Python bindings, and the Python packages
# of the scripts here, all in one folder that can be deleted. Nothing of it is needed to build, run or test Apus.
#
#   ./setup.sh [FOLDER]        default: .build-peers in the package, which git ignores
#
# llama.cpp's source comes inside the source package of llama-cpp-python on PyPI, so its version is pinned by that
# package's. Run it again after an interruption; what is done is not done twice. Needs python3, cmake and a C++
# compiler. JOBS=N compiles with N jobs (default: one per processor).
set -euo pipefail

version=0.3.36
folder=${1:-"$(dirname "$0")/../../.build-peers"}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
python="$folder/venv/bin/python"

[ -x "$python" ] || python3 -m venv "$folder/venv"
"$python" -m pip install --quiet numpy==2.4.6 gguf==0.19.0 diskcache==5.6.3 jinja2==3.1.6 typing_extensions==4.16.0

source="$folder/llama-cpp-python-$version"
if [ ! -f "$source/vendor/llama.cpp/CMakeLists.txt" ]; then
  "$python" -m pip download --quiet --no-deps --no-binary llama-cpp-python --dest "$folder" "llama-cpp-python==$version"
  mkdir -p "$source.part"
  tar xzf "$folder/llama_cpp_python-$version.tar.gz" -C "$source.part" --strip-components 1
  rm -rf "$source" && mv "$source.part" "$source"
fi

generator=()
command -v ninja >/dev/null && generator=(-G Ninja)
[ -f "$folder/llama/CMakeCache.txt" ] && generator=()
cmake -S "$source/vendor/llama.cpp" -B "$folder/llama" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON \
  -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_UI=OFF >"$folder/cmake.log" 2>&1 ||
  { tail -n 20 "$folder/cmake.log" >&2; exit 1; }
cmake --build "$folder/llama" --parallel "${JOBS:-$(nproc)}" \
  --target llama-bench llama-quantize llama-completion llama-perplexity >"$folder/build.log" 2>&1 ||
  { tail -n 20 "$folder/build.log" >&2; exit 1; }

echo "python    $python"
echo "bench     $folder/llama/bin/llama-bench"
echo "library   $folder/llama/bin"
echo "bindings  $source"
echo "source    $source/vendor/llama.cpp"
