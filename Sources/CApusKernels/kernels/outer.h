// The gradient of a weight: a sum of outer products over tokens.
//
//   y[r][c] = Σ_t a[t][r] · b[t][c]        t ascending; bfloat16: fma for t = 2j, then for 2j + 1
//
//                  b: 16 columns, 16 columns          Both operands are read as rows of activations, as they are, in
//                     ┌────────┬────────┐             blocks of 128 steps (tokens, or pairs of them): of b 256 columns
//     a: TOKENS  a₀   │ sums   │ sums   │             become panels, of a 384 become strips TOKENS wide. Both stay in
//        columns a₁   │        │        │             the second-level cache, two panels in the first, while the tile
//                …    └────────┴────────┘             of gemm.h passes over them: one a broadcast to 16 c.
//
// Rows of a are copied once for a block: taken strip by strip, every line of them would be fetched for a third of it,
// from rows that lie a power of two apart and so share few places in a cache.
//
// A sum's order depends on t alone, so neither blocks nor ranges change a bit; sums wait in y between blocks.

#pragma once

#include "bf16.h"

// Steps of a block: 2 panels of 8 KiB and a strip of 6 KiB fill half of a first-level cache. 16 panels take 128 KiB,
// strips of 384 columns 196 KiB, their sums 384 KiB of a second-level cache of 1 MiB. layout.c has the same numbers.
enum { OUTER_STEPS = 128, OUTER_PANELS = 16, OUTER_ROWS = 384, STRIP_BYTES_OF_A = OUTER_STEPS * 4 * F32_TOKENS + 64 };

// Tokens from asking for a row to reading it: 768 bytes each, some ten lines of a third-level cache's 50 ns.
enum { OUTER_AHEAD = 16 };

// How much of an operand's row is left from `column` on, in columns of which reading is allowed.
INLINE int columns_left(int end, int column, int most) { return end - column < most ? end - column : most; }

// Pairs of bfloat16 of tokens t and t + 1, 16 columns: the even token in slot 1. Rows hold their own pairs swapped.
INLINE u16x32 pair_tokens(u16x16 e, u16x16 o) {
  return __builtin_shufflevector(
      o, e, 1, 17, 0, 16, 3, 19, 2, 18, 5, 21, 4, 20, 7, 23, 6, 22, 9, 25, 8, 24, 11, 27, 10, 26, 13, 29, 12, 28, 15, 31,
      14, 30);
}

INLINE u16x32 token_pair(const uint8_t *even, const uint8_t *odd, int column, int n) {
  const uint16_t *e = (const uint16_t *)(const void *)even + column, *o = (const uint16_t *)(const void *)odd + column;
  if (n == 16 && odd) return pair_tokens(h_load(e), h_load(o));
  const int whole = (n + 1) & ~1;
  return pair_tokens(h_load_n(e, whole), odd ? h_load_n(o, whole) : (u16x16)0);
}

// A step's operand rows: of one token, or of two.
struct outer_rows {
  const uint8_t *even, *odd;
};

INLINE struct outer_rows outer_rows(const int bf16, const void *base, size_t bytes, int token, int tokens) {
  const uint8_t *row = (const uint8_t *)base + (size_t)token * bytes;
  return (struct outer_rows){row, bf16 && token + 1 < tokens ? row + bytes : 0};
}

// Asks for columns first … end − 1 of the rows OUTER_AHEAD tokens on: rows lie too far apart for the processor to see a
// stream in them.
INLINE void outer_ahead(const int bf16, const void *base, size_t bytes, int first, int end, int token, int tokens) {
  const size_t width = bf16 ? 2 : 4;
  for (int t = token + OUTER_AHEAD; t < token + OUTER_AHEAD + (bf16 ? 2 : 1) && t < tokens; t++) {
    const uint8_t *row = (const uint8_t *)base + (size_t)t * bytes;
    for (size_t at = width * (size_t)first; at < width * (size_t)end; at += 64) prefetch(row + at);
  }
}

// Columns column … of a block's steps as panels [steps][16].
INLINE void outer_panels(const int bf16, const struct apus_outer *g, int token, int steps, int column, int panels, uint8_t *out) {
  for (int s = 0; s < steps; s++) {
    const int t = token + (bf16 ? 2 * s : s);
    struct outer_rows rows = outer_rows(bf16, g->b, g->b_bytes, t, g->tokens);
    outer_ahead(bf16, g->b, g->b_bytes, column, column + columns_left(g->last_b, column, 16 * panels), t, g->tokens);
    for (int p = 0; p < panels; p++) {
      const int at = column + 16 * p, n = columns_left(g->last_b, at, 16);
      uint8_t *to = out + ((size_t)p * OUTER_STEPS + (size_t)s) * 64;
      if (bf16) {
        u16x32 pair = token_pair(rows.even, rows.odd, at, n);
        __builtin_memcpy(to, &pair, sizeof pair);
      } else {
        const float *from = (const float *)(const void *)rows.even + at;
        f_store((float *)(void *)to, n == 16 ? f_load(from) : f_load_n(from, n));
      }
    }
  }
}

