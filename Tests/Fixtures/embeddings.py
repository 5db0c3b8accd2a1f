#!/usr/bin/env python3
"""Makes the vectors and scores that Apus's embedding models and rerankers are tested against.

Each network is tiny, with weights as in models.py: Philox normals keyed by the GGUF tensor's name. It is written as a
Hugging Face folder, with the names and keys of published models, read back by `transformers`, and what that makes of a
few texts is stored: one vector or score per text, and all final states of the first text, before pooling.

    pip install torch==2.15.0 transformers==5.23.0 tokenizers==0.23.3 safetensors numpy==2.4.6 gguf==0.19.0
    python Tests/Fixtures/embeddings.py [--folders DIR] [--gguf DIR] [NAME ...]

--folders keeps the folders, laid out as sentence-transformers does; --gguf also writes each network as a GGUF file.
embeddings_verify.py compares both with sentence-transformers, llama.cpp's converter and llama.cpp.
"""

import argparse
import json
import os
import tempfile

import numpy as np
import torch
import transformers
from safetensors.torch import save_file

from embeddings_tokenizers import TOKENIZERS, add_to_gguf, encode
from models import HERE, VOCABULARY, Network, basics, fnv1a, philox

OUT = os.path.join(HERE, "embeddings")
HIDDEN, LAYERS, HEADS, POSITIONS = 64, 3, 4, 128
POOLING = {"mean": 1, "cls": 2, "last": 3, "rank": 4}  # llama.cpp's numbers
PROMPTS = {"query": "task: search result | query: ", "document": "title: none | text: "}


class Encoder(Network):
    """A network with its folder: the weights under Hugging Face's names, config.json and the other small files."""

    def __init__(self, name, arch, pooling, tokenizer, prefix=""):
        super().__init__(name, arch)
        self.pooling, self.tokenizer, self.prefix = pooling, tokenizer, prefix
        self.folder, self.huggingface, self.files = {}, [], {}

    def give(self, theirs, ours, *, rows=None, subtract=0.0, zeros=0, file="model.safetensors"):
        """The folder's tensor `theirs` is the GGUF's `ours`: some rows of it, less a number, or after rows of zeros."""
        value = torch.from_numpy(self.values[ours])
        entry = {"name": self.prefix + theirs if file == "model.safetensors" else theirs, "from": ours}
        if file != "model.safetensors":
            entry["file"] = file
        if rows:
            entry["rows"], value = list(rows), value[rows[0]:rows[1]]
        if subtract:
            entry["subtract"], value = subtract, value - subtract
        if zeros:
            entry["zeros"], value = zeros, torch.cat([torch.zeros(zeros, *value.shape[1:]), value])
        self.huggingface.append(entry)
        self.folder.setdefault(file, {})[entry["name"]] = value.contiguous()

    def matrix(self, theirs, ours, rows, columns, *, std=None, bias=True, **how):
        self.tensor(ours + ".weight", rows, columns, std=std)
        self.give(theirs + ".weight", ours + ".weight", **how)
        if bias:
            self.bias(ours + ".bias", rows)
            self.give(theirs + ".bias", ours + ".bias", **how)

    def scale(self, theirs, ours, n, *, bias=True, **how):
        self.norm(ours + ".weight", n)
        self.give(theirs + ".weight", ours + ".weight", **how)
        if bias:
            self.bias(ours + ".bias", n)
            self.give(theirs + ".bias", ours + ".bias")

    def modules(self, dense=()):
        """The files by which sentence-transformers knows what follows the network."""
        path = "sentence_transformers.models."
        kinds = [("", "Transformer"), ("1_Pooling", "Pooling")]
        kinds += [(folder, "Dense") for folder, _, _ in dense]
        kinds += [(f"{len(kinds)}_Normalize", "Normalize")]
        self.files["modules.json"] = [
            {"idx": i, "name": str(i), "path": folder, "type": path + kind} for i, (folder, kind) in enumerate(kinds)]
        self.files["1_Pooling/config.json"] = {
            "word_embedding_dimension": HIDDEN, "pooling_mode_cls_token": self.pooling == "cls",
            "pooling_mode_mean_tokens": self.pooling == "mean", "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False, "pooling_mode_weightedmean_tokens": False,
            "pooling_mode_lasttoken": self.pooling == "last", "include_prompt": True}
        for folder, inputs, outputs in dense:
            self.files[folder + "/config.json"] = {
                "in_features": inputs, "out_features": outputs, "bias": False,
                "activation_function": "torch.nn.modules.linear.Identity"}
        self.files["config_sentence_transformers.json"] = {
            "model_type": "SentenceTransformer", "prompts": PROMPTS, "default_prompt_name": None,
            "similarity_fn_name": "cosine"}
        self.files["sentence_bert_config.json"] = {"max_seq_length": POSITIONS, "do_lower_case": False}


