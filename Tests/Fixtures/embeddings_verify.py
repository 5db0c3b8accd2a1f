#!/usr/bin/env python3
"""Shows that the folders and GGUF files of embeddings.py are what others take them for.

Three independent checks, on the very networks whose vectors are committed:

1. sentence-transformers loads the folder and embeds the strings (or scores the pairs); its vectors must be the
   committed ones.
2. llama.cpp's own converter turns the folder into GGUF; architecture keys and tensors must be those of embeddings.py,
   the tensors bit for bit.
3. llama.cpp runs the GGUF file of embeddings.py on the ids. It takes GELU from a table of f16 values.

It needs the packages of embeddings.py, sentence-transformers==6.2.0, and llama.cpp's source and library:

    python Tests/Fixtures/embeddings_verify.py --source LLAMA_CPP --library FOLDER_OF_LIBLLAMA --bindings LLAMA_CPP_PYTHON
"""

import argparse
import ctypes
import os
import pathlib
import sys
import tempfile

import numpy as np

import embeddings

# Keys that only one side has, and why.
OURS_ALONE = {
    "bert-reranker": {"bert.pooling_type"},  # it has no key for rerankers yet; llama.cpp reads this one
    "xlm-reranker": {"bert.pooling_type"},
}
THEIRS_ALONE = {
    "bert-reranker": {"bert.classifier.output_labels"},  # names of outputs, which nothing computes with
    "xlm-reranker": {"bert.classifier.output_labels"},
    # transformers computes a size of heads, and the converter takes it up; it is the default.
    "nomic-bert": {"nomic-bert.attention.key_length", "nomic-bert.attention.value_length"},
}
# The converter takes no other contexts than the published ones; it reads ours from the renamed keys.
NOMIC_POSITIONS = {"n_positions": 8192, "max_trained_positions": 2048}
# The converter leaves the pooler out.
LEFT_OUT = {"bert-reranker": {"cls.weight", "cls.bias"}}


def sentence_vectors(net, folder):
    """What sentence-transformers makes of the strings."""
    import sentence_transformers as st
    import torch

    strings = embeddings.texts(net)[2]
    known = {"config_kwargs": net.renamed} if hasattr(net, "renamed") else {}
    if net.pooling == "rank":
        encoder = st.CrossEncoder(folder, device="cpu")
        return encoder.predict([tuple(s) for s in strings], activation_fn=torch.nn.Identity()).reshape(-1, 1)
    encoder = st.SentenceTransformer(folder, device="cpu", **known)
    assert encoder.prompts["query"] == embeddings.PROMPTS["query"]
    return encoder.encode([s[0] for s in strings])


def read(path):
    import gguf

    reader = gguf.GGUFReader(path)
    keys = {field.name: field.contents() for field in reader.fields.values()}
    return keys, {tensor.name: np.array(tensor.data) for tensor in reader.tensors}


def difference_from_converter(net, path, folder):
    import conversion
    import gguf

    config = dict(net.config, **(NOMIC_POSITIONS if "n_embd" in net.config else {}), **getattr(net, "renamed", {}))
    embeddings.write_json(os.path.join(folder, "config.json"), config)
    family = conversion.get_model_class(net.config["architectures"][0])
    family.set_vocab = lambda self: None  # the network is compared, not the tokenizer
    family._xlmroberta_set_vocab = lambda self: None
    out = pathlib.Path(folder) / "converted.gguf"
    family(pathlib.Path(folder), gguf.LlamaFileType.ALL_F32, out, sentence_transformers_dense_modules=True).write()
    (keys, tensors), (their_keys, their_tensors) = read(path), read(out)
    prefix = keys["general.architecture"] + "."
    ours = {k: v for k, v in keys.items() if k.startswith(prefix) and k not in OURS_ALONE.get(net.name, ())}
    theirs = {k: v for k, v in their_keys.items() if k.startswith(prefix) and k not in THEIRS_ALONE.get(net.name, ())}
    faults = [f"{k}: ours {ours.get(k)}, the converter's {theirs.get(k)}"
              for k in sorted(ours.keys() | theirs.keys()) if ours.get(k) != theirs.get(k)]
    for tensor in sorted((tensors.keys() | their_tensors.keys()) - LEFT_OUT.get(net.name, set())):
        if tensor not in tensors or tensor not in their_tensors:
            faults.append(f"{tensor}: only {'ours' if tensor in tensors else 'the converter’s'}")
        elif not np.allclose(tensors[tensor], their_tensors[tensor], rtol=0, atol=2e-7 if "norm" in tensor else 0):
            faults.append(f"{tensor}: other values")
    return faults


