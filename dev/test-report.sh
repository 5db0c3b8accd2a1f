#!/usr/bin/env bash
# Reports of profiles in the programs they are for: pages in headless Chromium, light, dark and on paper; pprof files by
# Google's own schema. What cannot be had is SKIPPED and said so, for the tests of the package need neither.
#
#   dev/test-report.sh [FOLDER]     leaves pages and screenshots there (default: .build-report/samples)
#
# APUS_PYTHON names a Python that has playwright and protobuf; else one is set up in .build-report with pip.
# APUS_SWIFT_TEST is the command that runs tests; `make report-check` gives it that of `make test`, whose build it shares.
set -euo pipefail
cd "$(dirname "$0")/.."
# Without a network pip gives up soon.
export PIP_RETRIES=1 PIP_DEFAULT_TIMEOUT=10
scratch=.build-report
folder=${1:-$scratch/samples}
mkdir -p "$folder"
folder=$(realpath "$folder")
rm -f "$folder"/*.{html,json,md,folded,pprof,png,pdf}

skip() { echo "SKIPPED: $1"; }

echo "==> samples"
log=$scratch/test.log
read -ra run <<<"${APUS_SWIFT_TEST:-swift test}"
APUS_REPORT_SAMPLES=$folder "${run[@]}" --filter SampleReportTests >"$log" 2>&1 || { tail -30 "$log"; exit 1; }
[ -s "$folder/model.html" ] || { echo "no samples were written, see $log"; exit 1; }

# A Python with a module, or nothing.
venv=$scratch/venv
python_with() {
  local python
  for python in "${APUS_PYTHON:-}" "$venv/bin/python" python3; do
    if [ -n "$python" ] && command -v "$python" >/dev/null && "$python" -c "import $1" 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv" >/dev/null 2>&1 || return 0
  "$venv/bin/pip" install --quiet "$2" >/dev/null 2>&1 || return 0
  echo "$venv/bin/python"
}

echo "==> pprof"
python=$(python_with google.protobuf protobuf==7.36.2)
schema=$scratch/schema
if [ -z "$python" ]; then
  skip "pprof: there is no Python with protobuf, and pip cannot install it"
else
  if [ ! -s "$schema/profile_pb2.py" ]; then
    mkdir -p "$schema"
    "$python" -m pip install --quiet setuptools wheel >"$schema/log" 2>&1 || true
    "$python" -m pip download --quiet --no-deps --no-binary :all: --no-build-isolation --dest "$schema" \
      google-cloud-profiler==4.1.0 >>"$schema/log" 2>&1 || true
    for archive in "$schema"/google*cloud*profiler*.tar.gz; do
      if [ -s "$archive" ]; then tar -xzf "$archive" -C "$schema" --strip-components=2 --wildcards '*/profile_pb2.py'; fi
    done
  fi
  if [ ! -s "$schema/profile_pb2.py" ]; then
    skip "pprof: its schema (google-cloud-profiler 4.1.0) cannot be fetched"
  else
    for file in "$folder"/*.pprof; do
      name=${file%.pprof}
      printf '%s: ' "$(basename "$name")"
      PYTHONPATH=$schema "$python" Tests/Fixtures/profile_pprof.py "$name.pprof" "$name.folded" "$name.json"
    done
  fi
fi

echo "==> pages"
chromium=
find_chromium() {
  chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
  [ -n "$chromium" ]
}
if ! find_chromium && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
  echo "installing chromium"
  { apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core; } \
    >"$scratch/apt.log" 2>&1 || true
  find_chromium || true
fi
if [ -z "$chromium" ]; then
  skip "pages: chromium is missing (apt-get install chromium)"
  exit 0
fi
python=$(python_with playwright playwright==1.65.2)
if [ -z "$python" ]; then
  skip "pages: there is no Python with playwright, and pip cannot install it"
  exit 0
fi
"$python" Tests/Fixtures/profile_page.py "$chromium" "$folder"
echo "screenshots are in $folder"