# --- The families ---------------------------------------------------------------------------------------------


def bert_keys(net, ffn, eps):
    basics(net, dict(layers=LAYERS, hidden=HIDDEN), heads=HEADS, kv=None, head=None, ffn=ffn,
           eps_key="layer_norm_epsilon", eps=eps, context=POSITIONS)
    net.arch_meta("attention.causal", "bool", False)
    net.arch_meta("pooling_type", "uint32", POOLING[net.pooling])


def bert_layers(net, ffn):
    for i in range(LAYERS):
        p, b = f"encoder.layer.{i}.", f"blk.{i}."
        for theirs, letter in (("query", "q"), ("key", "k"), ("value", "v")):
            net.matrix(f"{p}attention.self.{theirs}", f"{b}attn_{letter}", HIDDEN, HIDDEN, std=0.25)
        net.matrix(p + "attention.output.dense", b + "attn_output", HIDDEN, HIDDEN)
        net.scale(p + "attention.output.LayerNorm", b + "attn_output_norm", HIDDEN)
        net.matrix(p + "intermediate.dense", b + "ffn_up", ffn, HIDDEN)
        net.matrix(p + "output.dense", b + "ffn_down", HIDDEN, ffn)
        net.scale(p + "output.LayerNorm", b + "layer_output_norm", HIDDEN)


def bert(name, pooling):
    """BERT: all-MiniLM and e5 take the mean, bge the first token, ms-marco's cross-encoders score pairs."""
    ffn, rank = 128, pooling == "rank"
    net = Encoder(name, "bert", pooling, "wordpiece", "bert." if rank else "")
    bert_keys(net, ffn, 1e-12)
    net.meta("tokenizer.ggml.token_type_count", "uint32", 2)
    e = "embeddings."
    net.matrix(e + "word_embeddings", "token_embd", VOCABULARY, HIDDEN, std=1.0, bias=False)
    net.matrix(e + "token_type_embeddings", "token_types", 2, HIDDEN, std=1.0, bias=False)
    net.matrix(e + "position_embeddings", "position_embd", POSITIONS, HIDDEN, std=0.5, bias=False)
    net.scale(e + "LayerNorm", "token_embd_norm", HIDDEN)
    bert_layers(net, ffn)
    net.config = {
        "architectures": ["BertForSequenceClassification" if rank else "BertModel"], "model_type": "bert",
        "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": HIDDEN,
        "initializer_range": 0.02, "intermediate_size": ffn, "layer_norm_eps": 1e-12,
        "max_position_embeddings": POSITIONS, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "pad_token_id": 0, "position_embedding_type": "absolute", "type_vocab_size": 2, "vocab_size": VOCABULARY}
    if rank:
        # llama.cpp's converter leaves the pooler out; as `cls` its graph computes just what transformers does.
        net.matrix("pooler.dense", "cls", HIDDEN, HIDDEN)
        net.prefix = ""
        net.matrix("classifier", "cls.output", 1, HIDDEN)
        net.config |= {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}
        net.model = transformers.BertForSequenceClassification
    else:
        net.modules()
        net.model = transformers.BertModel
    return net


