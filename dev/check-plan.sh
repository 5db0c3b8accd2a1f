#!/usr/bin/env bash
# Compares `apus plan` with what it predicts: for each model given, memory and speed of `apus bench` or `apus bench
# embeddings`; for small, medium and gpt2, of `apus bench training`. Plans and runs take turns, for machines drift.
#   dev/check-plan.sh [-t THREADS] [-r ROUNDS] APUS MODEL…
set -euo pipefail
exec python3 - "$@" <<'PY'
import argparse, json, os, statistics, subprocess, sys

parser = argparse.ArgumentParser(prog="check-plan.sh")
parser.add_argument("-t", dest="threads", default="")
parser.add_argument("-r", dest="rounds", type=int, default=2)
parser.add_argument("apus")
parser.add_argument("models", nargs="+")
asked = parser.parse_args()
threads = ["-t", asked.threads] if asked.threads else []


def run(*words):
    """The JSON in the last line of a command, and the most memory it held."""
    process = subprocess.Popen([asked.apus, *words, *threads, "--json"], stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"apus {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return json.loads(text.strip().splitlines()[-1]), usage.ru_maxrss * 1024


def generation(model, context):
    length = str(min(512, context))
    plan, _ = run("plan", model, "-c", length)
    plan = plan["plans"][0]
    # The bench holds memory of its own, to measure the machine with: a run tells the peak.
    words = "the " * (int(length) - 72)
    _, peak = run("run", model, words, "--raw", "-c", length, "-n", "64", "--ignore-eos", "--temp", "0")
    bench, _ = run("bench", model, "-p", length, "-n", "64", "-r", "3")
    rates = {test["test"]: statistics.median(test["samples"]) for test in bench["results"]}
    yield "memory", plan["memory"]["resident"], peak
    yield "prompt", plan["prompt"]["tokensPerSecond"], rates["pp" + length]
    yield "generation", plan["generation"]["tokensPerSecond"], rates["tg64"]


def embedding(model):
    plan, _ = run("plan", model, "--tokens", "128")
    plan = plan["plans"][0]
    bench, peak = run("bench", "embeddings", model, "--tokens", "128")
    yield "memory", plan["memory"]["resident"], peak
    yield "one text", plan["single"]["tokensPerSecond"], bench["results"][0]["tokensPerSecond"]


def training(size, precision):
    plan, _ = run("plan", "--shape", size, "--precision", precision)
    bench, peak = run("bench", "training", "--shape", size, "--precision", precision, "-r", "3")
    micro = min(plan["sequences"], max(1, 1024 // plan["length"]))
    choice = next(
        c for c in plan["choices"]
        if (c["precision"], c["micro"], c["recompute"]) == (precision, micro, "none"))
    yield "memory", choice["memory"]["total"], peak
    yield "training", choice["tokensPerSecond"], bench["tokensPerSecond"]


errors = {"memory": [], "speed": []}
for model in asked.models:
    name = os.path.basename(model)
    if model in ("small", "medium", "gpt2"):
        measure = [lambda: training(model, "bf16")]
        if model == "small":
            measure.append(lambda: training(model, "f32"))
    else:
        first = run("plan", model, "--memory-only")[0]["plans"][0]
        measure = [
            lambda: generation(model, first["context"]) if first["kind"] == "generation" else embedding(model)]
    for body in measure:
        figures = {}
        for _ in range(asked.rounds):
            for what, predicted, found in body():
                figures.setdefault(what, []).append((predicted, found))
        for what, pairs in figures.items():
            predicted = statistics.median(p for p, _ in pairs)
            found = statistics.median(f for _, f in pairs)
            error = predicted / found - 1
            errors["memory" if what == "memory" else "speed"].append(abs(error))
            unit = 1e6 if what == "memory" else 1
            print(f"{name:32} {what:12} predicted {predicted / unit:10.1f}  found {found / unit:10.1f}"
                  f"  {100 * error:+6.1f} %", flush=True)
for kind, values in errors.items():
    if values:
        print(f"{kind}: median {100 * statistics.median(values):.1f} %, largest {100 * max(values):.1f} % of {len(values)}")
PY
