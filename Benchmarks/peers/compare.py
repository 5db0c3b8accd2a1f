#!/usr/bin/env python3
"""Apus and llama.cpp on the same files, in turn (A B A B), so that a machine that drifts treats both alike.

    python compare.py APUS MODEL.gguf [MODEL.gguf …] [-p 512] [-n 64] [-d 4096,8192] [-b 4] [-r 3] [-t 2] [--rounds 2]
                      [--kv q8_0] [--cpu avx2] [--repack 1,0] [--fa off,on] [--peers FOLDER] [--llama LLAMA_BENCH]

llama.cpp runs with its weights repacked and not, with flash attention and without; for each test the setting with the
best median counts. A round runs each of the four settings once, each with a run of Apus just before it. Printed: the
medians, the median of the ratios of neighbouring runs (a slow minute hits both), and their range; the last line is
JSON with every single run. Above 1 Apus is faster. A machine that does something else as well is reported, since on
two cores one other process halves everything.

-d measures with so many tokens in the cache as well, and prints what depth adds: t(d) − t(0) in seconds for the whole
test, of llama.cpp in the setting that is best at that depth, and the ratio, below 1 if depth costs Apus less. -b also
generates with so many sequences at once, Apus only, and prints the tokens per second of all as a multiple of one's.
--kv sets the format of the cache of both; q8_0 needs flash attention in llama.cpp, so only that is run. --cpu avx2
forces Apus's table of that name and takes the llama.cpp that `setup.sh --avx2` built. --repack and --fa restrict the
settings, for measurements that would take too long.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

BUILDS = {None: "llama", "avx2": "llama-avx2"}


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        sys.exit(f"{' '.join(command)} failed with {done.returncode}: {''.join(said)}")
    return done.stdout


def name(kind, tokens, depth, sequences=1):
    return f"{kind}{tokens}" + (f"x{sequences}" if sequences > 1 else "") + (f" @ d{depth}" if depth else "")


def apus(o, model):
    command = [o.apus, "bench", model, "-p", o.p, "-n", o.n, "-d", depths(o), "-r", o.r, "-t", o.t, "--json"]
    if o.kv:
        command += ["--cache-type", o.kv]
    if o.b > 1:
        command += ["--parallel", str(o.b)]
    out = run(command, env=dict(os.environ, APUS_CPU=o.cpu) if o.cpu else None)
    results = json.loads(out.splitlines()[-1])["results"]
    return {r["test"]: r["tokensPerSecond"] for r in results}, results[0]["kernels"]


def llama(o, model, repack, flash):
    command = [o.llama, "-m", model, "-p", o.p, "-n", o.n, "-d", depths(o), "-r", o.r, "-t", o.t, "-o", "json",
               "--repack", repack, "-fa", flash]
    if o.kv:
        command += ["-ctk", o.kv, "-ctv", o.kv]
    out = run(command, env=dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(os.path.abspath(o.llama))))
    return {name(*(("pp", r["n_prompt"]) if r["n_prompt"] else ("tg", r["n_gen"])), r["n_depth"]): r["avg_ts"]
            for r in json.loads(out)}


def integers(text):
    return [int(x) for x in text.split(",") if int(x) > 0]


def depths(o):
    return ",".join(str(d) for d in [0] + integers(o.d))


def settings(o):
    flash = ["on"] if o.kv in ("q8_0", "q4_0") else o.fa.split(",")
    return [(repack, fa) for fa in flash for repack in o.repack.split(",")]


def busy():
    """How many processors others use now, from the clock ticks of half a second."""
    def ticks():
        with open("/proc/stat") as file:
            fields = [int(x) for x in file.readline().split()[1:9]]
        return fields[3] + fields[4], sum(fields)

    try:
        idle, total = ticks()
        time.sleep(0.5)
        later_idle, later_total = ticks()
    except OSError:
        return None
    return round((1 - (later_idle - idle) / max(1, later_total - total)) * os.cpu_count(), 2)


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def measure(o, model):
    """For every setting the neighbouring runs (Apus, llama.cpp) of all tests, the kernels, and what others did."""
    runs, noise, kernels = {}, [], None
    for _ in range(o.rounds):
        for repack, flash in settings(o):
            noise.append(busy())
            ours, kernels = apus(o, model)
            runs.setdefault(f"repack {repack} fa {flash}", []).append((ours, llama(o, model, repack, flash)))
    return runs, kernels, noise


def best(runs, test):
    return max(runs, key=lambda setting: statistics.median(theirs[test] for _, theirs in runs[setting]))


def median_of_all(runs, value):
    return statistics.median(value(ours) for pairs in runs.values() for ours, _ in pairs)


def speeds(model, runs):
    for test in next(iter(runs.values()))[0][1]:
        setting = best(runs, test)
        ratios = [ours[test] / theirs[test] for ours, theirs in runs[setting]]
        result = {"model": model, "test": test, "apus": median_of_all(runs, lambda ours: ours[test]),
                  "llama": statistics.median(theirs[test] for _, theirs in runs[setting]), "setting": setting,
                  "ratio": statistics.median(ratios)}
        print(f"{model:28} {test:14} {result['apus']:9.1f} {result['llama']:10.1f} {setting:>15} "
              f"{result['ratio']:6.2f}×  {min(ratios):.2f}–{max(ratios):.2f}", flush=True)
        yield result


def added(o, model, runs):
    """Seconds that depth adds to a test, and their ratio; none if llama.cpp's time does not grow beyond noise."""
    for kind, tokens in [("pp", n) for n in integers(o.p)] + [("tg", n) for n in integers(o.n)]:
        for depth in integers(o.d):
            shallow, deep = name(kind, tokens, 0), name(kind, tokens, depth)

            def more(rates):
                return tokens / rates[deep] - tokens / rates[shallow]

            setting = best(runs, deep)
            pairs = [(more(ours), more(theirs)) for ours, theirs in runs[setting]]
            ratios = [ours / theirs for ours, theirs in pairs if theirs > 0]
            result = {"model": model, "test": deep, "apusAddedSeconds": median_of_all(runs, more), "setting": setting,
                      "llamaAddedSeconds": statistics.median(theirs for _, theirs in pairs),
                      "addedRatio": statistics.median(ratios) if len(ratios) == len(pairs) else None}
            text = "  noise"
            if result["addedRatio"] is not None:
                text = f"{result['addedRatio']:6.2f}×  {min(ratios):.2f}–{max(ratios):.2f}"
            print(f"{'':28} {deep:14} {result['apusAddedSeconds']:8.3f}s {result['llamaAddedSeconds']:9.3f}s "
                  f"{setting:>15} {text}  added by depth", flush=True)
            yield result