def xlm(name):
    """XLM-RoBERTa as bge-reranker: positions count from the padding's id + 1, and GGUF files leave those rows out."""
    ffn, offset = 128, 2
    net = Encoder(name, "bert", "rank", "bytes", "roberta.")
    bert_keys(net, ffn, 1e-5)
    net.meta("tokenizer.ggml.token_type_count", "uint32", 1)
    e = "embeddings."
    net.matrix(e + "word_embeddings", "token_embd", VOCABULARY, HIDDEN, std=1.0, bias=False)
    net.matrix(e + "token_type_embeddings", "token_types", 1, HIDDEN, std=1.0, bias=False)
    net.matrix(e + "position_embeddings", "position_embd", POSITIONS, HIDDEN, std=0.5, bias=False, zeros=offset)
    net.scale(e + "LayerNorm", "token_embd_norm", HIDDEN)
    bert_layers(net, ffn)
    net.prefix = ""
    net.matrix("classifier.dense", "cls", HIDDEN, HIDDEN)
    net.matrix("classifier.out_proj", "cls.output", 1, HIDDEN)
    net.config = {
        "architectures": ["XLMRobertaForSequenceClassification"], "model_type": "xlm-roberta",
        "attention_probs_dropout_prob": 0.1, "bos_token_id": 0, "eos_token_id": 2, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "hidden_size": HIDDEN, "id2label": {"0": "LABEL_0"}, "initializer_range": 0.02,
        "intermediate_size": ffn, "label2id": {"LABEL_0": 0}, "layer_norm_eps": 1e-5,
        "max_position_embeddings": POSITIONS + offset, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "output_past": True, "pad_token_id": 1, "position_embedding_type": "absolute", "type_vocab_size": 1,
        "vocab_size": VOCABULARY}
    net.model = transformers.XLMRobertaForSequenceClassification
    return net


def nomic(name, native):
    """nomic-embed-text with the names it was published with, or with those of transformers' own model of it."""
    ffn, base = 96, 1000.0
    net = Encoder(name, "nomic-bert", "mean", "wordpiece")
    bert_keys(net, ffn, 1e-12)
    net.arch_meta("rope.freq_base", "float32", base)
    net.meta("tokenizer.ggml.token_type_count", "uint32", 2)
    net.matrix("embeddings.word_embeddings", "token_embd", VOCABULARY, HIDDEN, std=1.0, bias=False)
    net.matrix("embeddings.token_type_embeddings", "token_types", 2, HIDDEN, std=1.0, bias=False)
    net.scale("embeddings.LayerNorm" if native else "emb_ln", "token_embd_norm", HIDDEN)
    for i in range(LAYERS):
        b = f"blk.{i}."
        p = f"layers.{i}." if native else f"encoder.layers.{i}."
        if native:
            net.tensor(b + "attn_qkv.weight", 3 * HIDDEN, HIDDEN, std=0.25)
            for part, letter in enumerate("qkv"):
                net.give(f"{p}self_attn.{letter}_proj.weight", b + "attn_qkv.weight",
                         rows=(part * HIDDEN, (part + 1) * HIDDEN))
        else:
            net.matrix(p + "attn.Wqkv", b + "attn_qkv", 3 * HIDDEN, HIDDEN, std=0.25, bias=False)
        net.matrix(p + ("self_attn.o_proj" if native else "attn.out_proj"), b + "attn_output", HIDDEN, HIDDEN, bias=False)
        net.scale(p + ("post_attention_layernorm" if native else "norm1"), b + "attn_output_norm", HIDDEN)
        # llama.cpp maps fc11, the linear half, to `up` and fc12, the one with the activation, to `gate`.
        net.matrix(p + ("mlp.up_proj" if native else "mlp.fc11"), b + "ffn_up", ffn, HIDDEN, bias=False)
        net.matrix(p + ("mlp.gate_proj" if native else "mlp.fc12"), b + "ffn_gate", ffn, HIDDEN, bias=False)
        net.matrix(p + ("mlp.down_proj" if native else "mlp.fc2"), b + "ffn_down", HIDDEN, ffn, bias=False)
        net.scale(p + ("post_mlp_layernorm" if native else "norm2"), b + "layer_output_norm", HIDDEN)
    if native:
        net.config = {
            "architectures": ["NomicBertModel"], "model_type": "nomic_bert", "hidden_act": "silu", "hidden_size": HIDDEN,
            "intermediate_size": ffn, "layer_norm_eps": 1e-12, "max_position_embeddings": POSITIONS,
            "num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "pad_token_id": 0,
            "rope_parameters": {"rope_theta": base, "rope_type": "default"}, "type_vocab_size": 2,
            "vocab_size": VOCABULARY}
    else:
        net.config = {
            "architectures": ["NomicBertModel"], "model_type": "nomic_bert", "activation_function": "swiglu",
            "attn_pdrop": 0.0, "causal": False, "embd_pdrop": 0.0, "layer_norm_epsilon": 1e-12, "mlp_fc1_bias": False,
            "mlp_fc2_bias": False, "n_embd": HIDDEN, "n_head": HEADS, "n_inner": ffn, "n_layer": LAYERS,
            "n_positions": POSITIONS, "pad_vocab_size_multiple": 64, "parallel_block": False, "prenorm": False,
            "qkv_proj_bias": False, "resid_pdrop": 0.0, "rotary_emb_base": base, "rotary_emb_fraction": 1.0,
            "rotary_emb_interleaved": False, "rotary_emb_scale_base": None, "rotary_scaling_factor": None,
            "type_vocab_size": 2, "use_rms_norm": False, "vocab_size": VOCABULARY}
        # transformers knows these keys by other names.
        net.renamed = {"hidden_size": HIDDEN, "intermediate_size": ffn, "max_position_embeddings": POSITIONS,
                       "num_attention_heads": HEADS, "num_hidden_layers": LAYERS, "layer_norm_eps": 1e-12, "head_dim": HIDDEN // HEADS,
                       "rope_parameters": {"rope_theta": base, "rope_type": "default"}}
    net.modules()
    net.model = transformers.NomicBertModel
    return net


