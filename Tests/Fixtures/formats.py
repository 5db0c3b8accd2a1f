"""Writes formats.gguf: blocks of every tensor type beside the floats the `gguf` package decodes them to, and
rows of floats beside the blocks it encodes them to. The file also says what a GGUF file by another writer
looks like.

    python3 -m venv venv && venv/bin/pip install gguf==0.19.0 numpy==2.4.6
    venv/bin/python Tests/Fixtures/formats.py

Tensors: `decode.T` (type T) and `decode.T.values` (F32); `encode.rows` (F32) and `encode.T` (type T).
Written on x86-64: where the inverse of a subnormal scale overflows, the package converts infinities and NaN
to bytes, which the C language leaves to the machine; here it gives 0.
"""

import os
import gguf
import numpy as np
from gguf import GGMLQuantizationType as T

assert gguf.quants.__file__ and np.__version__ == "2.4.6"
random = np.random.Generator(np.random.Philox(105))
here = os.path.dirname(os.path.abspath(__file__))
writer = gguf.GGUFWriter(os.path.join(here, "formats.gguf"), "none")

# Where each type keeps its 16-bit scales.
halves = {
    T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2],
    T.Q2_K: [80, 82], T.Q3_K: [108], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
    T.IQ4_NL: [0], T.IQ4_XS: [0], T.MXFP4: [],
}
# Zeros, the smallest and largest subnormal and normal numbers, infinity, NaN.
extremes = [0, 0x8000, 1, 0x83FF, 0x0400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00]


def put(name, blocks, kind, values):
    writer.add_tensor(f"decode.{name}", blocks, raw_dtype=kind)
    writer.add_tensor(f"decode.{name}.values", np.ascontiguousarray(values, dtype=np.float32))


for kind, fields in halves.items():
    size, width = gguf.GGML_QUANT_SIZES[kind]
    filled = [np.full(width, byte, np.uint8) for byte in (0x00, 0xFF, 0x80, 0x7F)]
    blocks = filled + [random.integers(0, 256, width, dtype=np.uint8) for _ in range(10)]
    for block in blocks[8:]:  # ordinary scales
        for field in fields:
            block[field:field + 2] = np.float16(random.normal() * 0.01).reshape(1).view(np.uint8)
    for extreme in extremes if fields else []:
        block = random.integers(0, 256, width, dtype=np.uint8)
        for field in fields:
            block[field:field + 2] = np.uint16(extreme).reshape(1).view(np.uint8)
        blocks.append(block)
    if kind == T.MXFP4:
        for exponent in (0, 1, 2, 3, 126, 127, 128, 253, 254, 255):
            block = random.integers(0, 256, width, dtype=np.uint8)
            block[0] = exponent
            blocks.append(block)
    blocks = np.stack(blocks)
    with np.errstate(all="ignore"):
        put(kind.name, blocks, kind, gguf.quants.dequantize(blocks, kind))

# The package does not decode Q8_K: a float scale times bytes.
blocks = random.integers(0, 256, (4, 292), dtype=np.uint8)
blocks[:, 0:4] = random.normal(size=(4, 1)).astype(np.float32).view(np.uint8)
scale = blocks[:, 0:4].copy().view(np.float32)
put("Q8_K", blocks, T.Q8_K, blocks[:, 4:260].view(np.int8).astype(np.float32) * scale)

words = np.concatenate([random.integers(0, 65536, 500, dtype=np.uint16), np.array(extremes + [0x7F80, 0x0080], np.uint16)])
put("F16", words.view(np.float16), T.F16, words.view(np.float16).astype(np.float32))
bytes_ = np.ascontiguousarray(words).view(np.uint8)
put("BF16", bytes_, T.BF16, gguf.quants.dequantize(bytes_, T.BF16))
words = np.concatenate([random.integers(0, 2**32, 250, dtype=np.uint32), np.array([0, 1, 0x80000000, 0x7F7FFFFF, 0x7F800000, 0x007FFFFF], np.uint32)])
put("F32", words.view(np.float32), T.F32, words.view(np.float32))
with np.errstate(over="ignore"):
    doubles = np.concatenate([random.normal(size=50), np.array([0.0, -0.0, 1e-310, 1e-40, 1e300, np.inf, 1 + 2**-24, 1 + 3 * 2**-24])])
    put("F64", doubles, T.F64, doubles)
for kind, dtype in ((T.I8, np.int8), (T.I16, np.int16), (T.I32, np.int32), (T.I64, np.int64)):
    limits = np.iinfo(dtype)
    numbers = np.concatenate([random.integers(limits.min, limits.max, 30, dtype=dtype, endpoint=True), np.array([limits.min, -1, 0, 1, limits.max], dtype)])
    put(kind.name, numbers, kind, numbers.astype(np.float32))

# Rows to encode, 64 values each.
rows = [random.normal(size=64) * scale for scale in (1, 0.02, 0.02, 1e-3, 30, 1e4, 1e-7, 1e-5)]
rows += [np.zeros(64), np.full(64, -0.0), np.full(64, 0.7), np.full(64, -0.7)]
rows += [random.normal(size=64) * scale for scale in (1e-38, 2e-38, 1e-39, 1e-40, 1e-44)]  # denormals
rows += [random.uniform(-1, 1, 64) * scale for scale in (3.4e38, 1e38, 65504, 65519 * 8, 65520 * 127, 65504 * 16)]
spike = np.zeros(64)
spike[[5, 40]] = 3.0, -3.0
rows += [spike, -spike]
for top in (127, -127, 8, -8, 16, -16):  # scale 1 in Q8_0, Q4_0, Q5_0: exact ties
    ties = np.sign(top) * (random.integers(-abs(top), abs(top), 64) + 0.5)
    ties[[3, 50]] = top
    rows.append(ties)
for top in (15, 31):  # scale 1 in Q4_1, Q5_1
    for low in (0, -7, 3):
        ties = random.integers(0, top, 64) + 0.5
        ties[[3, 50]], ties[[9, 60]] = 0, top
        rows.append(ties + low)
equal = random.choice([-1.0, 1.0], 64)  # equal magnitudes: the first decides
rows += [equal, -equal]
for factor in (1 + 2**-11, 1 + 3 * 2**-11, 2**-24 * 1.5, 2**-25, 2**-14 * (1 - 2**-12)):  # scales between two halves
    for top in (127, 8, 16):
        row = random.uniform(-top, top, 64)
        row[[0, 63]] = top
        rows.append(row * factor)
rows = np.stack(rows).astype(np.float32)
bits = random.integers(0, 2**32, (24, 64), dtype=np.uint32)  # any finite number
bits[(bits & 0x7F800000) == 0x7F800000] &= 0xBFFFFFFF
halfway = (random.integers(0x3000, 0x4C00, (4, 64)) << 16 | 0x8000).astype(np.uint32)  # ties of bfloat16
sixteenths = (random.integers(0x38800000 >> 13, 0x47800000 >> 13, (4, 64)) << 13 | 0x1000).astype(np.uint32)  # of half
rows = np.concatenate([rows, bits.view(np.float32), halfway.view(np.float32), sixteenths.view(np.float32)])
writer.add_tensor("encode.rows", rows)
with np.errstate(all="ignore"):
    for kind in (T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.BF16):
        writer.add_tensor(f"encode.{kind.name}", gguf.quants.quantize(rows, kind), raw_dtype=kind)
    writer.add_tensor("encode.F16", rows.astype(np.float16))

writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
