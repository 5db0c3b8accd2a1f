#!/usr/bin/env python3
"""Writes a GGUF file of a real model's shape with random weights, for measuring speed.

    python make-model.py llama-3.2-1b Q8_0 OUT.gguf VOCABULARY.gguf

The weights are random blocks with small scales, so every value is finite; the text is nonsense. The tokenizer
is copied from a vocabulary file (`../shared/vocab/ggml-vocab-llama-bpe.gguf`, `…-qwen2.gguf`). Types: F32, F16,
BF16, Q8_0, Q4_0, Q4_K_M (Q4_K, with Q6_K where llama.cpp's mix has it).

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
    # For comparing accuracy: small enough to hold as f32, its weights large enough for logits that differ.
    "small": dict(arch="llama", hidden=256, layers=6, ffn=1024, heads=4, kv=2, head=64, vocabulary=32000, base=10000.0,
                  context=2048, gain=4.0),
}
TYPES = gguf.GGMLQuantizationType


def blocks(rng, rows, columns, kind, gain=1.0):
    """Random blocks of one type as bytes [rows, bytes]."""
    size, width = gguf.GGML_QUANT_SIZES[kind]
    if kind in (TYPES.F32, TYPES.F16):
        return (rng.standard_normal((rows, columns), np.float32) * 0.02 * gain).astype(
            np.float32 if kind == TYPES.F32 else np.float16)
    n = rows * columns // size
    data = rng.integers(0, 256, (n, width), np.uint8)
    if kind == TYPES.BF16:
        values = (rng.standard_normal((rows, columns), np.float32) * np.float32(0.02 * gain)).view(np.uint32) >> 16
        return values.astype(np.uint16).view(np.uint8).reshape(rows, -1)
    scale = {TYPES.Q8_0: 0.02 / 73, TYPES.Q4_0: 0.02 / 4.6, TYPES.Q4_K: 0.02 / 168, TYPES.Q6_K: 0.02 / 1200}[kind]
    d = (gain * scale * rng.uniform(0.8, 1.2, n)).astype(np.float16).view(np.uint8).reshape(n, 2)
    if kind == TYPES.Q6_K:
        data[:, -2:] = d
    else:
        data[:, :2] = d
        if kind == TYPES.Q4_K:
            # Each sub-block's minimum is 7.5 of its scale, so that the weights have no mean: the 6-bit minimum equals the
            # 6-bit scale, and dmin is 7.5 d.
            data[:, 2:4] = (7.5 * d.view(np.float16).astype(np.float32)).astype(np.float16).view(np.uint8)
            data[:, 8:12] = data[:, 4:8]
            data[:, 12:16] = (data[:, 12:16] & 15) * 17
    return data.reshape(rows, -1)


def main(shape, kind, out, vocabulary):
    s = SHAPES[shape]
    rng = np.random.default_rng(1)
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
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(s["base"])
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
        if field.types[0] == gguf.GGUFValueType.ARRAY:
            writer.add_array(field.name, value)
        else:
            writer.add_key_value(field.name, value, field.types[0])

    def add(name, rows, columns, wanted):
        data = blocks(rng, rows, columns, wanted, s.get("gain", 1.0))
        writer.add_tensor(name, data, raw_dtype=wanted)

    def norm(name, n):
        writer.add_tensor(name, np.ones(n, np.float32))

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
        if s["arch"] == "qwen3":
            norm(p + "attn_q_norm.weight", s["head"])
            norm(p + "attn_k_norm.weight", s["head"])
        add(p + "attn_q.weight", s["heads"] * s["head"], s["hidden"], usual)
        add(p + "attn_k.weight", s["kv"] * s["head"], s["hidden"], usual)
        add(p + "attn_v.weight", s["kv"] * s["head"], s["hidden"], important)
        add(p + "attn_output.weight", s["hidden"], s["heads"] * s["head"], usual)
        add(p + "ffn_gate.weight", s["ffn"], s["hidden"], usual)
        add(p + "ffn_up.weight", s["ffn"], s["hidden"], usual)
        add(p + "ffn_down.weight", s["hidden"], s["ffn"], important)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    if len(sys.argv) != 5 or sys.argv[1] not in SHAPES:
        sys.exit(__doc__)
    main(*sys.argv[1:])