def decoder_layers(net, layers, kv, head, ffn, norms, subtract=0.0):
    """The layers of Qwen 3 and Gemma 3, which differ in their norms."""
    for i in range(layers):
        p, b = f"layers.{i}.", f"blk.{i}."
        for ours, theirs in norms:
            net.scale(p + theirs, b + ours, HIDDEN, bias=False, subtract=subtract)
        for letter, h in (("q", HEADS), ("k", kv), ("v", kv)):
            net.matrix(f"{p}self_attn.{letter}_proj", f"{b}attn_{letter}", h * head, HIDDEN, std=0.25, bias=False)
        for letter in "qk":
            net.scale(f"{p}self_attn.{letter}_norm", f"{b}attn_{letter}_norm", head, bias=False, subtract=subtract)
        net.matrix(p + "self_attn.o_proj", b + "attn_output", HIDDEN, HEADS * head, bias=False)
        for part, rows, columns in (("gate", ffn, HIDDEN), ("up", ffn, HIDDEN), ("down", HIDDEN, ffn)):
            net.matrix(f"{p}mlp.{part}_proj", f"{b}ffn_{part}", rows, columns, bias=False)
    net.scale("norm", "output_norm", HIDDEN, bias=False, subtract=subtract)


def gemma_embedding(name):
    """EmbeddingGemma. A layer with the window w sees w / 2 tokens to each side; GGUF files hold norms plus one."""
    layers, kv, head, ffn, window, wide = 7, 2, 24, 96, 16, 128
    net = Encoder(name, "gemma-embedding", "mean", "bytes")
    basics(net, dict(layers=layers, hidden=HIDDEN), heads=HEADS, kv=kv, head=head, ffn=ffn, eps=1e-6, context=POSITIONS)
    net.arch_meta("attention.sliding_window", "uint32", window)
    net.arch_meta("rope.freq_base", "float32", 1000000.0)
    net.arch_meta("rope.freq_base_swa", "float32", 10000.0)
    net.arch_meta("pooling_type", "uint32", POOLING["mean"])
    for prefix, inputs, outputs in (("dense_2", HIDDEN, wide), ("dense_3", wide, HIDDEN)):
        net.arch_meta(prefix + "_feat_in", "uint32", inputs)
        net.arch_meta(prefix + "_feat_out", "uint32", outputs)
    net.matrix("embed_tokens", "token_embd", VOCABULARY, HIDDEN, std=0.3, bias=False)
    norms = (("attn_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"),
             ("ffn_norm", "pre_feedforward_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm"))
    decoder_layers(net, layers, kv, head, ffn, norms, subtract=1.0)
    for i, rows, columns in ((2, wide, HIDDEN), (3, HIDDEN, wide)):
        net.matrix("linear", f"dense_{i}", rows, columns, bias=False, file=f"{i}_Dense/model.safetensors")
    net.config = {
        "architectures": ["Gemma3TextModel"], "model_type": "gemma3_text", "_sliding_window_pattern": 6,
        "attention_bias": False, "attention_dropout": 0.0, "attn_logit_softcapping": None, "bos_token_id": 0,
        "eos_token_id": 2, "final_logit_softcapping": None, "head_dim": head, "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": HIDDEN, "initializer_range": 0.02, "intermediate_size": ffn,
        "layer_types": ["full_attention" if (i + 1) % 6 == 0 else "sliding_attention" for i in range(layers)],
        "max_position_embeddings": POSITIONS, "num_attention_heads": HEADS, "num_hidden_layers": layers,
        "num_key_value_heads": kv, "pad_token_id": 1, "query_pre_attn_scalar": head, "rms_norm_eps": 1e-6,
        "rope_local_base_freq": 10000.0, "rope_scaling": None, "rope_theta": 1000000.0, "sliding_window": window,
        "use_bidirectional_attention": True, "use_cache": True, "vocab_size": VOCABULARY}
    net.modules(dense=(("2_Dense", HIDDEN, wide), ("3_Dense", wide, HIDDEN)))
    net.model = transformers.Gemma3TextModel
    return net


