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

// s += Σ w·x of block b.
INLINE void dot_block(
    const enum apus_layout layout, const int P, const int T, const struct tile *tile, size_t b,
    const uint8_t *const *quants, i32x16 *s) {
#ifdef HAS_SHORT_SUMS
  const uint8_t *x[MAX_TOKENS];
  UNROLL for (int t = 0; t < T; t++) x[t] = tile->x[t] + 32 * b;
  UNROLL for (int p = 0; p < P; p++) short_sums(layout, T, quants[p], 0, 0, 8, x, short_ones(), s + p * T);
#else
  UNROLL for (int g = 0; g < 8; g++) {
    u8x64 w[MAX_PANELS];
    UNROLL for (int p = 0; p < P; p++) w[p] = weights(layout, quants[p], 0, g);
    UNROLL for (int t = 0; t < T; t++) {
      int32_t four = load_i32(tile->x[t] + 32 * b + 4 * g);
      UNROLL for (int p = 0; p < P; p++) s[p * T + t] = dot_layout(layout, s[p * T + t], w[p], four);
    }
  }
#endif
}

// Block b of every panel and token.
INLINE void block_q32(
    const enum apus_layout layout, const int P, const int T, const struct tile *tile, size_t b,
    const uint8_t *const *quants, const uint8_t *const *scales, f32x16 *acc) {
  const size_t at_d = q32_d(tile->k), at_sum8 = q32_sum8(tile->k), at_sum128 = q32_sum128(tile->k);
  i32x16 s[MAX_SUMS];
  UNROLL for (int t = 0; t < T; t++) {
    const uint8_t *x = tile->x[t];
    i32x16 start = i_splat(start_of(layout, x + at_sum8 + 4 * b, x + at_sum128 + 4 * b));
    UNROLL for (int p = 0; p < P; p++) s[p * T + t] = start;
  }
  dot_block(layout, P, T, tile, b, quants, s);
  UNROLL for (int p = 0; p < P; p++) {
    f32x16 d = block_scale(layout, scales[p]);
    UNROLL for (int t = 0; t < T; t++) {
      const uint8_t *x = tile->x[t];
      f32x16 dx = f_splat(*(const float *)(const void *)(x + at_d + 4 * b));
      f32x16 *a = &acc[p * T + t];
      *a = f_fma(i_to_f(s[p * T + t]), d * dx, *a);
      if (has_minimum(layout)) {
        f32x16 sum = f_splat((float)(load_i32(x + at_sum8 + 4 * b) / -8));
        *a = f_fma(sum, half_scale(scales[p] + 32) * dx, *a);
      }
    }
  }
}

INLINE void tile_q32(const enum apus_layout layout, const int P, const int T, const struct tile *tile, f32x16 *sums) {
  const size_t blocks = tile->part.to / 32, run = run_blocks(layout);
  struct tile local = *tile;
  f32x16 acc[MAX_SUMS];
  UNROLL for (int i = 0; i < P * T; i++) acc[i] = sums[i];
  ROLLED for (size_t first = tile->part.from / 32; first < blocks; first += run) {
    UNROLL for (size_t b = 0; b < run; b++) {
      if (b > 0 && first + b == blocks) break;
      const uint8_t *quants[MAX_PANELS], *scales[MAX_PANELS];
      UNROLL for (int p = 0; p < P; p++) {
        quants[p] = local.panel[p] + b * quant_bytes(layout);
        scales[p] = local.panel[p] + run * quant_bytes(layout) + b * scale_bytes(layout);
      }
      block_q32(layout, P, T, &local, first + b, quants, scales, acc);
    }
    UNROLL for (int p = 0; p < P; p++) {
      if (T <= 4) prefetch_lines(local.panel[p] + AHEAD_BYTES / P, run_bytes(layout));
      local.panel[p] += run_bytes(layout);
    }
  }
  UNROLL for (int i = 0; i < P * T; i++) sums[i] = acc[i];
}

// The coarse sums: activations with one scale per 256 values, so that a block costs a multiply-add less. An opt-in: less
// accurate wherever large and small activations meet.
//
//   t[p][t] = fma(float(s), d, t[p][t])  over the eight blocks        (then fma(float(Σx), m, t[p][t]))
//   a[p][t] = fma(t[p][t], dx, a[p][t])
INLINE void tile_coarse(const enum apus_layout layout, const int P, const int T, const struct tile *tile, f32x16 *sums) {
  const size_t run = run_blocks(layout), at_d = q256_d(tile->k), at_sums = q256_sum32(tile->k);
  struct tile local = *tile;
  ROLLED for (size_t wide = tile->part.from / 256; wide < tile->part.to / 256; wide++) {
    f32x16 part[MAX_SUMS];
    UNROLL for (int i = 0; i < P * T; i++) part[i] = f_splat(0);
    ROLLED for (size_t first = 8 * wide; first < 8 * wide + 8; first += run) {
      UNROLL for (size_t j = 0; j < run; j++) {
        const size_t b = first + j;
        i32x16 s[MAX_SUMS];
        UNROLL for (int t = 0; t < T; t++) {
          int32_t sum = offset_left(layout) == 0 ? 0 : load_i16(tile->x[t] + at_sums + 2 * b);
          UNROLL for (int p = 0; p < P; p++) s[p * T + t] = i_splat(-offset_left(layout) * sum);
        }
        const uint8_t *quants[MAX_PANELS];
        UNROLL for (int p = 0; p < P; p++) quants[p] = local.panel[p] + j * quant_bytes(layout);
        dot_block(layout, P, T, tile, b, quants, s);
        UNROLL for (int p = 0; p < P; p++) {
          const uint8_t *scales = local.panel[p] + run * quant_bytes(layout) + j * scale_bytes(layout);
          f32x16 d = block_scale(layout, scales);
          UNROLL for (int t = 0; t < T; t++) {
            f32x16 *a = &part[p * T + t];
            *a = f_fma(i_to_f(s[p * T + t]), d, *a);
            if (has_minimum(layout))
              *a = f_fma(f_splat((float)load_i16(tile->x[t] + at_sums + 2 * b)), half_scale(scales + 32), *a);
          }
        }
      }
      UNROLL for (int p = 0; p < P; p++) {
        if (T <= 4) prefetch_lines(local.panel[p] + AHEAD_BYTES / P, run_bytes(layout));
        local.panel[p] += run_bytes(layout);
      }
    }
    UNROLL for (int t = 0; t < T; t++) {
      f32x16 dx = f_splat(*(const float *)(const void *)(tile->x[t] + at_d + 4 * wide));
      UNROLL for (int p = 0; p < P; p++) sums[p * T + t] = f_fma(part[p * T + t], dx, sums[p * T + t]);
    }
  }
}
