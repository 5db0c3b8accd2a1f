#!/usr/bin/env python3
"""Embeddings of Apus beside llama.cpp, sentence-transformers and onnxruntime, in turn (A B A B), and how exact.

    python embeddings.py APUS [MODEL.gguf …] [--parts single,texts,short,accuracy] [--tokens 4,128,512] [-r 20] [-t 2]
                         [--rounds 3] [--calls 300] [--count 1000] [--text FILE] [--minilm FOLDER] [--peers FOLDER]

single    One text at a time on the GGUF files, Apus and llama-bench: the median time of each, the median of the ratios
          of neighbouring runs and their range, Apus's 50th and 99th percentile over all its samples, and how many bytes
          of weights it reads per second beside what `apus doctor` measures that all threads can read. llama.cpp runs
          repacked or not, with flash attention or not, and its best setting counts.
texts     All-MiniLM-L6-v2 on --count texts of 3 to 120 words, cut from --text FILE or made of this script's words:
          texts per second, tokenisation included, and the ratio of every kind of Apus to every peer.
short     One short text, --calls times in a row: the 50th and 99th percentile.
accuracy  The cosine of every text's vector with that of sentence-transformers in f32, and whether the same of the other
          texts are its nearest. Apus in f32 must have at least 0.99999, in Q8_0 at least 0.999, or the script fails.

Apus reads the folder as it is (f32) and the file in Q8_0 that llama.cpp's converter makes of it; onnxruntime has the
network traced by torch.onnx, in fp32 and as int8. Above 1 Apus is faster. The last line is JSON with every single run.
A machine that does something else as well is reported.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile

import numpy as np

import embedding_peers as peers
from accuracy import add_peers, find_peers
from compare import busy, processor, run

PARTS = ["single", "texts", "short", "accuracy"]
WANTED = {"Apus f32": 0.99999, "Apus Q8_0": 0.999}
NEAREST = 5


def percentile(samples, share):
    """The time that a share of the samples stayed within."""
    return sorted(samples)[min(len(samples) - 1, int(share * len(samples)))]


def report_noise(noise):
    others = [n for n in noise if n is not None]
    if others and max(others) > 0.1:
        print(f"not idle: others used up to {max(others)} processors between the runs", flush=True)
    return noise


# --- One text at a time, beside llama.cpp ---------------------------------------------------------------------


def apus_single(o, model):
    out = run([o.apus, "bench", "embeddings", model, "--tokens", o.tokens, "-r", o.r, "-t", o.t, "--json"])
    return json.loads(out.splitlines()[-1])


def llama_single(o, model, repack, flash):
    command = [o.llama, "-m", model, "-p", o.tokens, "-n", "0", "-embd", "1", "-r", o.r, "-t", o.t, "-o", "json",
               "--repack", repack, "-fa", flash]
    out = run(command, env=dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(os.path.abspath(o.llama))))
    return {r["n_prompt"]: [ns * 1e-9 for ns in r["samples_ns"]] for r in json.loads(out)}


def single(o, model):
    name, runs, noise = os.path.basename(model), {}, []
    for _ in range(o.rounds):
        for repack, flash in [(repack, flash) for flash in ("off", "on") for repack in ("1", "0")]:
            noise.append(busy())
            ours = apus_single(o, model)
            theirs = llama_single(o, model, repack, flash)
            samples = {result["tokens"]: result["samples"] for result in ours["results"]}
            runs.setdefault(f"repack {repack} fa {flash}", []).append((samples, theirs))
    reads = json.loads(run([o.apus, "doctor", "--json", "-t", o.t]).splitlines()[-1])["ceilings"]["all"]["readBytes"]
    print(f"{'model':28} {'tokens':>6} {'Apus p50':>10} {'p99':>10} {'llama.cpp':>10} {'setting':>15} {'ratio':>7}"
          f"{'range':>12}  weights/s of {reads * 1e-9:.1f} GB/s")
    rows = []
    for tokens in map(int, o.tokens.split(",")):
        def theirs_at(setting):
            return statistics.median(s for _, theirs in runs[setting] for s in theirs[tokens])

        setting = min(runs, key=theirs_at)
        ratios = [statistics.median(theirs[tokens]) / statistics.median(ours[tokens]) for ours, theirs in runs[setting]]
        ours_all = [s for pairs in runs.values() for ours, _ in pairs for s in ours[tokens]]
        row = {"model": name, "tokens": tokens, "apusSeconds": statistics.median(ours_all),
               "apusP99Seconds": percentile(ours_all, 0.99), "llamaSeconds": theirs_at(setting), "setting": setting,
               "ratio": statistics.median(ratios)}
        row["weightBytesPerSecond"] = ours["weightBytes"] / row["apusSeconds"]
        row["shareOfReading"] = row["weightBytesPerSecond"] / reads
        print(f"{name:28} {tokens:6} {row['apusSeconds'] * 1e3:7.2f} ms {row['apusP99Seconds'] * 1e3:7.2f} ms "
              f"{row['llamaSeconds'] * 1e3:7.2f} ms {setting:>15} {row['ratio']:6.2f}× "
              f"{f'{min(ratios):.2f}–{max(ratios):.2f}':>11}  {row['weightBytesPerSecond'] * 1e-9:6.1f} GB/s, "
              f"{row['shareOfReading']:.0%}", flush=True)
        rows.append(row)
    return {"tests": rows, "runs": runs, "weightBytes": ours["weightBytes"], "readBytesPerSecond": reads,
            "kernels": ours["kernels"], "othersBusy": report_noise(noise)}


# --- All-MiniLM-L6-v2 beside the libraries in Python ----------------------------------------------------------


def engines(o, folder):
    """Apus twice, what it is held against, and the file in Q8_0."""
    threads = int(o.t)
    fp32, int8 = peers.exported(o.minilm, folder)
    q8 = peers.converted(os.path.join(o.bindings, "vendor", "llama.cpp"), o.minilm, folder)
    ours = [peers.Apus("Apus f32", o.apus, o.minilm, threads, folder),
            peers.Apus("Apus Q8_0", o.apus, q8, threads, folder)]
    return ours, [peers.SentenceTransformers(o.minilm, threads),
                  peers.OnnxRuntime("onnxruntime fp32", fp32, o.minilm, threads),
                  peers.OnnxRuntime("onnxruntime int8", int8, o.minilm, threads)], q8


def in_turn(rounds, ours, others, measure):
    """Every peer in turn, each with a run of every kind of Apus just before it: [(Apus's, the peer's)] by peer."""
    runs, noise = {}, []
    for _ in range(rounds):
        for peer in others:
            noise.append(busy())
            mine = {engine.name: measure(engine) for engine in ours}
            runs.setdefault(peer.name, []).append((mine, measure(peer)))
    return runs, noise


def throughput(o, ours, others, texts):
    runs, noise = in_turn(o.rounds, ours, others, lambda engine: engine.seconds(texts))
    rows, mine = [], [engine.name for engine in ours]
    print(f"{'engine':26} {'texts/s':>9}" + "".join(f"{name + ' is':>13}{'range':>14}" for name in mine))
    for name in mine:
        rate = len(texts) / statistics.median(ours[name] for pairs in runs.values() for ours, _ in pairs)
        rows.append({"engine": name, "textsPerSecond": rate})
        print(f"{name:26} {rate:9.1f}", flush=True)
    for peer, pairs in runs.items():
        rate = len(texts) / statistics.median(theirs for _, theirs in pairs)
        row = {"engine": peer, "textsPerSecond": rate, "ratios": {}}
        text = f"{peer:26} {rate:9.1f}"
        for name in mine:
            ratios = [theirs / ours[name] for ours, theirs in pairs]
            row["ratios"][name] = statistics.median(ratios)
            text += f"{row['ratios'][name]:12.2f}×{f'{min(ratios):.2f}–{max(ratios):.2f}':>14}"
        print(text, flush=True)
        rows.append(row)
    return {"tests": rows, "runs": runs, "othersBusy": report_noise(noise)}


def latency(o, ours, others):
    runs, noise = in_turn(o.rounds, ours, others, lambda engine: engine.latencies(peers.SHORT, o.calls))
    samples = {engine.name: [s for pairs in runs.values() for mine, _ in pairs for s in mine[engine.name]]
               for engine in ours}
    samples |= {peer: [s for _, theirs in pairs for s in theirs] for peer, pairs in runs.items()}
    print(f"{'one short text':26} {'p50':>9} {'p99':>12}")
    rows = []
    for name, all_of in samples.items():
        rows.append({"engine": name, "p50Seconds": statistics.median(all_of), "p99Seconds": percentile(all_of, 0.99)})
        print(f"{name:26} {rows[-1]['p50Seconds'] * 1e3:6.2f} ms {rows[-1]['p99Seconds'] * 1e3:9.2f} ms", flush=True)
    return {"tests": rows, "runs": runs, "text": peers.SHORT, "othersBusy": report_noise(noise)}


def nearest(vectors):
    """For every text the others that are nearest, best first, and all similarities."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    return np.argsort(-similarity, axis=1, kind="stable")[:, :NEAREST], similarity


