#!/usr/bin/env python3
"""How close quantised logits come to the exact ones, Apus and llama.cpp side by side.

    python accuracy.py APUS MODEL.gguf [MODEL.gguf …] [--types Q8_0,Q4_0,Q4_K_M] [--peers FOLDER]

A model in f32, f16 or bf16 is quantised to each of the types; one that is quantised already is taken as it is. The
reference is the same file with its weights dequantised to f32, run by Apus with an f32 cache (its f32 logits equal
transformers' to 1e-4, see Tests/ApusInferenceTests). Printed for each engine, over the positions of --prompts fixed
prompts: the mean Kullback-Leibler divergence from the reference in nats, and how often the likeliest token is the same;
then the ratio of the means and the geometric mean of the ratios at each position, with their standard errors, below 1
if Apus is closer. A few positions where attention tips over make up much of a mean, so the second is the sharper one.
Both engines have an f16 cache, so the difference is how they round activations. The last line is JSON.

llama.cpp must agree with the reference on the f32 file, or the two are not the same network and the row says so.

setup.sh makes FOLDER (default: .build-peers in the package); run this with its Python. --library and --bindings name
another libllama's folder and another llama-cpp-python.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

import gguf
import numpy as np

POSITIONS = 128
# What `apus quantize` writes; llama-quantize writes the others.
WRITTEN = {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"}
# How far apart two f32 runs of one network may be; beyond, the files are read as different networks.
SAME = 1e-5
# Divergences below this are rounding in the logarithms.
TINY = 1e-12
FLOATS = {gguf.GGMLQuantizationType.F32, gguf.GGMLQuantizationType.F16, gguf.GGMLQuantizationType.BF16}


def describe(path):
    """Rows of the vocabulary, positions, whether anything is quantised, and the widths of the matrices."""
    reader = gguf.GGUFReader(path)
    architecture = reader.fields["general.architecture"].contents()
    context = reader.fields[f"{architecture}.context_length"].contents()
    matrices = [t for t in reader.tensors if len(t.shape) == 2]
    rows = next(int(t.shape[1]) for t in matrices if t.name == "token_embd.weight")
    quantised = any(t.tensor_type not in FLOATS for t in matrices)
    widths = {int(t.shape[0]) for t in matrices if t.name != "position_embd.weight"}
    return rows, min(POSITIONS, int(context)), quantised, widths


def prompt(number, rows, positions):
    """Token 1, which begins a text, and then random ones."""
    return [1] + [int(x) for x in np.random.default_rng(7 + number).integers(3, rows, positions - 1)]


def apus_logits(o, model, prompts, cache, *more):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "logits.npy")
        for ids in prompts:
            subprocess.run([o.apus, "logits", model, "--ids", ",".join(map(str, ids)), "--out", out, "--cache-type",
                            cache, *more], check=True, stdout=subprocess.DEVNULL)
            yield np.load(out)


def llama_logits(model, prompts, cache=None):
    import llama_cpp
    types = {} if cache is None else {"type_k": cache, "type_v": cache, "flash_attn": False}
    # Its window's cache would forget positions whose logits are wanted in one batch.
    llama = llama_cpp.Llama(model, n_ctx=256, n_batch=256, logits_all=True, verbose=False, swa_full=True, **types)
    for ids in prompts:
        llama.reset()
        llama.eval(ids)
        yield np.array(llama.scores[: len(ids)], np.float32)
    llama.close()


def compare(reference, logits):
    """For every position the Kullback-Leibler divergence in nats, and whether the likeliest token is the same."""

    def log_softmax(x):
        x = x.astype(np.float64)
        x -= x.max(axis=1, keepdims=True)
        return x - np.log(np.exp(x).sum(axis=1, keepdims=True))

    p, q = log_softmax(reference), log_softmax(logits)
    return (np.exp(p) * (p - q)).sum(axis=1), reference.argmax(1) == logits.argmax(1)


def quantised(o, model, kind, folder):
    out = os.path.join(folder, f"{kind}.gguf")
    if kind not in WRITTEN:
        environment = dict(os.environ, LD_LIBRARY_PATH=o.library)
        command = [os.path.join(o.library, "llama-quantize"), model, out, kind]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    else:
        subprocess.run([o.apus, "quantize", model, out, kind], check=True, stdout=subprocess.DEVNULL)
    return out


def jackknife(ours, theirs, statistic):
    """A statistic of [prompt, position] twice, and its standard error from leaving out each prompt in turn."""
    n = len(ours)
    value = float(statistic(ours, theirs))
    if n == 1:
        return {"value": value, "standardError": None}
    without = np.array([statistic(np.delete(ours, i, 0), np.delete(theirs, i, 0)) for i in range(n)])
    return {"value": value, "standardError": float(np.sqrt((n - 1) * without.var()))}


def of_means(ours, theirs):
    return ours.mean() / theirs.mean()


def mean_of_ratios(ours, theirs):
    """Geometric, so that it makes no difference which of the two is divided by which."""
    return np.exp(np.log(np.maximum(ours, TINY) / np.maximum(theirs, TINY)).mean())


def row(o, name, kind, path, folder, rows, positions):
    exact = os.path.join(folder, "exact.gguf")
    subprocess.run([o.apus, "quantize", path, exact, "F32", "--force"], check=True, stdout=subprocess.DEVNULL)
    prompts = [prompt(number, rows, positions) for number in range(o.prompts)]
    coarse = ["--coarse-activations"] if o.coarse else []
    runs = zip(apus_logits(o, exact, prompts, "f32"), llama_logits(exact, prompts, cache=0),
               apus_logits(o, path, prompts, "f16", *coarse), llama_logits(path, prompts))
    # [run, measure, prompt, position]
    same, ours, theirs = np.moveaxis([[compare(reference, run) for run in others] for reference, *others in runs], 0, 2)
    result = {"model": name, "type": kind, "prompts": o.prompts, "positions": positions,
              "apus": {"kl": float(ours[0].mean()), "top1": float(ours[1].mean())},
              "llama": {"kl": float(theirs[0].mean()), "top1": float(theirs[1].mean())},
              "ratio": {"ofMeans": jackknife(ours[0], theirs[0], of_means),
                        "meanOfRatios": jackknife(ours[0], theirs[0], mean_of_ratios)},
              "f32Divergence": float(same[0].mean())}
    text = f"{name:14} {kind:8}"
    for engine in ("apus", "llama"):
        text += f" {result[engine]['kl']:12.2e} {result[engine]['top1']:7.1%}"
    for value in result["ratio"].values():
        error = value["standardError"]
        text += f" {value['value']:8.3f}" + (" " * 8 if error is None else f" ± {error:.3f}")
    if result["f32Divergence"] >= SAME:
        text += f"  not the same network: {result['f32Divergence']:.1e} in f32"
    print(text, flush=True)
    return result


def add_peers(parser):
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("--peers", default=os.path.join(here, "..", "..", ".build-peers"))
    parser.add_argument("--library")
    parser.add_argument("--bindings")


def find_peers(o):
    """Fills in the folders of libllama and of its bindings, and makes those importable."""
    o.library = os.path.abspath(o.library or os.path.join(o.peers, "llama", "bin"))
    os.environ["LLAMA_CPP_LIB_PATH"] = o.library
    o.bindings = os.path.abspath(o.bindings or os.path.join(o.peers, "llama-cpp-python-0.3.36"))
    sys.path.insert(0, o.bindings)
    return o


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apus")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--types", default="Q8_0,Q4_0,Q4_K_M")
    parser.add_argument("--prompts", type=int, default=8)
    parser.add_argument("--coarse", action="store_true", help="Apus with --coarse-activations")
    add_peers(parser)
    o = find_peers(parser.parse_args())
    results = []
    print(f"{'model':14} {'type':8} {'Apus KL':>12} {'top-1':>7} {'llama.cpp KL':>12} {'top-1':>7} {'of means':>16} "
          f"{'of positions':>16}")
    for model in o.models:
        name = os.path.basename(model).removesuffix(".gguf")
        rows, positions, is_quantised, widths = describe(model)
        for kind in ["as it is"] if is_quantised else o.types.split(","):
            if ("_K" in kind or kind == "IQ4_XS") and any(width % 256 for width in widths):
                print(f"{name:14} {kind:8} left out: its blocks are 256 wide, rows here {min(widths)}", flush=True)
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = model if is_quantised else quantised(o, model, kind, folder)
                results.append(row(o, name, kind, path, folder, rows, positions))
    print(json.dumps({"results": results}))


if __name__ == "__main__":
    main()