def llama_vectors(path, texts, width):
    """The pooled output of llama.cpp for each text, and its states for the first."""
    import llama_cpp as lc

    lc.llama_backend_init()
    lc.llama_log_set(quiet, None)
    model = lc.llama_model_load_from_file(path.encode(), lc.llama_model_default_params())
    assert model, path
    outputs = []
    for pooling in (lc.LLAMA_POOLING_TYPE_UNSPECIFIED, lc.LLAMA_POOLING_TYPE_NONE):
        params = lc.llama_context_default_params()
        params.n_ctx = params.n_batch = params.n_ubatch = 256
        params.embeddings, params.n_threads, params.n_threads_batch = True, 1, 1
        params.pooling_type = pooling
        params.flash_attn_type = 0
        params.type_k = params.type_v = 0
        context = lc.llama_init_from_model(model, params)
        assert context, path
        for text in texts if pooling != lc.LLAMA_POOLING_TYPE_NONE else texts[:1]:
            batch = lc.llama_batch_init(len(text), 0, 1)
            batch.n_tokens = len(text)
            for i, token in enumerate(text):
                batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
                batch.seq_id[i][0] = 0
            memory = lc.llama_get_memory(context)
            if memory:
                lc.llama_memory_clear(memory, True)
            assert lc.llama_decode(context, batch) == 0
            if pooling == lc.LLAMA_POOLING_TYPE_NONE:
                rows = [lc.llama_get_embeddings_ith(context, i)[: embeddings.HIDDEN] for i in range(len(text))]
                outputs.append(np.array(rows, np.float32))
            else:
                outputs.append(np.array(lc.llama_get_embeddings_seq(context, 0)[:width], np.float32))
            lc.llama_batch_free(batch)
        lc.llama_free(context)
    lc.llama_model_free(model)
    return np.stack(outputs[:-1]), outputs[-1]


@ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def quiet(level, text, data):
    pass


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
    for name in o.names or embeddings.FAMILIES:
        net = embeddings.FAMILIES[name](name)
        texts, segments, strings = embeddings.texts(net)
        vectors = np.fromfile(os.path.join(embeddings.OUT, name + ".f32"), "<f4").reshape(len(texts), -1)
        hidden = np.fromfile(os.path.join(embeddings.OUT, name + ".hidden.f32"), "<f4").reshape(len(texts[0]), -1)
        faults, notes = [], []
        with tempfile.TemporaryDirectory() as scratch:
            folder, path = os.path.join(scratch, name), os.path.join(scratch, name + ".gguf")
            embeddings.write_folder(net, folder)
            embeddings.write_gguf(net, path)
            error = np.abs(sentence_vectors(net, folder) - vectors[-len(strings):]).max()
            notes.append(f"sentence-transformers differs by {error:.1e}")
            if error > 1e-5:
                faults.append("sentence-transformers has other vectors")
            if segments:  # llama.cpp takes every token to be of the first segment
                model = embeddings.load(net, folder)
                outputs = [embeddings.run(net, model, text, None) for text in texts]
                vectors, hidden = np.stack([v.numpy() for v, _ in outputs]), outputs[0][1].numpy()
            if name != "nomic-bert-native":  # names the converter does not know; the network is nomic-bert's
                faults += difference_from_converter(net, path, folder)
            theirs, states = llama_vectors(path, texts, vectors.shape[1])
        if net.pooling != "rank":
            theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
            notes.append(f"llama.cpp's least cosine is 1 - {1 - (theirs * vectors).sum(1).min():.1e}")
        for i in (2, 3):  # llama.cpp applies them to each state
            if f"dense_{i}.weight" in net.values:
                hidden = hidden @ net.values[f"dense_{i}.weight"].T
        for what, ours, others in (("vectors", vectors, theirs), ("states", hidden, states)):
            error = np.abs(others - ours).max() / np.abs(ours).max()
            notes.append(f"{what} differ by {error:.1e}")
            if error > 2e-3:
                faults.append(f"llama.cpp has other {what}")
        print(f"{name:18} {'; '.join(notes)}: {'; '.join(faults) or 'ok'}", flush=True)
        failed |= bool(faults)
    sys.exit(failed)


if __name__ == "__main__":
    main()
