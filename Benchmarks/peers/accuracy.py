#!/usr/bin/env python3
"""How close quantised logits come to the exact ones, Apus and llama.cpp side by side.

    python accuracy.py APUS LIBLLAMA MODEL.gguf [MODEL.gguf …]

For each model the reference is the same file with its weights dequantised to f32, run by Apus with an f32 cache (its
f32 logits equal transformers' to 1e-4, see Tests/ApusInferenceTests). Printed: the mean Kullback-Leibler divergence
from the reference over the positions of a fixed prompt, in nats, and how often the likeliest token is the same.

APUS is the binary, LIBLLAMA the folder of libllama.so of the llama.cpp that the Python package llama-cpp-python is
for (pip install llama-cpp-python==0.3.36 numpy==2.4.6).
"""

import os
import subprocess
import sys
import tempfile

import numpy as np


def apus_logits(apus, model, ids, cache):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "logits.npy")
        subprocess.run([apus, "logits", model, "--ids", ",".join(map(str, ids)), "--out", out, "--cache-type", cache],
                       check=True, stdout=subprocess.DEVNULL)
        return np.load(out)


def llama_logits(model, ids):
    import llama_cpp
    llama = llama_cpp.Llama(model, n_ctx=512, logits_all=True, verbose=False, n_threads=2)
    llama.eval(ids)
    return np.array(llama.scores[: len(ids)], np.float32)


def compare(reference, logits):
    def log_softmax(x):
        x = x.astype(np.float64)
        x -= x.max(axis=1, keepdims=True)
        return x - np.log(np.exp(x).sum(axis=1, keepdims=True))

    p, q = log_softmax(reference), log_softmax(logits)
    kl = (np.exp(p) * (p - q)).sum(axis=1)
    return kl.mean(), (reference.argmax(1) == logits.argmax(1)).mean()


def main(apus, library, models):
    os.environ["LLAMA_CPP_LIB_PATH"] = library
    print(f"{'model':28} {'Apus KL':>11} {'top-1':>7} {'llama.cpp KL':>13} {'top-1':>7}")
    for model in models:
        with tempfile.TemporaryDirectory() as folder:
            exact = os.path.join(folder, "exact.gguf")
            subprocess.run([apus, "quantize", model, exact, "F32"], check=True, stdout=subprocess.DEVNULL)
            rows = 105 if "babyllama" in model else 32000
            ids = [1] + [int(x) for x in np.random.default_rng(7).integers(3, rows, 127)]
            reference = apus_logits(apus, exact, ids, "f32")
            ours = compare(reference, apus_logits(apus, model, ids, "f16"))
            theirs = compare(reference, llama_logits(model, ids))
        name = os.path.basename(model)
        print(f"{name:28} {ours[0]:11.3e} {ours[1]:7.1%} {theirs[0]:13.3e} {theirs[1]:7.1%}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
