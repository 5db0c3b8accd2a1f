// Matrix products: the walk over panels and tokens, and the tile of the float layouts.
//
//                     tokens →                          A tile is PANELS × 16 rows by TOKENS tokens, its sums in
//               x0   x1   x2  … (one value each,        registers. Every k loads PANELS weight vectors and
//                                broadcast)             broadcasts TOKENS activations:
//   panel 0  w  a00  a01  a02
//   (16 rows)                                             acc[p][t] = fma(w[p], x[t], acc[p][t])   k ascending
//   panel 1  w  a10  a11  a12
//
//   F32, F16   acc = fma(w, x, acc)                      halves are widened as they are loaded
//   BF16       acc = fma(w₂ⱼ, x₂ⱼ, acc), then 2j + 1     subnormal inputs and results count as zero
//
// A lane's sum never depends on PANELS or TOKENS: tiles only change which sums are held at once. Panels
// are walked in strips that stay in the second-level cache while all tokens pass over them. Quantised tiles:
// gemm_q32.h and gemm_q256.h.

#pragma once

// Panels of a strip: half of a 1 MiB second-level cache, the rest for activations and results.
enum { STRIP_BYTES = 512 * 1024, MAX_PANELS = 4, MAX_TOKENS = 12, MAX_SUMS = 24 };

// How far ahead of its loads a tile of one or two tokens asks for memory: 8 KiB, divided among its panels, is what
// 40 GB/s bring in twice the latency of memory. Scales are a stream of their own, several times thinner.
enum { AHEAD_BYTES = 8192, AHEAD_SCALES = 1024 };

/// What a tile works on; tile functions are inlined with constant PANELS and TOKENS.
struct tile {
  const uint8_t *panel[MAX_PANELS];
  const uint8_t *x[MAX_TOKENS];
  const uint8_t *next;  // the panel after these
  size_t k;
};

typedef void strip_fn(const struct apus_gemm *g, int first_panel, int last_panel, int first_token, int tokens);

// Bias, residual and the masked store of what a tile summed. Tokens and panels past the end are copies.
INLINE void store_tile(
    const struct apus_gemm *g, int panel, int panels, int token, int tokens, int T, const f32x16 *sums) {
  for (int p = 0; p < panels; p++) {
    int row = 16 * (panel + p);
    int n = g->rows - row < 16 ? g->rows - row : 16;
    f32x16 bias = f_splat(0);
    if (g->bias) bias = n == 16 ? f_load(g->bias + row) : f_load_n(g->bias + row, n);
    for (int t = 0; t < tokens; t++) {
      float *y = g->y + (size_t)(token + t) * g->y_stride + row;
      f32x16 v = sums[p * T + t];
      if (g->bias) v = v + bias;
      if (n == 16) {
        if (g->add) v = f_load(y) + v;
        f_store(y, v);
      } else {
        if (g->add) v = f_load_n(y, n) + v;
        f_store_n(y, v, n);
      }
    }
  }
}

INLINE void prefetch(const uint8_t *p) { __builtin_prefetch(p, 0, 3); }

// The first scales of the next panel, which no stream leads to.
INLINE void prefetch_scales(const uint8_t *scales) {
  ROLLED for (int line = 0; line < AHEAD_SCALES; line += 64) prefetch(scales + line);
}

INLINE void tile_float(const enum apus_layout layout, const int P, const int T, const struct tile *tile, f32x16 *sums) {
  f32x16 acc[MAX_SUMS];
  UNROLL for (int i = 0; i < P * T; i++) acc[i] = f_splat(0);
  const uint8_t *panel[MAX_PANELS], *x[MAX_TOKENS];
  UNROLL for (int p = 0; p < P; p++) panel[p] = tile->panel[p];
  UNROLL for (int t = 0; t < T; t++) x[t] = tile->x[t];

  if (layout == APUS_LAYOUT_BF16) {
    size_t pairs = (tile->k + 1) / 2;
#pragma clang loop unroll_count(F32_UNROLL)
    for (size_t j = 0; j < pairs; j++) {
      u32x16 w[MAX_PANELS];
      UNROLL for (int p = 0; p < P; p++) {
        w[p] = (u32x16)b_load(panel[p] + 64 * j);
        if (T <= 2) prefetch(panel[p] + 64 * j + AHEAD_BYTES / P);
      }
      UNROLL for (int t = 0; t < T; t++) {
        uint32_t pair = (uint32_t)load_i32(x[t] + 4 * j);
        UNROLL for (int p = 0; p < P; p++) acc[p * T + t] = dot_bf16(acc[p * T + t], w[p], pair);
      }
    }
  } else {
    const int bytes = layout == APUS_LAYOUT_F32 ? 64 : 32;
#pragma clang loop unroll_count(F32_UNROLL)
    for (size_t j = 0; j < tile->k; j++) {
      f32x16 w[MAX_PANELS];
      UNROLL for (int p = 0; p < P; p++) {
        const uint8_t *at = panel[p] + (size_t)bytes * j;
        w[p] = layout == APUS_LAYOUT_F32 ? f_load((const float *)(const void *)at) : half_scale(at);
        if (T <= 2) prefetch(at + AHEAD_BYTES / P);
      }
      UNROLL for (int t = 0; t < T; t++) {
        f32x16 value = f_splat(((const float *)(const void *)x[t])[j]);
        UNROLL for (int p = 0; p < P; p++) acc[p * T + t] = f_fma(w[p], value, acc[p * T + t]);
      }
    }
  }
  UNROLL for (int i = 0; i < P * T; i++) sums[i] = acc[i];
}

