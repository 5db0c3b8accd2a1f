#!/usr/bin/env python3
"""Writes a GGUF file of a real model's shape with random weights, for measuring speed and accuracy.

    python make-model.py llama-3.2-1b Q8_0 OUT.gguf VOCABULARY.gguf
    python make-model.py embeddinggemma-300m Q8_0 OUT.gguf VOCABULARY.gguf
    python make-model.py outliers F32 OUT.gguf VOCABULARY.gguf [SEED]

The weights are random blocks with a mean of 0 and small scales, so every value is finite; the text is nonsense. The
tokenizer is copied from a vocabulary file (`../shared/vocab/ggml-vocab-llama-bpe.gguf`, `…-qwen2.gguf`, and
`…-llama-spm.gguf` for EmbeddingGemma) and filled up to the model's size. Types: F32, F16, BF16, Q8_0, Q4_0, Q4_K_M
(Q4_K, with Q6_K where llama.cpp's mix has it).

Shapes `llama-3.2-1b`, `qwen3-0.6b` and `embeddinggemma-300m` (with its two dense modules) are for speed, which does not
depend on the values. `small` and `outliers` are for accuracy.py, small enough to be held as f32. `outliers` is `small`
with what trained models have and random ones lack, planted by weights alone (see `plant`): from layer 2 on four
channels of the residual are 100 to 1,000 times the median of all, for every token, and the first token (the one with
id 1) has a value far above that. Its norms let a good part of them through, so the activations that are quantised have
outliers too. It comes in F32, F16 and BF16.

That it is so was checked with residual.py, which reads the residual of every layer from an f32 run of llama.cpp over
the 128 positions that accuracy.py uses: it fails unless those statements hold.

Every prompt begins with the same token, whose rounding is one throw of the dice for a whole model; judge a small
difference over several seeds (default: 1).

    pip install numpy==2.4.6 gguf==0.19.0
"""

import sys

import gguf
import numpy as np

SHAPES = {
    "llama-3.2-1b": dict(arch="llama", hidden=2048, layers=16, ffn=8192, heads=32, kv=8, head=64, vocabulary=128256,
                         base=500000.0, context=131072),
    "qwen3-0.6b": dict(arch="qwen3", hidden=1024, layers=28, ffn=3072, heads=16, kv=8, head=128, vocabulary=151936,
                       base=1000000.0, context=40960),
    "embeddinggemma-300m": dict(arch="gemma-embedding", hidden=768, layers=24, ffn=1152, heads=3, kv=1, head=256,
                                vocabulary=262144, context=2048, base=1000000.0, window=512, base_swa=10000.0,
                                eps=1e-6, dense=3072),
    # For comparing accuracy: small enough to hold as f32, its weights large enough for logits that differ.
    "small": dict(arch="llama", hidden=256, layers=6, ffn=1024, heads=4, kv=2, head=64, vocabulary=32000, base=10000.0,
                  context=2048, gain=4.0),
    "outliers": dict(arch="llama", hidden=256, layers=6, ffn=1024, heads=4, kv=2, head=64, vocabulary=32000,
                     base=10000.0, context=2048, gain=4.0, outliers=True),
}
TYPES = gguf.GGMLQuantizationType


FLOATS = (TYPES.F32, TYPES.F16, TYPES.BF16)

# Where `plant` puts what: two channels in which tokens mark themselves, and four that stand out, each in a block of its
# own so that half of the blocks of 32 have none; what they become from layer 2 on; the layer that writes them; and its
# two units, whose columns share no block of any type, or the greater weight would round the smaller one away.
ALWAYS, FIRST = 50, 120
STANDING_OUT = {13: 600.0, 77: -1000.0, 142: 700.0, 205: -1400.0}
MASSIVE = 20000.0
WRITER = 1
UNITS = (0, 256)