def batches(o, model, runs):
    for tokens in integers(o.n) if o.b > 1 else []:
        for depth in [0] + integers(o.d):
            one, many = name("tg", tokens, depth), name("tg", tokens, depth, o.b)
            result = {"model": model, "test": many, "apus": median_of_all(runs, lambda ours: ours[many]),
                      "timesOne": median_of_all(runs, lambda ours: ours[many] / ours[one])}
            print(f"{model:28} {many:14} {result['apus']:9.1f} {'':26} {result['timesOne']:6.2f}×  of one sequence",
                  flush=True)
            yield result


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apus")
    parser.add_argument("models", nargs="+")
    for flag, value in (("p", "512"), ("n", "64"), ("d", "0"), ("r", "3"), ("t", str(len(os.sched_getaffinity(0))))):
        parser.add_argument(f"-{flag}", default=value)
    parser.add_argument("-b", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--kv", choices=["f32", "f16", "bf16", "q8_0"])
    parser.add_argument("--cpu", choices=[build for build in BUILDS if build])
    parser.add_argument("--repack", default="1,0")
    parser.add_argument("--fa", default="off,on")
    parser.add_argument("--peers", default=os.path.join(here, "..", "..", ".build-peers"))
    parser.add_argument("--llama")
    o = parser.parse_args()
    o.llama = o.llama or os.path.join(o.peers, BUILDS[o.cpu], "bin", "llama-bench")
    results = []
    print(f"{'model':28} {'test':14} {'Apus':>9} {'llama.cpp':>10} {'setting':>15} {'ratio':>7}  range")
    for path in o.models:
        runs, kernels, noise = measure(o, path)
        model = os.path.basename(path)
        rows = [*speeds(model, runs), *added(o, model, runs), *batches(o, model, runs)]
        results.append({"model": model, "kernels": kernels, "tests": rows, "runs": runs, "othersBusy": noise})
        others = [n for n in noise if n is not None]
        if others and max(others) > 0.1:
            print(f"{'':28} not idle: others used up to {max(others)} processors between the runs", flush=True)
    print(json.dumps({"results": results, "processor": processor(), "threads": int(o.t), "repetitions": int(o.r),
                      "rounds": o.rounds, "kv": o.kv or "f16", "cpu": o.cpu}))


if __name__ == "__main__":
    main()