def qwen3_embedding(name):
    """Qwen3-Embedding: the causal network as it is; the last token, the end of text, stands for the whole."""
    kv, head, ffn, base = 2, 24, 96, 1000000.0
    net = Encoder(name, "qwen3", "last", "bytes-end")
    basics(net, dict(layers=LAYERS, hidden=HIDDEN), heads=HEADS, kv=kv, head=head, ffn=ffn, eps=1e-6, context=POSITIONS)
    net.arch_meta("rope.freq_base", "float32", base)
    net.arch_meta("pooling_type", "uint32", POOLING["last"])
    net.matrix("embed_tokens", "token_embd", VOCABULARY, HIDDEN, std=1.0, bias=False)
    decoder_layers(net, LAYERS, kv, head, ffn,
                   (("attn_norm", "input_layernorm"), ("ffn_norm", "post_attention_layernorm")))
    net.config = {
        "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "attention_bias": False, "attention_dropout": 0.0,
        "bos_token_id": 2, "eos_token_id": 2, "head_dim": head, "hidden_act": "silu", "hidden_size": HIDDEN,
        "initializer_range": 0.02, "intermediate_size": ffn, "max_position_embeddings": POSITIONS,
        "max_window_layers": LAYERS, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "num_key_value_heads": kv, "rms_norm_eps": 1e-6, "rope_scaling": None, "rope_theta": base,
        "sliding_window": None, "tie_word_embeddings": True, "use_cache": True, "use_sliding_window": False,
        "vocab_size": VOCABULARY}
    net.modules()
    net.model = transformers.Qwen3Model
    return net


FAMILIES = {
    "bert-mean": lambda n: bert(n, "mean"),
    "bert-cls": lambda n: bert(n, "cls"),
    "nomic-bert": lambda n: nomic(n, native=False),
    "nomic-bert-native": lambda n: nomic(n, native=True),
    "gemma-embedding": gemma_embedding,
    "qwen3-embedding": qwen3_embedding,
    "bert-reranker": lambda n: bert(n, "rank"),
    "xlm-reranker": xlm,
}


# --- Texts and outputs ----------------------------------------------------------------------------------------

STRINGS = ["A small engine.", "Cafés in Zürich, 1976?"]
PAIRS = [["what is swift", "Swift is a bird."], ["what is swift", "It rained all day."]]


