#!/usr/bin/env python3
"""Which channels of a model's residual stand out, layer by layer, from an f32 run of llama.cpp.

    python residual.py MODEL.gguf [--planted] [--peers FOLDER]

The prompt is the first of accuracy.py. Printed for the residual behind each layer: the median of all absolute values;
the four channels that stand out most, with the least and the greatest multiple of it over all tokens but the first; and
the greatest value of the first token as such a multiple. With --planted it fails unless from layer 2 on (counted from
0, so its input is what is behind layer 1) exactly four channels are 100 to 1,000 times the median for every token but
the first, and the first token has a value of more than 1,000 times.

llama.cpp's evaluation callback hands over the tensors named l_out; give a model in f32, or the weights are quantised.
"""

import argparse
import ctypes
import os
import sys

import numpy as np

import accuracy


def residuals(model, ids, library):
    """Layer → float32 [tokens, channels], behind each layer."""
    import llama_cpp
    base = ctypes.CDLL(os.path.join(library, "libggml-base.so"))
    base.ggml_get_name.restype = ctypes.c_char_p
    base.ggml_get_name.argtypes = base.ggml_nbytes.argtypes = [ctypes.c_void_p]
    base.ggml_nbytes.restype = ctypes.c_size_t
    base.ggml_backend_tensor_get.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
    layers = {}

    @ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_bool, ctypes.c_void_p)
    def read(tensor, ask, _):
        name = base.ggml_get_name(tensor).decode()
        if not name.startswith("l_out-"):
            return not ask
        if not ask:
            values = np.empty(base.ggml_nbytes(tensor) // 4, np.float32)
            base.ggml_backend_tensor_get(tensor, values.ctypes.data, 0, values.nbytes)
            layers[int(name.removeprefix("l_out-"))] = values.reshape(len(ids), -1)
        return True

    @llama_cpp.llama_log_callback
    def quiet(*_):
        pass

    llama_cpp.llama_log_set(quiet, None)
    llama_cpp.llama_backend_init()
    loaded = llama_cpp.llama_model_load_from_file(model.encode(), llama_cpp.llama_model_default_params())
    if not loaded:
        sys.exit(f"llama.cpp cannot load {model}")
    parameters = llama_cpp.llama_context_default_params()
    parameters.n_ctx = parameters.n_batch = parameters.n_ubatch = 256
    parameters.type_k = parameters.type_v = 0  # f32
    parameters.cb_eval = ctypes.cast(read, type(parameters.cb_eval))
    context = llama_cpp.llama_init_from_model(loaded, parameters)
    batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
        batch.seq_id[i][0] = 0
    if llama_cpp.llama_decode(context, batch):
        sys.exit(f"llama.cpp cannot evaluate {model}")
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    llama_cpp.llama_model_free(loaded)
    return layers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--planted", action="store_true")
    accuracy.add_peers(parser)
    o = accuracy.find_peers(parser.parse_args())
    rows, positions, _, _ = accuracy.describe(o.model)
    layers = residuals(o.model, accuracy.prompt(0, rows, positions), o.library)
    wrong = []
    print(f"{'behind':>6} {'median':>8}  {'channels that stand out':44} first token")
    for layer, values in sorted(layers.items()):
        values = np.abs(values)
        median = np.median(values)
        least, most, massive = values[1:].min(0) / median, values[1:].max(0) / median, values[0].max() / median
        top = np.argsort(-least)[:4]
        channels = "  ".join(f"{c}: {least[c]:.0f}–{most[c]:.0f}×" for c in top)
        print(f"{layer:6} {median:8.3f}  {channels:44} {massive:.0f}×")
        if layer >= 1 and not (least[top].min() >= 100 and most.max() <= 1000 and massive > 1000
                               and np.delete(most, top).max() < 100):
            wrong.append(layer)
    if o.planted and (wrong or not layers):
        sys.exit(f"not as planted behind layers {wrong or 'that were not seen'}")


if __name__ == "__main__":
    main()
