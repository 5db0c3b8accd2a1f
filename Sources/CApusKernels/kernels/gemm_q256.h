// The tile of the layouts with blocks of 256: Q2_K … Q6_K and IQ4_XS.
//
// A block is cut into sub-blocks j of 16 or 32 columns with an integer scale sc (and minimum m) each:
//
//                  x of token t:   [256 int8]  dx   Σ16[16]  Σ32[8]
//                                      │
//   panel p, sub-block j               ▼
//   4 or 8 groups ─ w ────────▶  s = Σ w·x over the sub-block            exact
//   [16] sc       ─ sc ───────▶  S[p][t] += sc · s                       exact, below 2³¹
//   at the end of the block
//   [16] d        ─ d ────────▶  a[p][t] = fma(float(S), d·dx, a[p][t])
//   [16] m        ─ m ────────▶  M[p][t] = Σ m · Σx                      exact
//   [16] dmin     ─ dmin ─────▶  a[p][t] = fma(float(M), −(dmin·dx), a[p][t])
//
// Blocks ascend. Weights with an offset (Q3_K, Q6_K, IQ4_XS) are stored unsigned: S starts from
// −offset · Σ sc · Σx. Integers are exact, so only the four float roundings are part of the definition.

#pragma once

// Σ over sub-blocks of (scale or minimum) · Σx, as pairs of 16-bit products.
INLINE void dot_sums(
    const enum apus_layout layout, const int minima, const int P, const int T, const uint8_t *const *scales,
    const uint8_t *const *sums, i32x16 *totals) {
  const int pairs = 128 / sub_block_columns(layout);
  UNROLL for (int i = 0; i < P * T; i++) totals[i] = i_splat(0);
  ROLLED for (int i = 0; i < pairs; i++) {
    i16x32 w[MAX_PANELS];
    UNROLL for (int p = 0; p < P; p++)
      w[p] = minima ? minimum_pair(layout, scales[p], i) : scale_pair(layout, scales[p], i);
    UNROLL for (int t = 0; t < T; t++) {
      int32_t pair = load_i32(sums[t] + 4 * i);
      UNROLL for (int p = 0; p < P; p++) totals[p * T + t] = dot_i16(totals[p * T + t], w[p], pair);
    }
  }
}

INLINE void tile_q256(const enum apus_layout layout, const int P, const int T, const struct tile *tile, f32x16 *sums) {
  const size_t blocks = tile->part.to / 256;
  const int sub = sub_block_columns(layout), pairs = 128 / sub, groups = sub / 4;
  const size_t share = whole_lines(run_bytes(layout) / (size_t)pairs);
  const size_t at_d = q256_d(tile->k), at_sums = sub == 16 ? q256_sum16(tile->k) : q256_sum32(tile->k);
  const uint8_t *x[MAX_TOKENS], *x_sums[MAX_TOKENS], *quants[MAX_PANELS], *scales[MAX_PANELS];
  UNROLL for (int t = 0; t < T; t++) x[t] = tile->x[t];
  UNROLL for (int p = 0; p < P; p++) quants[p] = tile->panel[p];

  ROLLED for (size_t b = tile->part.from / 256; b < blocks; b++) {
    UNROLL for (int t = 0; t < T; t++) x_sums[t] = x[t] + at_sums + b * (size_t)(512 / sub);
    UNROLL for (int p = 0; p < P; p++) scales[p] = quants[p] + quant_bytes(layout);
    i32x16 total[MAX_SUMS];
    if (offset_left(layout) != 0) {
      dot_sums(layout, 0, P, T, scales, x_sums, total);
      UNROLL for (int i = 0; i < P * T; i++) total[i] = total[i] * -offset_left(layout);
    } else {
      UNROLL for (int i = 0; i < P * T; i++) total[i] = i_splat(0);
    }

    ROLLED for (int i = 0; i < pairs; i++) {
      i16x32 pair[MAX_PANELS];
      UNROLL for (int p = 0; p < P; p++) pair[p] = scale_pair(layout, scales[p], i);
      UNROLL for (int h = 0; h < 2; h++) {
        const int chunk = sub == 16 ? i : 2 * i + h;
#ifdef HAS_SHORT_SUMS
        const uint8_t *at[MAX_TOKENS];
        UNROLL for (int t = 0; t < T; t++) at[t] = x[t] + 256 * b + 32 * chunk + (sub == 16 ? 16 * h : 0);
        UNROLL for (int p = 0; p < P; p++)
          short_sums(layout, T, quants[p], chunk, sub == 16 ? 4 * h : 0, groups, at, both_halves(pair[p], h), total + p * T);
#else
        i32x16 s[MAX_SUMS];
        UNROLL for (int n = 0; n < P * T; n++) s[n] = i_splat(0);
        UNROLL for (int j = 0; j < groups; j++) {
          const int g = sub == 16 ? 4 * h + j : j;
          u8x64 w[MAX_PANELS];
          UNROLL for (int p = 0; p < P; p++) w[p] = weights(layout, quants[p], chunk, g);
          UNROLL for (int t = 0; t < T; t++) {
            int32_t four = load_i32(x[t] + 256 * b + 32 * chunk + 4 * g);
            UNROLL for (int p = 0; p < P; p++) s[p * T + t] = dot_layout(layout, s[p * T + t], w[p], four);
          }
        }
        UNROLL for (int p = 0; p < P; p++) {
          i32x16 scale = scale_of(pair[p], h);
          UNROLL for (int t = 0; t < T; t++) total[p * T + t] += scale * s[p * T + t];
        }
#endif
      }
      // The run's lines, an equal share with every pair of sub-blocks.
      if (T <= 4) UNROLL for (int p = 0; p < P; p++)
        prefetch_lines(quants[p] + AHEAD_BYTES / P + share * (size_t)i, share);
    }

    UNROLL for (int p = 0; p < P; p++) {
      f32x16 d = half_scale(scales[p]);
      UNROLL for (int t = 0; t < T; t++) {
        f32x16 dx = f_splat(*(const float *)(const void *)(x[t] + at_d + 4 * b));
        sums[p * T + t] = f_fma(i_to_f(total[p * T + t]), d * dx, sums[p * T + t]);
      }
    }
    if (has_minimum(layout)) {
      dot_sums(layout, 1, P, T, scales, x_sums, total);
      UNROLL for (int p = 0; p < P; p++) {
        f32x16 least = half_scale(scales[p] + 32);
        UNROLL for (int t = 0; t < T; t++) {
          f32x16 dx = f_splat(*(const float *)(const void *)(x[t] + at_d + 4 * b));
          sums[p * T + t] = f_fma(i_to_f(total[p * T + t]), -(least * dx), sums[p * T + t]);
        }
      }
    }
    UNROLL for (int p = 0; p < P; p++) quants[p] += run_bytes(layout);
  }
}