def texts(net):
    """Ids, segments, and the strings that the last texts were. The first text is the one whose states are stored."""
    ids, segments = [], []
    for length in (100 if net.arch == "gemma-embedding" else 40, 1, 3, 17, 40, 64, 65):
        if ids and length == len(ids[0]):
            continue
        words = philox(np.arange((length + 3) // 4, dtype=np.uint64), fnv1a(f"text {length}")).reshape(-1)[:length]
        ids.append([5 + int(w) % (VOCABULARY - 5) for w in words])  # the first five have meanings, as padding
        segments.append([int(i > length // 3) for i in range(length)])
    strings = [s if net.pooling == "rank" else [s] for s in (PAIRS if net.pooling == "rank" else STRINGS)]
    for parts in strings:
        encoding = encode(net.tokenizer, parts)
        ids.append(encoding.ids)
        segments.append(encoding.type_ids)
    two = net.arch == "bert" and net.pooling == "rank" and net.tokenizer == "wordpiece"
    return ids, segments if two else None, strings


def pooled(net, states):
    """What sentence-transformers' modules make of the final states."""
    x = {"mean": lambda: states.mean(0), "cls": lambda: states[0], "last": lambda: states[-1]}[net.pooling]()
    for i in (2, 3):
        weight = net.folder.get(f"{i}_Dense/model.safetensors")
        if weight:
            x = weight["linear.weight"].to(x.dtype) @ x
    return x / x.norm()


def run(net, model, ids, segments):
    """The vector or score of one text, and its final states."""
    inputs = {"input_ids": torch.tensor([ids]), "attention_mask": torch.ones(1, len(ids), dtype=torch.long)}
    if segments:
        inputs["token_type_ids"] = torch.tensor([segments])
    with torch.no_grad():
        if net.pooling == "rank":
            output = model(**inputs, output_hidden_states=True)
            return output.logits[0], output.hidden_states[-1][0]
        states = model(**inputs).last_hidden_state[0]
        return pooled(net, states), states


def write_folder(net, path):
    os.makedirs(path, exist_ok=True)
    for file, content in dict(net.files, **{"config.json": net.config}).items():
        write_json(os.path.join(path, file), content, indent=2)
    for file, content in TOKENIZERS[net.tokenizer].items():
        write_json(os.path.join(path, file), content, indent=2)
    for file, tensors in net.folder.items():
        save_file(tensors, os.path.join(path, file), metadata={"format": "pt"})


def write_json(path, content, **how):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(content, file, ensure_ascii=False, **how)
        file.write("\n")


def load(net, path):
    """The network as transformers reads it from the folder, every tensor used and none missing."""
    config = transformers.AutoConfig.from_pretrained(path, **getattr(net, "renamed", {}))
    extra = {"add_pooling_layer": False} if net.model is transformers.BertModel else {}
    model, info = net.model.from_pretrained(
        path, config=config, attn_implementation="eager", dtype=torch.float32, output_loading_info=True, **extra)
    faults = {k: v for k, v in info.items() if v}
    assert not faults, (net.name, faults)
    return model.eval()


def write_gguf(net, path):
    import gguf
    writer = gguf.GGUFWriter(path, net.arch)
    add = {"uint32": writer.add_uint32, "float32": writer.add_float32, "string": writer.add_string, "bool": writer.add_bool}
    for entry in net.metadata:
        if entry["key"] != "general.architecture":
            add[entry["type"]](entry["key"], entry["value"])
    add_to_gguf(writer, net.tokenizer)
    for name, value in net.values.items():
        writer.add_tensor(name, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(name, folders, gguf_directory):
    net = FAMILIES[name](name)
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(folders or scratch, name)
        write_folder(net, path)
        model = load(net, path)
        ids, segments, strings = texts(net)
        outputs = [run(net, model, t, s) for t, s in zip(ids, segments or [None] * len(ids))]
        model = model.double()
        exact = [run(net, model, t, s) for t, s in zip(ids, segments or [None] * len(ids))]
    vectors, true = (torch.stack([o for o, _ in each]).numpy() for each in (outputs, exact))
    error = float(np.abs(vectors - true).max() / np.abs(true).max())
    assert np.isfinite(vectors).all() and vectors.std() > 0.05 and error < 1e-4, (name, vectors.std(), error)
    hidden = outputs[0][1].numpy()
    vectors.astype("<f4").tofile(os.path.join(OUT, name + ".f32"))
    hidden.astype("<f4").tofile(os.path.join(OUT, name + ".hidden.f32"))
    description = {
        "name": name, "pooling": net.pooling, "tokenizer": net.tokenizer, "metadata": net.metadata,
        "tensors": net.tensors, "texts": ids, "strings": strings, "huggingface": net.huggingface, "config": net.config,
        "files": net.files, "float32Error": error,
        "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}}
    if segments:
        description["segments"] = segments
    write_json(os.path.join(OUT, name + ".json"), description, separators=(",", ":"))
    alike = vectors @ vectors.T - 2 * np.eye(len(ids)) if net.pooling != "rank" else vectors
    print(f"{name:18} {len(ids)} texts, f32 error {error:.1e}, largest cosine or score {alike.max():.2f}")
    if gguf_directory:
        write_gguf(net, os.path.join(gguf_directory, name + ".gguf"))


if __name__ == "__main__":
    transformers.utils.logging.disable_progress_bar()
    parser = argparse.ArgumentParser()
    parser.add_argument("--folders", metavar="DIR")
    parser.add_argument("--gguf", metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    for directory in (OUT, arguments.folders, arguments.gguf):
        if directory:
            os.makedirs(directory, exist_ok=True)
    for kind, files in TOKENIZERS.items():
        for file, content in files.items():
            write_json(os.path.join(OUT, "tokenizers", kind, file), content, separators=(",", ":"))
    for name in arguments.names or FAMILIES:
        make(name, arguments.folders, arguments.gguf)
