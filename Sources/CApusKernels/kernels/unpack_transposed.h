// Weights of a panel as floats, rows and columns exchanged: what a product with the transposed weight reads, made a tile at
// a time from what a product with the weight itself reads. So a gradient passes back through weights that stay quantised.
//
// The floats are those of apus_dequantize_row, to the bit: the same operations in the same order.

#pragma once

// Columns column … column + 15 of 32 or 256 that share scales, each a vector of 16 rows.
INLINE void unpack_quants(const enum apus_layout layout, const uint8_t *panel, size_t column, f32x16 *v) {
  const size_t block = column / (size_t)block_columns(layout), run = run_blocks(layout);
  const int within = (int)(column % (size_t)block_columns(layout));
  const uint8_t *start = panel + block / run * run_bytes(layout);
  const uint8_t *quants = start + block % run * quant_bytes(layout);
  const uint8_t *scales = start + run * quant_bytes(layout) + block % run * scale_bytes(layout);
  f32x16 scale = block_scale(layout, scales), addend = f_splat(0);
  if (block_columns(layout) == 256) {
    const int sub = within / sub_block_columns(layout);
    scale = scale * i_to_f(scale_of(scale_pair(layout, scales, sub / 2), sub % 2));
    if (has_minimum(layout))
      addend = -(half_scale(scales + 32) * i_to_f(scale_of(minimum_pair(layout, scales, sub / 2), sub % 2)));
  } else if (has_minimum(layout)) {
    addend = half_scale(scales + 32);
  }
  UNROLL for (int g = 0; g < 4; g++) {
    const i32x16 words = (i32x16)weights(layout, quants, within / 32, within % 32 / 4 + g);
    UNROLL for (int j = 0; j < 4; j++) {
      f32x16 value = scale * i_to_f(((words >> (8 * j)) & 255) - weight_offset(layout));
      v[4 * g + j] = has_minimum(layout) ? value + addend : value;
    }
  }
}

// The same of a float panel; `n` of the columns exist.
INLINE void unpack_floats(const enum apus_layout layout, const uint8_t *panel, size_t column, int n, f32x16 *v) {
  for (int c = 0; c < 16; c++) {
    if (c >= n) {
      v[c] = f_splat(0);
    } else if (layout == APUS_LAYOUT_F32) {
      v[c] = f_load((const float *)(const void *)(panel + 64 * (column + (size_t)c)));
    } else if (layout == APUS_LAYOUT_F16) {
      v[c] = half_scale(panel + 32 * (column + (size_t)c));
    } else {
      // Columns 2j and 2j + 1 share a word, the even one in its upper half.
      i32x16 pair;
      __builtin_memcpy(&pair, panel + 64 * ((column + (size_t)c) / 2), sizeof pair);
      v[c] = as_f32(c & 1 ? pair << 16 : pair & (int32_t)0xffff0000);
    }
  }
}

INLINE void unpack_columns(
    const enum apus_layout layout, const uint8_t *panel, size_t first, int columns, int rows, float *out,
    size_t out_stride) {
  f32x16 v[16];
  for (int c = 0; c < columns; c += 16, out += out_stride) {
    if (layout <= APUS_LAYOUT_BF16)
      unpack_floats(layout, panel, first + (size_t)c, columns - c, v);
    else
      unpack_quants(layout, panel, first + (size_t)c, v);
    transpose_16(v);
    for (int r = 0; r < rows; r++) f_store(out + 16 * r, v[r]);
  }
}

#define UNPACK(layout)                                                                                        \
  case layout: unpack_columns(layout, panel, first, columns, rows, out, out_stride); break;

HIDDEN void NAME(unpack_transposed)(
    enum apus_layout layout, const void *panel, size_t first, int columns, int rows, float *out, size_t out_stride) {
  switch (layout) {
    UNPACK(APUS_LAYOUT_F32)
    UNPACK(APUS_LAYOUT_F16)
    UNPACK(APUS_LAYOUT_BF16)
    UNPACK(APUS_LAYOUT_Q8_0)
    UNPACK(APUS_LAYOUT_Q4_0)
    UNPACK(APUS_LAYOUT_Q4_1)
    UNPACK(APUS_LAYOUT_Q5_0)
    UNPACK(APUS_LAYOUT_Q5_1)
    UNPACK(APUS_LAYOUT_IQ4_NL)
    UNPACK(APUS_LAYOUT_MXFP4)
    UNPACK(APUS_LAYOUT_Q2_K)
    UNPACK(APUS_LAYOUT_Q3_K)
    UNPACK(APUS_LAYOUT_Q4_K)
    UNPACK(APUS_LAYOUT_Q5_K)
    UNPACK(APUS_LAYOUT_Q6_K)
    UNPACK(APUS_LAYOUT_IQ4_XS)
  default: break;
  }
}

#undef UNPACK
