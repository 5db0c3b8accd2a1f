#!/usr/bin/env python3
"""Shows that the networks of models.py are what llama.cpp takes their GGUF files for.

Two independent checks for every family, on the very networks whose logits are committed:

1. llama.cpp's own converter turns the `transformers` model into GGUF; architecture keys and tensors must be those of
   models.py, the tensors bit for bit (Llama 3's factors to float32 rounding).
2. llama.cpp runs the GGUF file of models.py; its logits must be the committed ones. It rounds more than Apus may: GELU
   comes from a table of f16 values (about 3e-4 of the largest logit); without GELU 1e-5 holds.

It needs the packages of models.py, and llama.cpp's source and library (Benchmarks/peers/setup.sh makes both):

    python Tests/Fixtures/models_verify.py --source LLAMA_CPP --library FOLDER_OF_LIBLLAMA --bindings LLAMA_CPP_PYTHON
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

import numpy as np

import models

# What models.py writes and the converter does not, and why.
OURS_ALONE = {
    "mistral": {"llama.attention.sliding_window"},  # the converter drops it; files that have it mean it
}
# The converter computes these factors in float32: a few roundings in a division and a power.
ROUNDING = {"rope_freqs.weight": 8 * 2.0**-24}
# Where llama.cpp is a different network: positions from here on are not compared.
COMPARED_POSITIONS = {"mistral": 8, "phi3-window": 8}  # it uses no window in these architectures
GELU = {"gemma2", "gemma3", "gemma3-linear", "gpt2"}


def converted(name, model, folder):
    """The keys and tensors llama.cpp's converter makes of `model`."""
    import conversion
    import gguf

    model.save_pretrained(folder)
    family = conversion.get_model_class(model.config.architectures[0])
    family.set_vocab = lambda self: None  # the network is compared, not the tokenizer
    if name == "gpt2":
        # A key of published configurations that transformers no longer writes.
        path = os.path.join(folder, "config.json")
        with open(path) as file:
            config = json.load(file)
        with open(path, "w") as file:
            json.dump(dict(config, n_ctx=config["n_positions"]), file)
    if name.startswith("gemma3"):
        # It drops rows of the embedding that the tokenizer has no piece for, and so wants to count pieces.
        with open(os.path.join(folder, "tokenizer.json"), "w") as file:
            json.dump({"model": {"vocab": {str(i): i for i in range(models.VOCABULARY)}}, "added_tokens": []}, file)
    out = pathlib.Path(folder) / "converted.gguf"
    family(pathlib.Path(folder), gguf.LlamaFileType.ALL_F32, out).write()
    return read(out)


def read(path):
    import gguf

    reader = gguf.GGUFReader(path)
    keys = {field.name: field.contents() for field in reader.fields.values()}
    return keys, {tensor.name: np.array(tensor.data) for tensor in reader.tensors}


def difference_from_converter(name, path, model):
    keys, tensors = read(path)
    with tempfile.TemporaryDirectory() as folder:
        their_keys, their_tensors = converted(name, model, folder)
    prefix = keys["general.architecture"] + "."
    ours = {k: v for k, v in keys.items() if k.startswith(prefix) and k not in OURS_ALONE.get(name, ())}
    theirs = {k: v for k, v in their_keys.items() if k.startswith(prefix)}
    faults = [f"{k}: ours {ours.get(k)}, the converter's {theirs.get(k)}"
              for k in sorted(ours.keys() | theirs.keys()) if ours.get(k) != theirs.get(k)]
    for tensor in sorted(tensors.keys() | their_tensors.keys()):
        if tensor not in tensors or tensor not in their_tensors:
            faults.append(f"{tensor}: only {'ours' if tensor in tensors else 'the converter’s'}")
        elif not np.allclose(tensors[tensor], their_tensors[tensor], rtol=ROUNDING.get(tensor, 0), atol=0):
            faults.append(f"{tensor}: other values")
    return faults


def llama_logits(path, tokens, original_context):
    import llama_cpp

    # Its context is a multiple of 256, which alone would make it choose the long rotary factors.
    llama = llama_cpp.Llama(
        path, n_ctx=256, logits_all=True, verbose=False, n_threads=1, type_k=0, type_v=0, flash_attn=False, swa_full=True,
        kv_overrides=original_context)
    llama.eval(tokens)
    logits = np.array(llama.scores[: len(tokens)], np.float32)
    llama.close()
    return logits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--source", required=True)
    parser.add_argument("--library", required=True)
    parser.add_argument("--bindings", required=True)
    parser.add_argument("names", nargs="*")
    o = parser.parse_args()
    os.environ["LLAMA_CPP_LIB_PATH"] = os.path.abspath(o.library)
    sys.path[:0] = [os.path.abspath(o.source), os.path.join(os.path.abspath(o.source), "gguf-py"),
                    os.path.abspath(o.bindings)]
    failed = False
    for name in o.names or models.FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            net, model = models.build(name)
            path = os.path.join(folder, name + ".gguf")
            models.write_gguf(net, path)
            faults = difference_from_converter(name, path, model)
            reference = np.fromfile(os.path.join(models.OUT, name + ".logits.f32"), "<f4").reshape(models.POSITIONS, -1)
            override = {f"{net.arch}.rope.scaling.original_context_length": 256} if name == "phi3-short" else None
            logits = llama_logits(path, models.tokens(), override)
        n = COMPARED_POSITIONS.get(name, models.POSITIONS)
        error = float(np.abs(logits - reference)[:n].max() / np.abs(reference).max())
        bound = 5e-4 if name in GELU else 1e-5
        if error > bound:
            faults.append(f"llama.cpp's logits differ by {error:.1e} of the largest, more than {bound:.0e}")
        print(f"{name:14} {n} positions, llama.cpp differs by {error:.1e}  {'; '.join(faults) or 'ok'}", flush=True)
        failed |= bool(faults)
    sys.exit(failed)


if __name__ == "__main__":
    main()
