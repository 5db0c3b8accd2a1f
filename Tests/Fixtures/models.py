#!/usr/bin/env python3
"""Makes the logits that Apus's architectures are tested against.

For each family a tiny network with random weights is built in `transformers`, and its logits for a fixed
prompt are stored. Weights are Philox normals keyed by the GGUF tensor's name, so the Swift tests make the same
weights themselves: only a description (JSON) and the logits are committed.

    pip install torch==2.15.0 transformers==5.23.0 numpy==2.4.6 gguf==0.19.0
    python Tests/Fixtures/models.py [--gguf DIR] [NAME ...]

--gguf also writes each network as a GGUF file, for other engines. models_verify.py holds the keys and tensors against
those of llama.cpp's converter, and the logits against llama.cpp's.
"""

import argparse
import json
import math
import os
import tempfile

import numpy as np
import torch
import transformers

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "models")
VOCABULARY = 320
POSITIONS = 48


# --- Philox4x32-10 (Salmon et al. 2011), the definition of Sources/ApusRuntime/Random -----------------------


def philox(counters, key):
    """counters: uint64 [n] (the low two words), key: 64 bits. Gives uint32 [n, 4]."""
    c = np.zeros((len(counters), 4), np.uint64)
    c[:, 0] = counters & 0xFFFFFFFF
    c[:, 1] = counters >> np.uint64(32)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        p0 = c[:, 0] * np.uint64(0xD2511F53)
        p1 = c[:, 2] * np.uint64(0xCD9E8D57)
        hi0, lo0 = p0 >> np.uint64(32), p0 & np.uint64(0xFFFFFFFF)
        hi1, lo1 = p1 >> np.uint64(32), p1 & np.uint64(0xFFFFFFFF)
        c = np.stack([hi1 ^ c[:, 1] ^ np.uint64(k0), lo1, hi0 ^ c[:, 3] ^ np.uint64(k1), lo0], axis=1)
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c.astype(np.uint32)


