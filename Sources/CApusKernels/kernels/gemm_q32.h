// The tile of the layouts with blocks of 32: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4.
//
// One block of a tile; s is an integer accumulator, a the float sum it is added to:
//
//                 x of token t:  [32 int8]  dx  −offset·Σx
//                                   │
//   panel p       8 groups of      ▼  4 columns: one dot product each
//   [8][16][4]  ─ w₀ w₁ … w₇ ─▶  s[p][t] = −offset·Σx + Σ w·x        exact, below 2²⁴
//   [16] d      ─ d ──────────▶  a[p][t] = fma(float(s), d·dx, a[p][t])
//   [16] m      ─ m ──────────▶  a[p][t] = fma(float(Σx), m·dx, a[p][t])     Q4_1, Q5_1 only
//
// Blocks ascend. Weights are unsigned and activations signed because that is what vpdpbusd multiplies; the offset
// (128 of Q8_0, 8 of Q4_0, …) is paid by where s starts.

#pragma once

// −offset·Σx of a block, from the two multiples a row carries.
INLINE int32_t start_of(const enum apus_layout layout, const uint8_t *sum8, const uint8_t *sum128) {
  int offset = offset_left(layout);
  return offset == 128 ? load_i32(sum128) : offset == 0 ? 0 : load_i32(sum8) * (offset / 8);
}

INLINE void tile_q32(const enum apus_layout layout, const int P, const int T, const struct tile *tile, f32x16 *sums) {
  const size_t blocks = tile->k / 32, quant_step = quant_bytes(layout), scale_step = scale_bytes(layout);
  const size_t at_d = q32_d(tile->k), at_sum8 = q32_sum8(tile->k), at_sum128 = q32_sum128(tile->k);
  f32x16 acc[MAX_SUMS];
  const uint8_t *x[MAX_TOKENS], *quants[MAX_PANELS], *scales[MAX_PANELS];
  UNROLL for (int i = 0; i < P * T; i++) acc[i] = f_splat(0);
  UNROLL for (int t = 0; t < T; t++) x[t] = tile->x[t];
  UNROLL for (int p = 0; p < P; p++) {
    quants[p] = tile->panel[p];
    scales[p] = tile->panel[p] + blocks * quant_step;
  }

  if (T <= 2) prefetch_scales(tile->next + blocks * quant_step);

  ROLLED for (size_t b = 0; b < blocks; b++) {
    i32x16 s[MAX_SUMS];
    UNROLL for (int t = 0; t < T; t++) {
      i32x16 start = i_splat(start_of(layout, x[t] + at_sum8 + 4 * b, x[t] + at_sum128 + 4 * b));
      UNROLL for (int p = 0; p < P; p++) s[p * T + t] = start;
    }
    UNROLL for (int g = 0; g < 8; g++) {
      u8x64 w[MAX_PANELS];
      UNROLL for (int p = 0; p < P; p++) w[p] = weights(layout, quants[p], 0, g);
      UNROLL for (int t = 0; t < T; t++) {
        int32_t four = load_i32(x[t] + 32 * b + 4 * g);
        UNROLL for (int p = 0; p < P; p++) s[p * T + t] = dot_layout(layout, s[p * T + t], w[p], four);
      }
    }
    UNROLL for (int p = 0; p < P; p++) {
      f32x16 d = block_scale(layout, scales[p]);
      UNROLL for (int t = 0; t < T; t++) {
        f32x16 dx = f_splat(*(const float *)(const void *)(x[t] + at_d + 4 * b));
        f32x16 *a = &acc[p * T + t];
        *a = f_fma(i_to_f(s[p * T + t]), d * dx, *a);
        if (has_minimum(layout)) {
          f32x16 sum = f_splat((float)(load_i32(x[t] + at_sum8 + 4 * b) / -8));
          *a = f_fma(sum, half_scale(scales[p] + 32) * dx, *a);
        }
      }
      if (T <= 2) {
        UNROLL for (size_t line = 0; line < quant_step; line += 64) prefetch(quants[p] + line + AHEAD_BYTES / P);
        prefetch(scales[p] + AHEAD_SCALES);
      }
      quants[p] += quant_step;
      scales[p] += scale_step;
    }
  }
  UNROLL for (int i = 0; i < P * T; i++) sums[i] = acc[i];
}
