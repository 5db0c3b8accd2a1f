#!/usr/bin/env python3
"""Apus and llama.cpp on the same files, in turn (A B A B), so that a machine that drifts treats both alike.

    python compare.py APUS LLAMA_BENCH MODEL.gguf [MODEL.gguf …] [-p 512] [-n 64] [-r 3] [-t 2] [--rounds 2]

llama.cpp runs with its weights repacked and not, with flash attention and without; for each test the setting with the
best median counts. A round runs each of the four settings once, each with a run of Apus just before it. Printed: the
medians, the median of the ratios of neighbouring runs (a slow minute hits both), and their range; the last line is
JSON with every single run. Above 1 Apus is faster. A machine that does something else as well is reported, since on
two cores one other process halves everything.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

SETTINGS = [(repack, flash) for flash in ("off", "on") for repack in ("1", "0")]


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(f"{command[0]} failed with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout


def apus(o, model):
    out = run([o.apus, "bench", model, "-p", o.p, "-n", o.n, "-r", o.r, "-t", o.t, "--json"])
    return {r["test"]: r["tokensPerSecond"] for r in json.loads(out.splitlines()[-1])["results"]}


def llama(o, model, repack, flash):
    environment = dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(os.path.abspath(o.llama)))
    out = run([o.llama, "-m", model, "-p", o.p, "-n", o.n, "-r", o.r, "-t", o.t, "-o", "json", "--repack", repack,
               "-fa", flash], env=environment)
    return {(f"pp{r['n_prompt']}" if r["n_prompt"] else f"tg{r['n_gen']}"): r["avg_ts"] for r in json.loads(out)}


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
    """For every test and setting: pairs (Apus, llama.cpp) of neighbouring runs."""
    pairs, noise = {}, []
    for _ in range(o.rounds):
        for setting in SETTINGS:
            noise.append(busy())
            ours = apus(o, model)
            theirs = llama(o, model, *setting)
            for test in ours.keys() & theirs.keys():
                pairs.setdefault(test, {}).setdefault("repack {} fa {}".format(*setting), []).append(
                    (ours[test], theirs[test]))
    return pairs, noise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apus")
    parser.add_argument("llama")
    parser.add_argument("models", nargs="+")
    for name, value in (("p", "512"), ("n", "64"), ("r", "3"), ("t", str(len(os.sched_getaffinity(0))))):
        parser.add_argument(f"-{name}", default=value)
    parser.add_argument("--rounds", type=int, default=2)
    o = parser.parse_args()
    results = []
    print(f"{'model':28} {'test':8} {'Apus':>9} {'llama.cpp':>10} {'setting':>15} {'ratio':>7}  range")
    for model in o.models:
        pairs, noise = measure(o, model)
        for test in sorted(pairs):
            best = max(pairs[test], key=lambda s: statistics.median(theirs for _, theirs in pairs[test][s]))
            ours = statistics.median(mine for runs in pairs[test].values() for mine, _ in runs)
            theirs = statistics.median(rate for _, rate in pairs[test][best])
            ratios = [mine / rate for mine, rate in pairs[test][best]]
            ratio = statistics.median(ratios)
            name = os.path.basename(model)
            print(f"{name:28} {test:8} {ours:9.1f} {theirs:10.1f} {best:>15} {ratio:6.2f}×  "
                  f"{min(ratios):.2f}–{max(ratios):.2f}", flush=True)
            results.append({"model": name, "test": test, "apus": ours, "llama": theirs, "setting": best, "ratio": ratio,
                            "runs": pairs[test], "othersBusy": noise})
        others = [n for n in noise if n is not None]
        if others and max(others) > 0.1:
            print(f"{'':28} not idle: others used up to {max(others)} processors between the runs", flush=True)
    print(json.dumps({"results": results, "processor": processor(), "threads": int(o.t), "repetitions": int(o.r),
                      "rounds": o.rounds}))


if __name__ == "__main__":
    main()