def accuracy(ours, others, texts):
    reference, *rest = others
    exact = reference.vectors(texts).astype(np.float64)
    best, similarity = nearest(exact)
    rows = []
    print(f"{'against ' + reference.name:33} {'least cosine':>13} {'mean':>11} {'same nearest':>13} "
          f"{'of nearest 5':>13} {'given away':>11}")
    for engine in [*ours, *rest]:
        vectors = engine.vectors(texts).astype(np.float64)
        lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(exact, axis=1)
        cosine = (vectors * exact).sum(1) / lengths
        theirs, _ = nearest(vectors)
        row = {"engine": engine.name, "cosineMin": float(cosine.min()), "cosineMean": float(cosine.mean()),
               "below": int((cosine < WANTED.get(engine.name, -1)).sum()),
               "top1": float((theirs[:, 0] == best[:, 0]).mean()),
               "top5": float(np.mean([len(set(a) & set(b)) / NEAREST for a, b in zip(theirs, best)])),
               # How much less similar, in the reference, the text is that came out as nearest.
               "given": float(max(similarity[i, best[i, 0]] - similarity[i, theirs[i, 0]] for i in range(len(texts))))}
        print(f"{engine.name:33} {row['cosineMin']:13.8f} {row['cosineMean']:11.8f} {row['top1']:13.1%} "
              f"{row['top5']:13.1%} {row['given']:11.1e}", flush=True)
        rows.append(row)
    return {"texts": len(texts), "tests": rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apus")
    parser.add_argument("models", nargs="*", metavar="MODEL.gguf")
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--tokens", default="4,128,512")
    parser.add_argument("-r", default="20", help="samples of a single text in each run")
    parser.add_argument("-t", default=str(len(os.sched_getaffinity(0))))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--text")
    parser.add_argument("--minilm", default=peers.minilm_folder())
    add_peers(parser)
    o = find_peers(parser.parse_args())
    o.llama = os.path.join(o.library, "llama-bench")
    parts = o.parts.split(",")
    if not set(parts) <= set(PARTS):
        sys.exit(f"--parts takes {', '.join(PARTS)}, not {o.parts}")
    if "single" in parts and not o.models and len(parts) == 1:
        sys.exit("--parts single needs a GGUF file")
    result = {"processor": processor(), "threads": int(o.t), "rounds": o.rounds}
    if "single" in parts:
        result["single"] = [single(o, model) for model in o.models]
    if set(parts) & set(PARTS[1:]):
        if not o.minilm:
            sys.exit("all-MiniLM-L6-v2 is not installed; setup.sh does it, or give its folder with --minilm")
        texts = peers.texts(peers.plain_tokenizer(o.minilm), o.count, o.text)
        with tempfile.TemporaryDirectory() as folder:
            ours, others, q8 = engines(o, folder)
            if "texts" in parts:
                result["texts"] = throughput(o, ours, others, texts)
            if "short" in parts:
                result["short"] = latency(o, ours, others)
            if "accuracy" in parts:
                result["accuracy"] = accuracy(
                    ours, [*others, peers.LlamaCpp("llama.cpp Q8_0", q8, int(o.t))], texts)
    print(json.dumps(result))
    for row in result.get("accuracy", {"tests": []})["tests"]:
        if row["below"]:
            sys.exit(f"{row['engine']}: {row['below']} of {len(texts)} vectors have a cosine below "
                     f"{WANTED[row['engine']]}, the least {row['cosineMin']:.7f}")


if __name__ == "__main__":
    main()