def plant(name, values):
    """Changes one tensor of the `outliers` shape (float32 [rows, columns] or [rows]).

    Every embedding has the same value in channel ALWAYS; that of token 1 alone has one in channel FIRST; nothing else
    writes to the two before the writing layer. In that layer's feed-forward network one unit reads ALWAYS and
    writes STANDING_OUT, and one reads FIRST and writes MASSIVE to the first of the four. The norms behind it bring the
    ordinary channels back to about 1 and let through a tenth of the outliers or so, the last one less, and the matrices
    that read the four have small weights there. So the quantised activations have outliers, and yet neither the later
    layers nor the logits depend on them alone.
    """
    layer, tensor = (int(name.split(".")[1]), name.split(".")[2]) if name.startswith("blk.") else (None, name)
    four = list(STANDING_OUT)
    if name == "token_embd.weight":
        values *= 10
        values[:, ALWAYS], values[:, FIRST] = 3, 0
        values[1, FIRST] = 3
    elif name == "output_norm.weight":
        values[:] = 2
        values[four] = 0.02
    elif tensor in ("attn_norm", "ffn_norm") and layer > WRITER:
        values[:] = 60 / (layer + 1)  # the ordinary channels grow from layer to layer
        values[four] = 1.5
    elif tensor in ("attn_q", "attn_k", "attn_v", "ffn_gate", "ffn_up") and layer > WRITER:
        values[:, four] /= 6
    elif (tensor == "attn_output" and layer <= WRITER) or (tensor == "ffn_down" and layer < WRITER):
        values[[ALWAYS, FIRST]] = 0
    elif tensor in ("ffn_gate", "ffn_up") and layer == WRITER:
        values[list(UNITS)] = 0
        values[UNITS, (ALWAYS, FIRST)] = 10
    elif tensor == "ffn_down" and layer == WRITER:
        values[[ALWAYS, FIRST]] = 0
        values[:, UNITS] = 0
        for channel, value in STANDING_OUT.items():
            values[channel, UNITS[0]] = value / 100
        values[four[0], UNITS[1]] = MASSIVE / 100


def floats(values, kind):
    if kind == TYPES.BF16:
        return (values.view(np.uint32) >> 16).astype(np.uint16).view(np.uint8).reshape(len(values), -1)
    return values.astype(np.float32 if kind == TYPES.F32 else np.float16)


def blocks(rng, rows, columns, kind, gain=1.0):
    """Random blocks of one type as bytes [rows, bytes], their weights spread by about 0.02 around 0."""
    size, width = gguf.GGML_QUANT_SIZES[kind]
    n = rows * columns // size
    data = rng.integers(0, 256, (n, width), np.uint8)
    scale = {TYPES.Q8_0: 0.02 / 73, TYPES.Q4_0: 0.02 / 4.3, TYPES.Q4_K: 0.02 / 168, TYPES.Q6_K: 0.02 / 1370}[kind]
    d = (gain * scale * rng.uniform(0.8, 1.2, n)).astype(np.float16).view(np.uint8).reshape(n, 2)
    if kind == TYPES.Q6_K:
        data[:, -2:] = d
        return data.reshape(rows, -1)
    data[:, :2] = d
    # The codes of these two reach one further down than up: without the lowest they have no mean.
    if kind == TYPES.Q8_0:
        data[:, 2:] = rng.integers(-127, 128, (n, width - 2), np.int8).view(np.uint8)
    elif kind == TYPES.Q4_0:
        data[:, 2:] = rng.integers(1, 16, (n, width - 2), np.uint8) | rng.integers(1, 16, (n, width - 2), np.uint8) << 4
    elif kind == TYPES.Q4_K:
        # Each sub-block's minimum is 7.5 of its scale, so that the weights have no mean: the 6-bit minimum equals the
        # 6-bit scale, and dmin is 7.5 d.
        data[:, 2:4] = (7.5 * d.view(np.float16).astype(np.float32)).astype(np.float16).view(np.uint8)
        data[:, 8:12] = data[:, 4:8]
        data[:, 12:16] = (data[:, 12:16] & 15) * 17
    return data.reshape(rows, -1)


