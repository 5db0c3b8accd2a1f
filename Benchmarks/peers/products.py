#!/usr/bin/env python3
"""Matrix products in f32 and bf16: Apus, torch (oneDNN, MKL) and numpy (OpenBLAS), in turn (A B A C A B A C …).

    python products.py APUS [-t 2] [--rounds 3] [--shapes 512,512x8192x2048] [--apus-arguments "…"]
    python products.py --peers-only

A shape MxNxK is a product [M, K] × [K, N]; one number stands for a cube. Apus is `apus bench kernels --json`, from
which the lines of the kernel `gemm` with the types F32 (weights packed before), F32 unpacked (packed within the time
measured, as the peers must) and BF16 are taken. A peer gets its second operand in both orders, [K, N] and [N, K]
transposed, into a result that exists already, and the faster order counts. Each program runs in a process of its own,
with its own threads, next to a run of Apus; the ratio is the median over such neighbours, above 1 if Apus is faster,
with its range. Rates are medians in GFLOP/s, a multiplication and an addition being two. The last line is JSON.

A call from Python costs about a microsecond, which is some percent of a product of 128³ and nothing of the others.
Run with the Python of setup.sh: pip install numpy==2.4.6 torch==2.13.0
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import time

SHAPES = "128,256,512,1024,512x8192x2048"
SAMPLES = 7
SAMPLE_SECONDS = 0.05
# Our types, and the peers' they are compared with.
COMPARED = {"F32": "F32", "F32 unpacked": "F32", "BF16": "BF16"}
PEERS = {"torch": ("F32", "BF16"), "OpenBLAS": ("F32",)}


def shape(text):
    numbers = [int(x) for x in text.split("x")]
    if len(numbers) not in (1, 3) or min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not N or MxNxK")
    return tuple(numbers * 3 if len(numbers) == 1 else numbers)


def rate(product, m, n, k):
    """The median of some samples in GFLOP/s, each of as many calls as fill its time."""
    product()
    calls, seconds = 1, 0.0
    while True:
        start = time.perf_counter()
        for _ in range(calls):
            product()
        seconds = time.perf_counter() - start
        if seconds >= SAMPLE_SECONDS / 4:
            break
        calls *= 2
    calls = max(1, round(calls * SAMPLE_SECONDS / seconds))
    samples = []
    for _ in range(SAMPLES):
        start = time.perf_counter()
        for _ in range(calls):
            product()
        samples.append((time.perf_counter() - start) / calls)
    return 2 * m * n * k / statistics.median(samples) / 1e9


def torch_rates(threads, shapes):
    import torch
    torch.set_num_threads(threads)
    for m, n, k in shapes:
        for name, kind in (("F32", torch.float32), ("BF16", torch.bfloat16)):
            a, b, bt = (torch.randn(*size).to(kind) for size in ((m, k), (k, n), (n, k)))
            c = torch.empty(m, n, dtype=kind)
            for order, right in (("kn", b), ("nk", bt.T)):
                yield m, n, k, name, order, rate(lambda: torch.mm(a, right, out=c), m, n, k)


def numpy_rates(threads, shapes):
    import numpy as np
    generator = np.random.default_rng(1)
    for m, n, k in shapes:
        a, b, bt = (generator.standard_normal(size, np.float32) for size in ((m, k), (k, n), (n, k)))
        c = np.empty((m, n), np.float32)
        for order, right in (("kn", b), ("nk", bt.T)):
            yield m, n, k, "F32", order, rate(lambda: np.matmul(a, right, out=c), m, n, k)


def child(o):
    rates = {"torch": torch_rates, "OpenBLAS": numpy_rates}[o.child]
    for m, n, k, kind, order, value in rates(o.threads, o.shapes):
        print(json.dumps({"m": m, "n": n, "k": k, "type": kind, "order": order, "rate": value}), flush=True)


def lines(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        sys.exit(f"{' '.join(command)} failed with {done.returncode}: {''.join(said)}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def peer(o, name):
    """{(shape, type): {order: rate}}"""
    text = ",".join("x".join(map(str, s)) for s in o.shapes)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(o.threads))
    rates = {}
    for r in lines([sys.executable, os.path.abspath(__file__), "--child", name, "--shapes", text, "-t",
                    str(o.threads)], env=dict(os.environ, **threads)):
        rates.setdefault(((r["m"], r["n"], r["k"]), r["type"]), {})[r["order"]] = r["rate"]
    return rates


def apus(o):
    """{(shape, type): line}"""
    command = [o.apus, "bench", "kernels", "--json", "-t", str(o.threads), *shlex.split(o.apus_arguments)]
    found = {}
    for line in lines(command):
        if line.get("kernel") == "gemm" and line.get("type") in COMPARED:
            size = tuple(line["shape"][x] for x in "mnk")
            if size in o.shapes:
                found[size, line["type"]] = line
    return found


def gigaflops(line):
    scale = {"GFLOP/s": 1, "GOP/s": 1, "TFLOP/s": 1000, "MFLOP/s": 0.001}
    if line["unit"] not in scale:
        sys.exit(f"apus gives gemm {line['type']} in {line['unit']}; known: {', '.join(scale)}")
    return line["rate"] * scale[line["unit"]]


def measure(o, names):
    """For each peer the neighbouring runs (Apus, peer)."""
    runs = {name: [] for name in names}
    for _ in range(o.rounds):
        for name in names:
            ours = apus(o) if o.apus else {}
            runs[name].append((ours, peer(o, name)))
    return runs


def best(pairs, key):
    """The order in which the peer's median is best, and its rates."""
    by_order = {order: [theirs[key][order] for _, theirs in pairs] for order in pairs[0][1][key]}
    order = max(by_order, key=lambda x: statistics.median(by_order[x]))
    return order, by_order[order]


