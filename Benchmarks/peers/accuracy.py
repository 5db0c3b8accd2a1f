#!/usr/bin/env python3
"""How close quantised logits come to the exact ones, Apus and llama.cpp side by side.

    python accuracy.py APUS MODEL.gguf [MODEL.gguf …] [--types Q8_0,Q4_0,Q4_K_M] [--peers FOLDER]

A model in f32, f16 or bf16 is quantised to each of the types; one that is quantised already is taken as it is. The
reference is the same file with its weights dequantised to f32, run by Apus with an f32 cache (its f32 logits equal
transformers' to 1e-4, see Tests/ApusInferenceTests). Printed for each engine, over the positions of a fixed prompt:
the mean Kullback-Leibler divergence from the reference in nats, and how often the likeliest token is the same. Both
have an f16 cache, so the difference is how they round activations. The last line is JSON.

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


def apus_logits(o, model, ids, cache):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "logits.npy")
        subprocess.run([o.apus, "logits", model, "--ids", ",".join(map(str, ids)), "--out", out, "--cache-type", cache],
                       check=True, stdout=subprocess.DEVNULL)
        return np.load(out)


def llama_logits(model, ids, cache=None):
    import llama_cpp
    types = {} if cache is None else {"type_k": cache, "type_v": cache, "flash_attn": False}
    # Its window's cache would forget positions whose logits are wanted in one batch.
    llama = llama_cpp.Llama(model, n_ctx=256, n_batch=256, logits_all=True, verbose=False, swa_full=True, **types)
    llama.eval(ids)
    logits = np.array(llama.scores[: len(ids)], np.float32)
    llama.close()
    return logits


def compare(reference, logits):
    """Mean Kullback-Leibler divergence in nats, and the share of positions with the same likeliest token."""

    def log_softmax(x):
        x = x.astype(np.float64)
        x -= x.max(axis=1, keepdims=True)
        return x - np.log(np.exp(x).sum(axis=1, keepdims=True))

    p, q = log_softmax(reference), log_softmax(logits)
    return float((np.exp(p) * (p - q)).sum(axis=1).mean()), float((reference.argmax(1) == logits.argmax(1)).mean())


def quantised(o, model, kind, folder):
    out = os.path.join(folder, f"{kind}.gguf")
    if "_K" in kind:  # Apus reads these and does not write them
        environment = dict(os.environ, LD_LIBRARY_PATH=o.library)
        command = [os.path.join(o.library, "llama-quantize"), model, out, kind]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    else:
        subprocess.run([o.apus, "quantize", model, out, kind], check=True, stdout=subprocess.DEVNULL)
    return out


def row(o, name, kind, path, folder, rows, positions):
    exact = os.path.join(folder, "exact.gguf")
    subprocess.run([o.apus, "quantize", path, exact, "F32", "--force"], check=True, stdout=subprocess.DEVNULL)
    ids = [1] + [int(x) for x in np.random.default_rng(7).integers(3, rows, positions - 1)]
    reference = apus_logits(o, exact, ids, "f32")
    same = compare(reference, llama_logits(exact, ids, cache=0))
    ours = compare(reference, apus_logits(o, path, ids, "f16"))
    theirs = compare(reference, llama_logits(path, ids))
    note = "" if same[0] < 1e-5 else f"  not the same network: {same[0]:.1e} in f32"
    print(f"{name:20} {kind:8} {ours[0]:10.2e} {ours[1]:7.1%} {theirs[0]:12.2e} {theirs[1]:7.1%}{note}", flush=True)
    return {"model": name, "type": kind, "positions": positions, "apus": {"kl": ours[0], "top1": ours[1]},
            "llama": {"kl": theirs[0], "top1": theirs[1]}, "f32Divergence": same[0]}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("apus")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--types", default="Q8_0,Q4_0,Q4_K_M")
    parser.add_argument("--peers", default=os.path.join(here, "..", "..", ".build-peers"))
    parser.add_argument("--library")
    parser.add_argument("--bindings")
    o = parser.parse_args()
    o.library = os.path.abspath(o.library or os.path.join(o.peers, "llama", "bin"))
    os.environ["LLAMA_CPP_LIB_PATH"] = o.library
    sys.path.insert(0, os.path.abspath(o.bindings or os.path.join(o.peers, "llama-cpp-python-0.3.36")))
    results = []
    print(f"{'model':20} {'type':8} {'Apus KL':>10} {'top-1':>7} {'llama.cpp KL':>12} {'top-1':>7}")
    for model in o.models:
        name = os.path.basename(model).removesuffix(".gguf")
        rows, positions, is_quantised, widths = describe(model)
        for kind in ["as it is"] if is_quantised else o.types.split(","):
            if "_K" in kind and any(width % 256 for width in widths):
                print(f"{name:20} {kind:8} left out: its blocks are 256 wide, rows here {min(widths)}", flush=True)
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = model if is_quantised else quantised(o, model, kind, folder)
                results.append(row(o, name, kind, path, folder, rows, positions))
    print(json.dumps({"results": results}))


if __name__ == "__main__":
    main()
