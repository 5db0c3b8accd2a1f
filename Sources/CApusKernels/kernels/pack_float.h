// Panels of a float matrix packed while the program runs, and transposition: what a product of two matrices needs whose
// weights were not packed at load, in either order of either operand.
//
//   16 rows × 16 columns are turned in registers: four stages exchange halves, quarters, pairs and neighbours between
//   vectors d = 8, 4, 2, 1 apart.
//
//        a  a₀ a₁ a₂ a₃        a₀ b₀ a₂ b₂
//        b  b₀ b₁ b₂ b₃   ─▶   a₁ b₁ a₃ b₃        d = 1, the first four lanes

#pragma once

#define FIRST_LANE(d, i) ((i) & (d) ? 16 + (i) - (d) : (i))
#define SECOND_LANE(d, i) ((i) & (d) ? 16 + (i) : (i) + (d))
#define ALL_LANES(f, d)                                                                                       \
  f(d, 0), f(d, 1), f(d, 2), f(d, 3), f(d, 4), f(d, 5), f(d, 6), f(d, 7), f(d, 8), f(d, 9), f(d, 10),         \
      f(d, 11), f(d, 12), f(d, 13), f(d, 14), f(d, 15)
#define EXCHANGE(d)                                                                                           \
  UNROLL for (int i = 0; i < 16; i++) {                                                                       \
    if (i & (d)) continue;                                                                                    \
    f32x16 a = v[i], b = v[i + (d)];                                                                          \
    v[i] = __builtin_shufflevector(a, b, ALL_LANES(FIRST_LANE, d));                                           \
    v[i + (d)] = __builtin_shufflevector(a, b, ALL_LANES(SECOND_LANE, d));                                    \
  }

INLINE void transpose_16(f32x16 *v) {
  EXCHANGE(8)
  EXCHANGE(4)
  EXCHANGE(2)
  EXCHANGE(1)
}

// Rows first … of a block of 16 × 16; what lies outside is zero.
INLINE void load_block(const float *in, size_t stride, int rows, int columns, f32x16 *v) {
  if (rows >= 16 && columns >= 16) {
    UNROLL for (int r = 0; r < 16; r++) v[r] = f_load(in + (size_t)r * stride);
  } else {
    for (int r = 0; r < 16; r++) v[r] = r < rows ? row_load(in + (size_t)r * stride, columns) : f_splat(0);
  }
}

// Columns j … of 16 rows as the panel holds them; `n` of the 16 columns exist.
INLINE void store_columns(enum apus_layout layout, const f32x16 *v, int n, size_t j, uint8_t *panel) {
  if (layout == APUS_LAYOUT_F32) {
    float *out = (float *)(void *)(panel + 64 * j);
    UNROLL for (int c = 0; c < 16; c++)
      if (c < n) f_store(out + 16 * c, v[c]);
  } else {
    UNROLL for (int c = 0; c < 16; c += 2) {
      if (c >= n) continue;
      i32x16 even = __builtin_convertvector(f32_to_bf16_16(v[c]), i32x16) << 16;
      i32x16 odd = __builtin_convertvector(f32_to_bf16_16(c + 1 < n ? v[c + 1] : f_splat(0)), i32x16);
      i32x16 pair = even | odd;
      __builtin_memcpy(panel + 32 * (j + (size_t)c), &pair, sizeof pair);
    }
  }
}

HIDDEN void NAME(pack_floats)(
    enum apus_layout layout, const float *in, size_t row_stride, size_t column_stride, int rows, size_t k, void *panel) {
  f32x16 v[16];
  for (size_t j = 0; j < k; j += 16) {
    const int n = k - j < 16 ? (int)(k - j) : 16;
    if (column_stride == 1) {
      load_block(in + j, row_stride, rows, n, v);
      transpose_16(v);
    } else {
      for (int c = 0; c < n; c++) v[c] = row_load(in + (j + (size_t)c) * column_stride, rows);
    }
    store_columns(layout, v, n, j, panel);
  }
}

HIDDEN void NAME(transpose)(const float *in, size_t in_stride, int rows, int columns, float *out, size_t out_stride) {
  f32x16 v[16];
  for (int r = 0; r < rows; r += 16)
    for (int c = 0; c < columns; c += 16) {
      load_block(in + (size_t)r * in_stride + c, in_stride, rows - r, columns - c, v);
      transpose_16(v);
      for (int i = 0; i < 16 && c + i < columns; i++)
        row_store(out + (size_t)(c + i) * out_stride + r, v[i], rows - r);
    }
}