def fnv1a(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h


def normals(name, shape, mean, std):
    n = int(np.prod(shape))
    words = philox(np.arange((n + 3) // 4, dtype=np.uint64), fnv1a(name)).astype(np.float64)
    u1, u2 = (words[:, 0::2] + 1) / 2**32, words[:, 1::2] / 2**32
    r = np.sqrt(-2 * np.log(u1))
    z = np.stack([r * np.cos(2 * np.pi * u2), r * np.sin(2 * np.pi * u2)], axis=2).reshape(-1)[:n]
    return (mean + std * z).astype(np.float32).reshape(shape)


# --- The description of one network ---------------------------------------------------------------------------


class Network:
    def __init__(self, name, arch):
        self.name, self.arch = name, arch
        self.metadata, self.tensors, self.values = [], [], {}
        self.meta("general.architecture", "string", arch)
        self.meta("general.name", "string", name)

    def meta(self, key, type, value):
        self.metadata.append({"key": key, "type": type, "value": value})

    def arch_meta(self, key, type, value):
        self.meta(f"{self.arch}.{key}", type, value)

    def tensor(self, name, *shape, mean=0.0, std=None):
        std = 1.2 / math.sqrt(shape[-1]) if std is None else std
        self.tensors.append({"name": name, "shape": list(shape), "mean": mean, "std": std})
        self.values[name] = normals(name, shape, mean, std)
        return torch.from_numpy(self.values[name])

    def norm(self, name, n):
        return self.tensor(name, n, mean=1.0, std=0.1)

    def bias(self, name, n):
        return self.tensor(name, n, std=0.1)

    def constant(self, name, values):
        values = [float(np.float32(v)) for v in values]
        self.tensors.append({"name": name, "shape": [len(values)], "values": values})
        self.values[name] = np.array(values, np.float32)


def basics(net, c, *, heads, kv, head, eps_key="layer_norm_rms_epsilon", eps=1e-5, ffn, context=128):
    """The keys all families have. `kv` and `head` are None where the converter leaves them to their defaults."""
    net.arch_meta("block_count", "uint32", c["layers"])
    net.arch_meta("context_length", "uint32", context)
    net.arch_meta("embedding_length", "uint32", c["hidden"])
    net.arch_meta("feed_forward_length", "uint32", ffn)
    net.arch_meta("attention.head_count", "uint32", heads)
    if kv:
        net.arch_meta("attention.head_count_kv", "uint32", kv)
    net.arch_meta("attention." + eps_key, "float32", eps)
    if head:
        net.arch_meta("attention.key_length", "uint32", head)
        net.arch_meta("attention.value_length", "uint32", head)


def unpermute(w, heads):
    """GGUF's interleaved rotary pairs back to Hugging Face's halves."""
    rows = w.shape[0] // heads
    return w.reshape(heads, rows // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def gated_block(net, state, i, hidden, ffn, prefix):
    p = f"{prefix}{i}.mlp."
    state[p + "gate_proj.weight"] = net.tensor(f"blk.{i}.ffn_gate.weight", ffn, hidden)
    state[p + "up_proj.weight"] = net.tensor(f"blk.{i}.ffn_up.weight", ffn, hidden)
    state[p + "down_proj.weight"] = net.tensor(f"blk.{i}.ffn_down.weight", hidden, ffn)


# --- The families ---------------------------------------------------------------------------------------------


def llama(name, *, tied=False, scaling=None, window=None, arch="llama", bias=False, qk_norm=False, head=16):
    hidden, layers, heads, kv, ffn = 64, 3, 4, 2, 96
    net = Network(name, arch)
    base = 10000.0 if arch == "llama" else 1000000.0
    basics(net, dict(layers=layers, hidden=hidden), heads=heads, kv=kv, head=head, ffn=ffn)
    net.arch_meta("rope.freq_base", "float32", base)
    if arch == "llama":
        net.arch_meta("vocab_size", "uint32", VOCABULARY)
        net.arch_meta("rope.dimension_count", "uint32", head)
    if window:
        # Mistral's. The converter leaves it out and llama.cpp would not use it, but a file that has it means it.
        net.arch_meta("attention.sliding_window", "uint32", window)
    common = dict(
        vocab_size=VOCABULARY, hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=kv, head_dim=head, max_position_embeddings=128,
        rms_norm_eps=1e-5, tie_word_embeddings=tied, rope_parameters={"rope_type": "default", "rope_theta": base},
        attn_implementation="eager")
    kind = scaling["rope_type"] if scaling else "default"
    if scaling:
        common["rope_parameters"] = dict(scaling, rope_theta=base)
    if kind in ("linear", "yarn"):
        net.arch_meta("rope.scaling.type", "string", kind)
        net.arch_meta("rope.scaling.factor", "float32", scaling["factor"])
    if kind == "yarn":
        net.arch_meta("rope.scaling.original_context_length", "uint32", scaling["original_max_position_embeddings"])
    if kind == "llama3":
        low, high, factor, original = (
            scaling[k] for k in ("low_freq_factor", "high_freq_factor", "factor", "original_max_position_embeddings"))
        factors = []
        for j in range(head // 2):
            wave = 2 * math.pi * base ** (2 * j / head)
            if wave < original / high:
                factors.append(1.0)
            elif wave > original / low:
                factors.append(factor)
            else:
                smooth = (original / wave - low) / (high - low)
                factors.append(1 / ((1 - smooth) / factor + smooth))
        net.constant("rope_freqs.weight", factors)
    T = transformers
    config, model = {
        "llama": (T.MistralConfig, T.MistralForCausalLM) if window else (T.LlamaConfig, T.LlamaForCausalLM),
        "qwen2": (T.Qwen2Config, T.Qwen2ForCausalLM), "qwen3": (T.Qwen3Config, T.Qwen3ForCausalLM)}[arch]
    if window:
        common["sliding_window"] = window
    s = {"model.embed_tokens.weight": net.tensor("token_embd.weight", VOCABULARY, hidden, std=1.0)}
    turn = (lambda w, h: unpermute(w, h)) if arch == "llama" else (lambda w, h: w)
    for i in range(layers):
        p = f"model.layers.{i}."
        s[p + "input_layernorm.weight"] = net.norm(f"blk.{i}.attn_norm.weight", hidden)
        for letter, h in (("q", heads), ("k", kv), ("v", kv)):
            w = net.tensor(f"blk.{i}.attn_{letter}.weight", h * head, hidden, std=2.0 / math.sqrt(hidden))
            s[p + f"self_attn.{letter}_proj.weight"] = turn(w, h) if letter != "v" else w
            if bias:
                s[p + f"self_attn.{letter}_proj.bias"] = net.bias(f"blk.{i}.attn_{letter}.bias", h * head)
        if qk_norm:
            s[p + "self_attn.q_norm.weight"] = net.norm(f"blk.{i}.attn_q_norm.weight", head)
            s[p + "self_attn.k_norm.weight"] = net.norm(f"blk.{i}.attn_k_norm.weight", head)
        s[p + "self_attn.o_proj.weight"] = net.tensor(f"blk.{i}.attn_output.weight", hidden, heads * head)
        s[p + "post_attention_layernorm.weight"] = net.norm(f"blk.{i}.ffn_norm.weight", hidden)
        gated_block(net, s, i, hidden, ffn, "model.layers.")
    s["model.norm.weight"] = net.norm("output_norm.weight", hidden)
    if not tied:
        s["lm_head.weight"] = net.tensor("output.weight", VOCABULARY, hidden)
    return net, model(config(**common)), s


def gemma(name, generation, *, factor=None):
    hidden, layers, heads, kv, head, ffn = 64, 4 if generation == 2 else 7, 4, 2, 24, 96
    arch = f"gemma{generation}"
    net = Network(name, arch)
    basics(net, dict(layers=layers, hidden=hidden), heads=heads, kv=kv, head=head, ffn=ffn, eps=1e-6)
    net.arch_meta("attention.sliding_window", "uint32", 8)
    common = dict(
        vocab_size=VOCABULARY, hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=kv, head_dim=head, max_position_embeddings=128,
        rms_norm_eps=1e-6, query_pre_attn_scalar=head, sliding_window=8, hidden_activation="gelu_pytorch_tanh",
        attn_implementation="eager")
    T = transformers
    if generation == 2:
        net.arch_meta("attn_logit_softcapping", "float32", 50.0)
        net.arch_meta("final_logit_softcapping", "float32", 30.0)
        model = T.Gemma2ForCausalLM(T.Gemma2Config(
            **common, attn_logit_softcapping=50.0, final_logit_softcapping=30.0,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0}))
    else:
        net.arch_meta("rope.freq_base", "float32", 1000000.0)
        net.arch_meta("rope.freq_base_swa", "float32", 10000.0)
        full = {"rope_type": "default", "rope_theta": 1000000.0}
        if factor:  # from 4B on; only the layers without a window are stretched
            net.arch_meta("rope.scaling.type", "string", "linear")
            net.arch_meta("rope.scaling.factor", "float32", factor)
            full = {"rope_type": "linear", "factor": factor, "rope_theta": 1000000.0}
        model = T.Gemma3ForCausalLM(T.Gemma3TextConfig(
            **common, layer_types=["full_attention" if (i + 1) % 6 == 0 else "sliding_attention" for i in range(layers)],
            rope_parameters={
                "full_attention": full,
                "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}))
    s = {"model.embed_tokens.weight": net.tensor("token_embd.weight", VOCABULARY, hidden, std=0.3)}
    for i in range(layers):
        p = f"model.layers.{i}."
        for ours, theirs in (
            ("attn_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"),
            ("ffn_norm", "pre_feedforward_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm")):
            s[p + theirs + ".weight"] = net.norm(f"blk.{i}.{ours}.weight", hidden) - 1
        for letter, h in (("q", heads), ("k", kv), ("v", kv)):
            s[p + f"self_attn.{letter}_proj.weight"] = net.tensor(
                f"blk.{i}.attn_{letter}.weight", h * head, hidden, std=2.0 / math.sqrt(hidden))
        if generation == 3:
            s[p + "self_attn.q_norm.weight"] = net.norm(f"blk.{i}.attn_q_norm.weight", head) - 1
            s[p + "self_attn.k_norm.weight"] = net.norm(f"blk.{i}.attn_k_norm.weight", head) - 1
        s[p + "self_attn.o_proj.weight"] = net.tensor(f"blk.{i}.attn_output.weight", hidden, heads * head)
        gated_block(net, s, i, hidden, ffn, "model.layers.")
    s["model.norm.weight"] = net.norm("output_norm.weight", hidden) - 1
    return net, model, s


def gpt2(name):
    hidden, layers, heads, ffn = 64, 3, 4, 256
    net = Network(name, "gpt2")
    basics(net, dict(layers=layers, hidden=hidden), heads=heads, kv=None, head=None, ffn=ffn,
           eps_key="layer_norm_epsilon")
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=VOCABULARY, n_positions=128, n_embd=hidden, n_layer=layers, n_head=heads, n_inner=ffn,
        layer_norm_epsilon=1e-5, attn_implementation="eager"))
    s = {"transformer.wte.weight": net.tensor("token_embd.weight", VOCABULARY, hidden, std=1.0),
         "transformer.wpe.weight": net.tensor("position_embd.weight", 128, hidden, std=0.5)}
    for i in range(layers):
        p = f"transformer.h.{i}."
        for theirs, ours, rows, columns in (
            ("attn.c_attn", "attn_qkv", 3 * hidden, hidden), ("attn.c_proj", "attn_output", hidden, hidden),
            ("mlp.c_fc", "ffn_up", ffn, hidden), ("mlp.c_proj", "ffn_down", hidden, ffn)):
            s[p + theirs + ".weight"] = net.tensor(f"blk.{i}.{ours}.weight", rows, columns).T.contiguous()
            s[p + theirs + ".bias"] = net.bias(f"blk.{i}.{ours}.bias", rows)
        for theirs, ours in (("ln_1", "attn_norm"), ("ln_2", "ffn_norm")):
            s[p + theirs + ".weight"] = net.norm(f"blk.{i}.{ours}.weight", hidden)
            s[p + theirs + ".bias"] = net.bias(f"blk.{i}.{ours}.bias", hidden)
    s["transformer.ln_f.weight"] = net.norm("output_norm.weight", hidden)
    s["transformer.ln_f.bias"] = net.bias("output_norm.bias", hidden)
    return net, model, s


def phi3(name, *, original=None, context=128, window=None):
    """`original`: the context before LongRoPE. Longer prompts take the long factors, others the short ones."""
    hidden, layers, heads, kv, head, ffn = 64, 3, 4, 2, 16, 96
    net = Network(name, "phi3")
    basics(net, dict(layers=layers, hidden=hidden), heads=heads, kv=kv, head=None, ffn=ffn, context=context)
    net.arch_meta("rope.freq_base", "float32", 10000.0)
    net.arch_meta("rope.dimension_count", "uint32", head)
    net.arch_meta("rope.scaling.original_context_length", "uint32", original or context)
    net.arch_meta("attention.sliding_window", "uint32", window or 0)
    rope = {"rope_type": "default", "rope_theta": 10000.0}
    if original:
        factor = context / original
        longs = [1.0 + 0.35 * j for j in range(head // 2)]
        shorts = [1.0 + 0.02 * j for j in range(head // 2)]
        net.arch_meta("rope.scaling.attn_factor", "float32",
                      float(np.float32(math.sqrt(1 + math.log(factor) / math.log(original)))))
        net.constant("rope_factors_long.weight", longs)
        net.constant("rope_factors_short.weight", shorts)
        rope = {"rope_type": "longrope", "rope_theta": 10000.0, "long_factor": longs, "short_factor": shorts,
                "original_max_position_embeddings": original, "factor": factor}
    model = transformers.Phi3ForCausalLM(transformers.Phi3Config(
        vocab_size=VOCABULARY, hidden_size=hidden, intermediate_size=ffn, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=kv, max_position_embeddings=context, rms_norm_eps=1e-5,
        original_max_position_embeddings=original or context, rope_parameters=rope, pad_token_id=0, bos_token_id=1,
        eos_token_id=2, sliding_window=window, attn_implementation="eager"))
    s = {"model.embed_tokens.weight": net.tensor("token_embd.weight", VOCABULARY, hidden, std=1.0)}
    for i in range(layers):
        p = f"model.layers.{i}."
        s[p + "input_layernorm.weight"] = net.norm(f"blk.{i}.attn_norm.weight", hidden)
        s[p + "self_attn.qkv_proj.weight"] = net.tensor(
            f"blk.{i}.attn_qkv.weight", (heads + 2 * kv) * head, hidden, std=2.0 / math.sqrt(hidden))
        s[p + "self_attn.o_proj.weight"] = net.tensor(f"blk.{i}.attn_output.weight", hidden, heads * head)
        s[p + "post_attention_layernorm.weight"] = net.norm(f"blk.{i}.ffn_norm.weight", hidden)
        s[p + "mlp.gate_up_proj.weight"] = net.tensor(f"blk.{i}.ffn_up.weight", 2 * ffn, hidden)
        s[p + "mlp.down_proj.weight"] = net.tensor(f"blk.{i}.ffn_down.weight", hidden, ffn)
    s["model.norm.weight"] = net.norm("output_norm.weight", hidden)
    s["lm_head.weight"] = net.tensor("output.weight", VOCABULARY, hidden)
    return net, model, s


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 32}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
FAMILIES = {
    "llama": lambda n: llama(n),
    "llama-tied": lambda n: llama(n, tied=True),
    "llama3": lambda n: llama(n, scaling=LLAMA3),
    "llama-linear": lambda n: llama(n, scaling={"rope_type": "linear", "factor": 4.0}),
    "mistral": lambda n: llama(n, window=8),
    "qwen2": lambda n: llama(n, arch="qwen2", bias=True),
    "qwen2-yarn": lambda n: llama(n, arch="qwen2", bias=True, tied=True, scaling=YARN),
    "qwen3": lambda n: llama(n, arch="qwen3", qk_norm=True, head=24, tied=True),
    "gemma2": lambda n: gemma(n, 2),
    "gemma3": lambda n: gemma(n, 3),
    "gemma3-linear": lambda n: gemma(n, 3, factor=8.0),
    "gpt2": gpt2,
    "phi3": phi3,
    "phi3-long": lambda n: phi3(n, original=32),
    "phi3-short": lambda n: phi3(n, original=64, context=64),
    "phi3-window": lambda n: phi3(n, window=8),
}


def tokens():
    """48 ids that do not repeat in a pattern: the first words of a Philox stream."""
    return [int(w) % VOCABULARY for w in philox(np.arange(POSITIONS // 4, dtype=np.uint64), fnv1a("prompt")).reshape(-1)]


def origins(net, state):
    """How each tensor of a Hugging Face checkpoint comes from one of ours: its name, and what is done with it."""
    heads = {e["key"].split(".")[-1]: e["value"] for e in net.metadata if "head_count" in e["key"]}
    forms = {"same": lambda v: v, "lessOne": lambda v: v - np.float32(1), "transposed": lambda v: v.T}
    for count in heads.values():
        forms[f"halves of {count}"] = lambda v, count=count: unpermute(v, count)
    entries = []
    for name, value in state.items():
        value = value.numpy()
        found = [
            (source, form) for source, ours in net.values.items() for form, change in forms.items()
            if ours.size == value.size and (form != "transposed" or ours.ndim == 2)
            and not (form.startswith("halves") and ours.shape[0] % int(form.split()[-1]))
            and change(ours).shape == value.shape and np.array_equal(change(ours), value)]
        assert len(found) == 1, (name, found)
        entries.append({"name": name, "from": found[0][0], "form": found[0][1]})
    return entries


def configuration(model):
    """config.json as `save_pretrained` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        model.config.save_pretrained(folder)
        with open(os.path.join(folder, "config.json")) as file:
            return json.load(file)


def build(name):
    """The network's description, and the same network in `transformers`."""
    torch.manual_seed(0)
    net, model, state = FAMILIES[name](name)
    net.origins = origins(net, state)
    missing, unexpected = model.load_state_dict(state, strict=False)
    missing = [m for m in missing if not (m == "lm_head.weight" or m.endswith("inv_freq"))]
    assert not missing and not unexpected, (name, missing, unexpected)
    model.tie_weights()
    return net, model.eval()


def make(name, gguf_directory):
    net, model = build(name)
    config = dict(configuration(model), architectures=[type(model).__name__])
    ids = tokens()
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0].numpy()
        exact = model.double()(torch.tensor([ids])).logits[0].numpy()
    error = float(np.abs(logits - exact).max() / np.abs(exact).max())
    assert np.isfinite(logits).all() and logits.std() > 0.05, (name, logits.std())
    logits.astype("<f4").tofile(os.path.join(OUT, name + ".logits.f32"))
    with open(os.path.join(OUT, name + ".json"), "w") as file:
        json.dump({"name": name, "metadata": net.metadata, "tensors": net.tensors, "tokens": ids,
                   "config": config, "huggingface": net.origins,
                   "float32Error": error,
                   "versions": {"torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}},
                  file, indent=None, separators=(",", ":"))
        file.write("\n")
    print(f"{name:12} std {logits.std():.3f}  f32 error {error:.1e}  top {logits[-1].argmax()}")
    if gguf_directory:
        write_gguf(net, os.path.join(gguf_directory, name + ".gguf"))


def write_gguf(net, path):
    import gguf
    writer = gguf.GGUFWriter(path, net.arch)
    add = {"uint32": writer.add_uint32, "float32": writer.add_float32, "string": writer.add_string}
    for entry in net.metadata:
        if entry["key"] != "general.architecture":
            add[entry["type"]](entry["key"], entry["value"])
    # llama.cpp looks for "<|endoftext|>" in a model whose name has "phi3" in it.
    pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)] + ["<|endoftext|>"]
    pieces += [chr(0x2581)] + [chr(c) for c in range(ord("a"), ord("z") + 1)] + [f"a{chr(c)}" for c in range(ord("a"), ord("z") + 1)]
    pieces += [f"[{i}]" for i in range(VOCABULARY - len(pieces))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(pieces)
    writer.add_token_scores([float(-i) for i in range(VOCABULARY)])
    writer.add_token_types([2, 3, 3] + [6] * 256 + [3] + [1] * (VOCABULARY - 260))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    for name, value in net.values.items():
        writer.add_tensor(name, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--gguf", metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    os.makedirs(OUT, exist_ok=True)
    if arguments.gguf:
        os.makedirs(arguments.gguf, exist_ok=True)
    for name in arguments.names or FAMILIES:
        make(name, arguments.gguf)