// Columns from `row` to `end` of a block's steps as strips [steps][T]; what lies behind the last column is zero.
INLINE void outer_strips(const int bf16, const int T, const struct apus_outer *g, int token, int steps, int row, int end, uint8_t *out) {
  for (int s = 0; s < steps; s++) {
    const int t = token + (bf16 ? 2 * s : s);
    struct outer_rows rows = outer_rows(bf16, g->a, g->a_bytes, t, g->tokens);
    outer_ahead(bf16, g->a, g->a_bytes, row, end, t, g->tokens);
    uint8_t *to = out + (size_t)(4 * T * s);
    for (int column = row; column < end; column += T, to += STRIP_BYTES_OF_A) {
      const int n = columns_left(end, column, 16);
      if (bf16 && T % 2) {
        const int at = column ^ 1;
        uint16_t pair[2] = {rows.odd ? ((const uint16_t *)(const void *)rows.odd)[at] : 0, ((const uint16_t *)(const void *)rows.even)[at]};
        __builtin_memcpy(to, pair, sizeof pair);
        continue;
      }
      // A whole vector is stored; the next step, or the space behind the strip, takes what is too much.
      i32x16 lanes;
      if (bf16) {
        lanes = (i32x16)token_pair(rows.even, rows.odd, column, n);
      } else {
        const float *from = (const float *)(const void *)rows.even + column;
        lanes = as_i32(n == 16 ? f_load(from) : f_load_n(from, n));
      }
      __builtin_memcpy(to, &lanes, T < 16 ? sizeof lanes : 4 * (size_t)T);
    }
  }
}

INLINE void outer_tile(
    const int bf16, const int P, const int T, int steps, const uint8_t *panels, const uint8_t *strip, f32x16 *sums) {
  f32x16 acc[MAX_SUMS];
  UNROLL for (int i = 0; i < P * T; i++) acc[i] = sums[i];
  for (int s = 0; s < steps; s++) {
    u8x64 b[MAX_PANELS];
    UNROLL for (int p = 0; p < P; p++) b[p] = b_load(panels + 64 * ((size_t)p * OUTER_STEPS + (size_t)s));
    UNROLL for (int t = 0; t < T; t++) {
      const uint8_t *a = strip + 4 * (T * s + t);
      UNROLL for (int p = 0; p < P; p++) {
        if (bf16)
          acc[p * T + t] = dot_bf16(acc[p * T + t], (u32x16)b[p], (uint32_t)load_i32(a));
        else
          acc[p * T + t] = f_fma((f32x16)b[p], f_splat(*(const float *)(const void *)a), acc[p * T + t]);
      }
    }
  }
  UNROLL for (int i = 0; i < P * T; i++) sums[i] = acc[i];
}

// The sums of T rows of y from `row` and P panels from column `column`.
INLINE void outer_sums(
    const int bf16, const int P, const int T, const struct apus_outer *g, int from_y, int steps, int row, int column,
    const uint8_t *panels, const uint8_t *strip) {
  f32x16 sums[MAX_SUMS];
  float *y = g->y + (size_t)(row - g->first_a) * g->y_stride + (column - g->first_b);
  const int rows = columns_left(g->last_a, row, T);
  UNROLL for (int p = 0; p < P; p++)
    UNROLL for (int t = 0; t < T; t++) {
      const int n = columns_left(g->last_b, column + 16 * p, 16);
      f32x16 v = f_splat(0);
      if (from_y && t < rows && n > 0) v = load_lanes(y + (size_t)t * g->y_stride + 16 * p, n);
      sums[p * T + t] = bf16 ? without_subnormals(v) : v;
    }
  // The next tile's sums: they come from the second-level cache or beyond, while this one is at work.
  for (int t = 0; t < T; t++)
    for (int p = 0; p < P; p++) prefetch((const uint8_t *)(y + (size_t)(T + t) * g->y_stride + 16 * p));
  unsigned state = bf16 ? flush_begin() : 0;
  outer_tile(bf16, P, T, steps, panels, strip, sums);
  if (bf16) flush_end(state, sums);
  UNROLL for (int p = 0; p < P; p++)
    UNROLL for (int t = 0; t < T; t++) {
      const int n = columns_left(g->last_b, column + 16 * p, 16);
      if (t < rows && n > 0) store_lanes(y + (size_t)t * g->y_stride + 16 * p, sums[p * T + t], n);
    }
}

// One block of rows and columns of y.
INLINE void outer_block(
    const int bf16, const struct apus_outer *g, int row, int last_row, int column, int count, uint8_t *panels, uint8_t *strips) {
  const int width = bf16 ? 2 : 1, steps_in_all = (g->tokens + width - 1) / width;
  for (int step = 0; step < steps_in_all; step += OUTER_STEPS) {
    const int steps = steps_in_all - step < OUTER_STEPS ? steps_in_all - step : OUTER_STEPS;
    const int from_y = step > 0 || g->accumulate;
    outer_panels(bf16, g, step * width, steps, column, count, panels);
    outer_strips(bf16, F32_TOKENS, g, step * width, steps, row, last_row, strips);
    for (int p = 0; p < count;) {
      const uint8_t *panel = panels + (size_t)p * OUTER_STEPS * 64, *strip = strips;
      const int pair = p + F32_PANELS <= count;
      for (int r = row; r < last_row; r += F32_TOKENS, strip += STRIP_BYTES_OF_A) {
        if (pair)
          outer_sums(bf16, F32_PANELS, F32_TOKENS, g, from_y, steps, r, column + 16 * p, panel, strip);
        else
          outer_sums(bf16, 1, F32_TOKENS, g, from_y, steps, r, column + 16 * p, panel, strip);
      }
      p += pair ? F32_PANELS : 1;
    }
  }
}

INLINE void outer(const int bf16, const struct apus_outer *g) {
  uint8_t *panels = g->scratch, *strips = panels + OUTER_PANELS * OUTER_STEPS * 64;
  for (int column = g->first_b; column < g->last_b; column += 16 * OUTER_PANELS) {
    const int count = (columns_left(g->last_b, column, 16 * OUTER_PANELS) + 15) / 16;
    for (int row = g->first_a; row < g->last_a; row += OUTER_ROWS)
      outer_block(bf16, g, row, columns_left(g->last_a, row, OUTER_ROWS) + row, column, count, panels, strips);
  }
}
