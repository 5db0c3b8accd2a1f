#!/usr/bin/env python3
"""Apus and llama.cpp on the same files, in turn (A B A B), so that a machine that drifts treats both alike.

    python compare.py APUS LLAMA_BENCH MODEL.gguf [MODEL.gguf …] [-p 512] [-n 64] [-r 3] [-t 2]

llama.cpp runs with its weights repacked and not, with flash attention and without; the best of the four counts for
each test. Printed: the median of each engine's runs, and the ratio; the last line is JSON.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys


def apus(binary, model, o):
    out = subprocess.run([binary, "bench", model, "-p", o.p, "-n", o.n, "-r", o.r, "-t", o.t, "--json"], check=True,
                         capture_output=True, text=True).stdout
    return {r["test"]: r["tokensPerSecond"] for r in json.loads(out.splitlines()[-1])["results"]}


def llama(binary, model, o, repack, flash):
    environment = dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(binary))
    out = subprocess.run(
        [binary, "-m", model, "-p", o.p, "-n", o.n, "-r", o.r, "-t", o.t, "-o", "json", "--repack", repack, "-fa", flash],
        check=True, capture_output=True, text=True, env=environment).stdout
    return {(f"pp{r['n_prompt']}" if r["n_prompt"] else f"tg{r['n_gen']}"): r["avg_ts"] for r in json.loads(out)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("apus")
    parser.add_argument("llama")
    parser.add_argument("models", nargs="+")
    for name, value in (("p", "512"), ("n", "64"), ("r", "3"), ("t", "2")):
        parser.add_argument(f"-{name}", default=value)
    parser.add_argument("--rounds", type=int, default=2)
    o = parser.parse_args()
    results = []
    print(f"{'model':28} {'test':8} {'Apus':>9} {'llama.cpp':>10} {'setting':>16} {'ratio':>7}")
    for model in o.models:
        ours, theirs = {}, {}
        for _ in range(o.rounds):
            for repack, flash in (("1", "off"), ("0", "off"), ("1", "on"), ("0", "on")):
                for test, rate in apus(o.apus, model, o).items():
                    ours.setdefault(test, []).append(rate)
                for test, rate in llama(o.llama, model, o, repack, flash).items():
                    theirs.setdefault(test, {}).setdefault(f"repack {repack} fa {flash}", []).append(rate)
        for test, rates in ours.items():
            mine = statistics.median(rates)
            setting, best = max(((s, statistics.median(r)) for s, r in theirs[test].items()), key=lambda x: x[1])
            name = os.path.basename(model)
            print(f"{name:28} {test:8} {mine:9.1f} {best:10.1f} {setting:>16} {mine / best:6.2f}×", flush=True)
            results.append({"model": name, "test": test, "apus": mine, "llama": best, "setting": setting})
    print(json.dumps({"results": results}))


if __name__ == "__main__":
    sys.exit(main())