#include "gemm_q32.h"
#include "gemm_q256.h"

// All panels of a strip against one group of tokens.
INLINE void strip(
    const enum apus_layout layout, const int P, const int T, const struct apus_gemm *g, int first_panel,
    int last_panel, int token, int tokens) {
  struct tile tile = {.k = g->k};
  for (int t = 0; t < T; t++) {
    int row = token + (t < tokens ? t : tokens - 1);
    tile.x[t] = (const uint8_t *)g->x + (size_t)row * g->x_bytes;
  }
  for (int panel = first_panel; panel < last_panel; panel += P) {
    int panels = last_panel - panel < P ? last_panel - panel : P;
    for (int p = 0; p < P; p++)
      tile.panel[p] = (const uint8_t *)g->panels + (size_t)(panel + (p < panels ? p : panels - 1)) * g->panel_bytes;
    tile.next = tile.panel[panels - 1] + g->panel_bytes;
    f32x16 sums[MAX_SUMS];
    if (layout == APUS_LAYOUT_BF16) {
      unsigned state = flush_begin();
      tile_float(layout, P, T, &tile, sums);
      flush_end(state, sums);
    } else if (layout < APUS_LAYOUT_BF16)
      tile_float(layout, P, T, &tile, sums);
    else if (layout <= APUS_LAYOUT_MXFP4)
      tile_q32(layout, P, T, &tile, sums);
    else
      tile_q256(layout, P, T, &tile, sums);
    store_tile(g, panel, panels, token, tokens, T, sums);
  }
}

// The tile widths compiled for a layout, widest first; a remainder is padded up to the next one when
// that wastes at most one token (3 → 4, 5 → 6) and split otherwise.
struct widths {
  int tokens[5];
  strip_fn *strip[5];
};

INLINE void walk(const struct apus_gemm *g, const struct widths *widths) {
  int panels = (g->rows + 15) / 16;
  int step = (int)(STRIP_BYTES / (g->panel_bytes ? g->panel_bytes : 1)) & ~(MAX_PANELS - 1);
  if (step < MAX_PANELS) step = MAX_PANELS;
  for (int first = 0; first < panels; first += step) {
    int last = panels - first < step ? panels : first + step;
    for (int token = 0; token < g->tokens;) {
      int left = g->tokens - token, i = 0;
      while (widths->tokens[i] > left + 1 || (widths->tokens[i] > left && left < 3)) i++;
      int tokens = left < widths->tokens[i] ? left : widths->tokens[i];
      widths->strip[i](g, first, last, token, tokens);
      token += tokens;
    }
  }
}

#define STRIP(layout, name, P, T)                                                                             \
  static __attribute__((noinline)) void strip_##name##_##T(                                                   \
      const struct apus_gemm *g, int first, int last, int token, int tokens) {                                \
    strip(layout, P, T, g, first, last, token, tokens);                                                       \
  }

// One token takes `panels` panels at a time, and one by one where fewer are left.
#define STRIP_ONE(layout, name, P)                                                                              \
  static __attribute__((noinline)) void strip_##name##_1(                                                     \
      const struct apus_gemm *g, int first, int last, int token, int tokens) {                                \
    int whole = first + (last - first) / (P) * (P);                                                           \
    strip(layout, P, 1, g, first, whole, token, tokens);                                                      \
    strip(layout, 1, 1, g, whole, last, token, tokens);                                                       \
  }

// TILES_n lists the strips of n tokens and narrower ones; WIDTHS_n is the table of them.
#define TILES_1(layout, name, P) STRIP_ONE(layout, name, layout <= APUS_LAYOUT_BF16 ? F32_PANELS_ONE : 1)
#define TILES_4(layout, name, P) TILES_1(layout, name, P) STRIP(layout, name, P, 2) STRIP(layout, name, P, 4)
#define TILES_6(layout, name, P) TILES_4(layout, name, P) STRIP(layout, name, P, 6)
#define TILES_12(layout, name, P) TILES_6(layout, name, P) STRIP(layout, name, P, 12)
#define WIDTHS_1(name) {{1}, {strip_##name##_1}}
#define WIDTHS_4(name) {{4, 2, 1}, {strip_##name##_4, strip_##name##_2, strip_##name##_1}}
#define WIDTHS_6(name)                                                                                        \
  {{6, 4, 2, 1}, {strip_##name##_6, strip_##name##_4, strip_##name##_2, strip_##name##_1}}
#define WIDTHS_12(name)                                                                                       \
  {{12, 6, 4, 2, 1},                                                                                          \
   {strip_##name##_12, strip_##name##_6, strip_##name##_4, strip_##name##_2, strip_##name##_1}}
#define JOIN_TILES_(n, layout, name, P) TILES_##n(layout, name, P)
#define JOIN_TILES(n, layout, name, P) JOIN_TILES_(n, layout, name, P)
#define JOIN_WIDTHS_(n, name) WIDTHS_##n(name)
#define JOIN_WIDTHS(n, name) JOIN_WIDTHS_(n, name)

#define GEMM(layout, name, tokens, panels)                                                                    \
  JOIN_TILES(tokens, layout, name, panels)                                                                    \
  HIDDEN void NAME(gemm_##name)(const struct apus_gemm *g) {                                                  \
    static const struct widths widths = JOIN_WIDTHS(tokens, name);                                            \
    walk(g, &widths);                                                                                         \
  }

#define GEMM_F32(layout, name) GEMM(layout, name, F32_TOKENS, F32_PANELS)
#define GEMM_I8(layout, name) GEMM(layout, name, I8_TOKENS, I8_PANELS)
