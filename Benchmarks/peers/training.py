#!/usr/bin/env python3
"""Training: Apus beside PyTorch on the same shapes, in turn (A B A B), with the memory of both.

    python training.py [--apus APUS] [--shapes small,medium,gpt2] [--modes eager-f32,…] [--precisions f32,bf16]
                       [--rounds 3] [--steps 5] [--warmup 2] [-t 2] [--out FILE]
    python training.py --curve TEXT [--tokens 2048000] [--seeds 3] [--rate 0.001] [-t 2] [--out FILE]

The shapes are GPT-2's network at 256 wide, 2 layers, 10,000 tokens, batch 32 × 128 (small); 384, 6, 16,384, 16 × 256
(medium); and GPT-2 124M, 4 × 256 (gpt2). A step is forward, backward and AdamW. PyTorch runs in every mode: eager or
compile; f32, bf16 by autocast, or all in bf16 (bf16params); and with its fused head and loss (-chunked). Each mode has
a process of its own, which compiles and warms up before the clock starts and then waits between its runs; each run has
one of Apus in every precision just before it. Without --apus only PyTorch is measured.

Printed: tokens per second (the median over all steps), the median of the ratios of neighbouring runs and their range,
above 1 if Apus is faster; and memory: peak of the process in a step, what it takes with torch imported (`import`)
and between steps (`state`: weights, AdamW's state, compiled code), and what a step adds to that besides the gradients
(`step`). `of best` is against PyTorch's
fastest mode that keeps its weights in f32, as Apus does, `of f32` against its fastest in f32, and `of any` against all,
bf16params among them. The last line is JSON with every single run; --out writes it to a file as well.

--curve trains the small shape on the bytes of TEXT in f32 with PyTorch, and prints the validation loss by tokens seen,
to compare at equal tokens; training_peers.py says what is trained on and what is held back.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys

import training_peers as peers
from compare import busy, processor, run

HERE = os.path.dirname(os.path.abspath(__file__))


class Process:
    """PyTorch in one mode, warmed up and waiting."""

    def __init__(self, o, shape, mode):
        settings = {"shape": shape, "mode": mode, "threads": o.t, "warmup": o.warmup}
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(o.t))
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, "training_peers.py"), json.dumps(settings)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=None if o.verbose else subprocess.DEVNULL, text=True,
                                        env=dict(os.environ, **threads))
        self.start = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"error": f"ended with {self.process.wait()}; --verbose shows why"}

    def steps(self, count):
        try:
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended, which the answer says
        return self.answer()

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def apus(o, shape, precision):
    out = run([o.apus, "bench", "training", "--shape", shape, "--precision", precision, "-t", str(o.t), "--json"])
    result = json.loads(out.splitlines()[-1])
    expected = peers.parameters(peers.SHAPES[shape])
    if result.get("parameters", expected) != expected:
        sys.exit(f"apus trains {result['parameters']} weights at {shape}, PyTorch {expected}: not the same network")
    return result


def measure(o, shape, mode):
    """[(Apus's results by precision, PyTorch's)] of one mode, or what went wrong."""
    process = Process(o, shape, mode)
    runs, noise = [], []
    try:
        failed = process.start.get("error")
        for _ in range(o.rounds if not failed else 0):
            noise.append(busy())
            ours = {precision: apus(o, shape, precision) for precision in o.precisions} if o.apus else {}
            theirs = process.steps(o.steps)
            if failed := theirs.get("error"):
                break
            runs.append((ours, theirs))
    finally:
        process.end()
    return {"mode": mode, "error": failed, "start": process.start, "runs": runs, "othersBusy": noise}


def rate_of(shape, runs):
    batch = peers.SHAPES[shape]["rows"] * peers.SHAPES[shape]["length"]
    return batch / statistics.median(s for _, theirs in runs for s in theirs["seconds"])


def ratios(shape, runs, precision):
    return [ours[precision]["tokensPerSecond"] / rate_of(shape, [(ours, theirs)]) for ours, theirs in runs]


def gigabytes(value):
    return f"{value / 1e9:8.3f}" if value is not None else "       –"


def table(o, shape, measured):
    print(f"\n{shape}: {peers.SHAPES[shape]}, {peers.parameters(peers.SHAPES[shape]):,} weights")
    print(f"{'engine':26} {'tokens/s':>10} {'peak GB':>8} {'import':>8} {'state':>8} {'step':>8}"
          + "".join(f"{'Apus ' + p + ' is':>15}{'range':>12}" for p in (o.precisions if o.apus else [])))
    for precision in o.precisions if o.apus else []:
        results = [ours[precision] for m in measured for ours, _ in m["runs"]]
        if results:
            rate = statistics.median(r["tokensPerSecond"] for r in results)
            peak, step = max(r["peakBytes"] for r in results), max(r["activationBytes"] for r in results)
            print(f"{'Apus ' + precision:26} {rate:10.0f} {gigabytes(peak)} {gigabytes(None)} {gigabytes(None)} "
                  f"{gigabytes(step)}")
    rows = []
    for m in measured:
        if m["error"]:
            print(f"{m['mode']:26} failed: {m['error']}")
            continue
        most = {key: max(theirs[key] for _, theirs in m["runs"]) for key in ("peakBytes", "activationBytes")}
        always = {key: m["runs"][0][1][key] for key in ("importBytes", "stateBytes")}
        row = {"shape": shape, "mode": m["mode"], "tokensPerSecond": rate_of(shape, m["runs"]), **always, **most,
               "ratios": {}}
        text = f"{m['mode']:26} {row['tokensPerSecond']:10.0f} " + " ".join(
            gigabytes(row[key]) for key in ("peakBytes", "importBytes", "stateBytes", "activationBytes"))
        for precision in o.precisions if o.apus else []:
            pairs = ratios(shape, m["runs"], precision)
            row["ratios"][precision] = statistics.median(pairs)
            text += f"{row['ratios'][precision]:14.2f}×{f'{min(pairs):.2f}–{max(pairs):.2f}':>12}"
        print(text, flush=True)
        rows.append(row)
    summary(o, shape, measured, rows)
    return rows


def summary(o, shape, measured, rows):
    """Against the fastest of PyTorch's modes, in speed and memory."""
    exact = [row for row in rows if "bf16params" not in row["mode"]]
    for name, those in (("best", exact), ("f32", [row for row in rows if "-f32" in row["mode"]]), ("any", rows)):
        if not those:
            continue
        fastest = max(those, key=lambda row: row["tokensPerSecond"])
        print(f"PyTorch's {name}: {fastest['mode']}, "
              f"{fastest['tokensPerSecond']:.0f} tokens/s; least peak "
              f"{min(row['peakBytes'] for row in those) / 1e9:.3f} GB")
        runs = next(m["runs"] for m in measured if m["mode"] == fastest["mode"])
        for precision, ratio in fastest["ratios"].items():
            if name == "f32" and precision != "f32":
                continue
            peak, step = (statistics.median(ours[precision][key] / theirs[key] for ours, theirs in runs)
                          for key in ("peakBytes", "activationBytes"))
            print(f"  Apus {precision}: {ratio:.2f}× of {name}, {peak:.2f}× its peak, {step:.2f}× its step")