def main(shape, kind, out, vocabulary, seed="1"):
    s = SHAPES[shape]
    if s.get("outliers") and kind not in {t.name for t in FLOATS}:
        sys.exit(f"outliers is planted in F32, F16 or BF16, not {kind}; quantise that file")
    rng = np.random.default_rng(int(seed))
    writer = gguf.GGUFWriter(out, s["arch"])
    writer.add_name(f"{shape}-{kind}")
    writer.add_context_length(s["context"])
    writer.add_embedding_length(s["hidden"])
    writer.add_block_count(s["layers"])
    writer.add_feed_forward_length(s["ffn"])
    writer.add_head_count(s["heads"])
    writer.add_head_count_kv(s["kv"])
    writer.add_key_length(s["head"])
    writer.add_value_length(s["head"])
    writer.add_layer_norm_rms_eps(s.get("eps", 1e-5))
    writer.add_rope_freq_base(s["base"])
    if s["arch"] == "gemma-embedding":
        # The keys of llama.cpp's converter, which also marks every sixth layer as global by saying nothing.
        writer.add_sliding_window(s["window"])
        writer.add_rope_freq_base_swa(s["base_swa"])
        writer.add_pooling_type(gguf.PoolingType.MEAN)
        writer.add_dense_features_dims("dense_2", s["hidden"], s["dense"])
        writer.add_dense_features_dims("dense_3", s["dense"], s["hidden"])
    else:
        writer.add_rope_dimension_count(s["head"])
        writer.add_vocab_size(s["vocabulary"])
    reader = gguf.GGUFReader(vocabulary)
    for field in reader.fields.values():
        if not field.name.startswith("tokenizer."):
            continue
        value = field.contents()
        if field.name == "tokenizer.ggml.tokens":
            value = value + [f"[unused{i}]" for i in range(s["vocabulary"] - len(value))]
        elif field.name == "tokenizer.ggml.token_type":
            value = value + [5] * (s["vocabulary"] - len(value))
        elif field.name == "tokenizer.ggml.scores":
            value = value + [-10000.0] * (s["vocabulary"] - len(value))
        if field.types[0] == gguf.GGUFValueType.ARRAY:
            writer.add_array(field.name, value)
        else:
            writer.add_key_value(field.name, value, field.types[0])

    gain = s.get("gain", 1.0)

    def add(name, rows, columns, wanted):
        if wanted in FLOATS:
            values = rng.standard_normal((rows, columns), np.float32) * np.float32(0.02 * gain)
            if s.get("outliers"):
                plant(name, values)
            data = floats(values, wanted)
        else:
            data = blocks(rng, rows, columns, wanted, gain)
        writer.add_tensor(name, data, raw_dtype=wanted)

    def norm(name, n):
        values = np.ones(n, np.float32)
        if s.get("outliers"):
            plant(name, values)
        writer.add_tensor(name, values)

    mixed = kind == "Q4_K_M"
    usual = TYPES.Q4_K if mixed else TYPES[kind]
    better = TYPES.Q6_K if mixed else usual
    add("token_embd.weight", s["vocabulary"], s["hidden"], better)
    norm("output_norm.weight", s["hidden"])
    for i in range(s["layers"]):
        # llama.cpp's Q4_K_M gives the first and last eighth, and every third layer between, the better type.
        n = s["layers"]
        important = better if i < n // 8 or i >= 7 * n // 8 or (i - n // 8) % 3 == 2 else usual
        p = f"blk.{i}."
        norm(p + "attn_norm.weight", s["hidden"])
        norm(p + "ffn_norm.weight", s["hidden"])
        if s["arch"] == "gemma-embedding":
            norm(p + "post_attention_norm.weight", s["hidden"])
            norm(p + "post_ffw_norm.weight", s["hidden"])
        if s["arch"] in ("qwen3", "gemma-embedding"):
            norm(p + "attn_q_norm.weight", s["head"])
            norm(p + "attn_k_norm.weight", s["head"])
        add(p + "attn_q.weight", s["heads"] * s["head"], s["hidden"], usual)
        add(p + "attn_k.weight", s["kv"] * s["head"], s["hidden"], usual)
        add(p + "attn_v.weight", s["kv"] * s["head"], s["hidden"], important)
        add(p + "attn_output.weight", s["hidden"], s["heads"] * s["head"], usual)
        add(p + "ffn_gate.weight", s["ffn"], s["hidden"], usual)
        add(p + "ffn_up.weight", s["ffn"], s["hidden"], usual)
        add(p + "ffn_down.weight", s["hidden"], s["ffn"], important)
    if "dense" in s:
        add("dense_2.weight", s["dense"], s["hidden"], usual)
        add("dense_3.weight", s["hidden"], s["dense"], usual)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    if len(sys.argv) not in (5, 6) or sys.argv[1] not in SHAPES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