def report(o, runs):
    print(f"{'shape':14} {'type':13} {'peer':9} {'order':5} {'Apus':>8} {'ceiling':>7} {'peer':>8} {'ratio':>7}  range")
    for size in o.shapes:
        for kind, theirs_kind in COMPARED.items() if o.apus else (("F32", "F32"), ("BF16", "BF16")):
            for name, pairs in runs.items():
                if theirs_kind not in PEERS[name]:
                    continue
                order, theirs = best(pairs, (size, theirs_kind))
                row = {"shape": dict(zip("mnk", size)), "type": kind, "peer": name, "order": order,
                       "peerRate": statistics.median(theirs), "peerRates": theirs}
                ours = [mine[size, kind] for mine, _ in pairs if (size, kind) in mine]
                mine, percent, text = "", "", ""
                if len(ours) == len(theirs):
                    row["apusRates"] = [gigaflops(line) for line in ours]
                    row["apus"] = statistics.median(row["apusRates"])
                    row["percent"] = statistics.median(line["percent"] for line in ours)
                    ratios = [a / b for a, b in zip(row["apusRates"], theirs)]
                    row["ratio"] = statistics.median(ratios)
                    mine, percent = f"{row['apus']:.1f}", f"{row['percent']:.0f} %"
                    text = f"{row['ratio']:6.2f}×  {min(ratios):.2f}–{max(ratios):.2f}"
                elif o.apus:
                    text = "   not measured by apus"
                print(f"{'×'.join(map(str, size)):14} {kind:13} {name:9} {order:5} {mine:>8} {percent:>7} "
                      f"{row['peerRate']:8.1f} {text}", flush=True)
                yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apus", nargs="?")
    parser.add_argument("-t", "--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shapes", type=lambda text: [shape(x) for x in text.split(",")], default=SHAPES)
    parser.add_argument("--peers-only", action="store_true")
    parser.add_argument("--apus-arguments", default="", help="added to apus bench kernels --json -t N")
    parser.add_argument("--child", choices=PEERS, help=argparse.SUPPRESS)
    o = parser.parse_args()
    if o.child:
        return child(o)
    if o.peers_only == bool(o.apus):
        parser.error("give either APUS or --peers-only")
    rows = list(report(o, measure(o, list(PEERS))))
    print(json.dumps({"results": rows, "threads": o.threads, "rounds": o.rounds}))


if __name__ == "__main__":
    main()