def throughput(o):
    results = []
    for shape in o.shapes:
        measured = []
        for mode in o.modes:
            measured.append(measure(o, shape, mode))
            print(f"{shape} {mode} done", file=sys.stderr, flush=True)
        others = [n for m in measured for n in m["othersBusy"] if n is not None]
        if others and max(others) > 0.1:
            print(f"not idle: others used up to {max(others)} processors between the runs", flush=True)
        results.append({"shape": shape, "tests": table(o, shape, measured), "measured": measured})
    return {"results": results}


def curves(o):
    with open(o.curve, "rb") as file:
        text = file.read()
    shape = dict(peers.SHAPES["small"], vocabulary=256)
    print(f"{len(text):,} bytes, {o.tokens:,} trained on, {shape}")
    runs = []
    for seed in range(o.seeds):
        runs.append(peers.curve(
            text, shape, o.tokens, peak=o.rate, evaluations=o.evaluations, seed=seed, threads=o.t,
            report=lambda p: print(f"seed {seed} step {p['step']:5} tokens {p['tokens']:9,} loss {p['loss']:.4f} "
                                   f"validation {p['validationLoss']:.4f} nats per byte", flush=True)))
    last = [points[-1]["validationLoss"] for points in runs]
    print(f"validation loss {statistics.mean(last):.4f}, {min(last):.4f} to {max(last):.4f}")
    return {"curve": os.path.basename(o.curve), "shape": shape, "tokens": o.tokens, "rate": o.rate, "runs": runs,
            "validationLosses": last}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words = lambda text: text.split(",")  # noqa: E731
    parser.add_argument("--apus", metavar="APUS")
    parser.add_argument("--shapes", type=words, default=list(peers.SHAPES))
    parser.add_argument("--modes", type=words, default=peers.MODES)
    parser.add_argument("--precisions", type=words, default=["f32", "bf16"], help="Apus's")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5, help="PyTorch's in a round")
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("-t", type=int, default=2, help="threads")
    parser.add_argument("--verbose", action="store_true", help="what PyTorch's processes say")
    parser.add_argument("--curve", metavar="TEXT")
    parser.add_argument("--tokens", type=int, default=2_048_000)
    parser.add_argument("--evaluations", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rate", type=float, default=1e-3, help="the peak of the learning rate")
    parser.add_argument("--out", metavar="FILE")
    o = parser.parse_args()
    for given, known, what in ((o.shapes, peers.SHAPES, "shape"), (o.modes, peers.MODES, "mode")):
        for unknown in set(given) - set(known):
            parser.error(f"no {what} {unknown}; known: {', '.join(known)}")
    if min(o.rounds, o.steps, o.warmup, o.seeds, o.evaluations) < 1:
        parser.error("--rounds, --steps, --warmup, --seeds and --evaluations are at least 1")
    import torch
    if torch.version.cuda:
        print(f"torch {torch.__version__} is built for GPUs: it takes some 0.4 GB more memory than a build for CPUs")
    report = curves(o) if o.curve else throughput(o)
    line = json.dumps({"processor": processor(), "threads": o.t, "torch": torch.__version__,
                       "python": sys.version.split()[0], **report})
    if o.out:
        with open(o.out, "w") as file:
            file.write(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
