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
// A lane's sum never depends on PANELS or TOKENS: tiles only change which sums are held at once. Quantised tiles:
// gemm_q32.h and gemm_q256.h.
//
// With many tokens the columns are cut into parts, so that the activations of a tile stay in a near cache, and
// the panels into strips, so that a strip's part stays in the second-level cache while all tokens pass over it:
//
//   for each strip of panels
//     for each part of k          sums wait in y between parts: storing and loading a float changes nothing
//       for each tile of tokens
//         for each tile of panels
//
// One or two tokens read every panel once, from its first byte to its last.

#pragma once

#include "bf16.h"
#include "math.h"

// Panels of a strip: half of a 1 MiB second-level cache, the rest for sums and activations. Activations of a tile: a
// tenth of it; parts that fit the first level would be read faster, but their sums would go to y and back too often,
// 4 KiB apart as the rows of y tend to be.
enum { STRIP_BYTES = 512 * 1024, PART_BYTES = 100 * 1024, TOKEN_BLOCK = 1020, MAX_PANELS = 4, MAX_TOKENS = 12, MAX_SUMS = 24 };

// Fewer tokens than this do not make up for waking the memory's streams at every part of a panel.
enum { TOKENS_FOR_PARTS = 24 };

// How far ahead of its loads a tile asks for memory: 8 KiB, divided among its panels, is what 40 GB/s bring in twice
// the latency of memory.
enum { AHEAD_BYTES = 8192 };

/// Columns from … to − 1, of which `from` is a multiple of 256.
struct part {
  size_t from, to;
};

/// What a tile works on; tile functions are inlined with constant PANELS and TOKENS.
struct tile {
  const uint8_t *panel[MAX_PANELS];  // the part's first column
  const uint8_t *x[MAX_TOKENS];      // whole rows
  size_t k;
  struct part part;
};

typedef void strip_fn(
    const struct apus_gemm *g, struct part part, int first_panel, int last_panel, int first_token, int tokens);

INLINE int lanes_used(const struct apus_gemm *g, int panel) { return g->rows - 16 * panel < 16 ? g->rows - 16 * panel : 16; }

INLINE f32x16 load_lanes(const float *p, int n) { return n == 16 ? f_load(p) : f_load_n(p, n); }

INLINE void store_lanes(float *p, f32x16 v, int n) {
  if (n == 16)
    f_store(p, v);
  else
    f_store_n(p, v, n);
}

// What the sums start from: zero, or what y holds from the part before or from the caller. Tokens and panels past the
// end are copies.
INLINE void load_sums(
    const struct apus_gemm *g, int from_y, int panel, int panels, int P, int token, int tokens, int T, f32x16 *sums) {
  if (!from_y) {
    UNROLL for (int i = 0; i < P * T; i++) sums[i] = f_splat(0);
    return;
  }
  UNROLL for (int p = 0; p < P; p++) {
    int at = panel + (p < panels ? p : panels - 1);
    UNROLL for (int t = 0; t < T; t++) {
      int row = token + (t < tokens ? t : tokens - 1);
      sums[p * T + t] = load_lanes(g->y + (size_t)row * g->y_stride + 16 * at, lanes_used(g, at));
    }
  }
}

// Activation, residual and rounded copy of what is still in the first-level cache; rarely wanted, so never inlined.
static __attribute__((noinline)) void finish_tile(const struct apus_gemm *g, int panel, int panels, int token, int tokens) {
  for (int p = panel; p < panel + panels; p++) {
    const int row = 16 * p, n = lanes_used(g, p);
    for (int t = token; t < token + tokens; t++) {
      float *y = g->y + (size_t)t * g->y_stride + row;
      f32x16 v = load_lanes(y, n);
      if (g->activation != APUS_IDENTITY) v = f_unary(g->activation, v);
      if (g->residual) v = load_lanes(g->residual + (size_t)t * g->residual_stride + row, n) + v;
      store_lanes(y, v, n);
      if (g->rounded) {
        uint16_t lanes[16];
        u16x16 h = g->rounded_format == APUS_KV_F16 ? f32_to_half(v) : f32_to_bf16_16(v);
        __builtin_memcpy(lanes, &h, sizeof h);
        __builtin_memcpy(g->rounded + (size_t)t * g->rounded_stride + row, lanes, 2 * (size_t)n);
      }
    }
  }
}

INLINE void store_sums(
    const struct apus_gemm *g, int done, int panel, int panels, int token, int tokens, int T, const f32x16 *sums) {
  for (int p = 0; p < panels; p++) {
    const int row = 16 * (panel + p), n = lanes_used(g, panel + p);
    const int biased = done && g->bias;
    f32x16 bias = biased ? load_lanes(g->bias + row, n) : f_splat(0);
    for (int t = 0; t < tokens; t++) {
      f32x16 v = sums[p * T + t];
      if (biased) v = v + bias;
      store_lanes(g->y + (size_t)(token + t) * g->y_stride + row, v, n);
    }
  }
  if (done && (g->activation != APUS_IDENTITY || g->residual || g->rounded)) finish_tile(g, panel, panels, token, tokens);
}

INLINE void prefetch(const uint8_t *p) { __builtin_prefetch(p, 0, 3); }

INLINE void prefetch_lines(const uint8_t *p, size_t bytes) {
  UNROLL for (size_t line = 0; line < bytes; line += 64) prefetch(p + line);
}

INLINE void tile_float(const enum apus_layout layout, const int P, const int T, const struct tile *tile, f32x16 *sums) {
  f32x16 acc[MAX_SUMS];
  UNROLL for (int i = 0; i < P * T; i++) acc[i] = sums[i];
  const uint8_t *panel[MAX_PANELS], *x[MAX_TOKENS];
  const size_t width = layout == APUS_LAYOUT_BF16 ? 2 : 4;
  UNROLL for (int p = 0; p < P; p++) panel[p] = tile->panel[p];
  UNROLL for (int t = 0; t < T; t++) x[t] = tile->x[t] + width * tile->part.from;
  const size_t columns = tile->part.to - tile->part.from;

  if (layout == APUS_LAYOUT_BF16) {
    size_t pairs = (columns + 1) / 2;
#pragma clang loop unroll_count(F32_UNROLL)
    for (size_t j = 0; j < pairs; j++) {
      u32x16 w[MAX_PANELS];
      UNROLL for (int p = 0; p < P; p++) {
        w[p] = (u32x16)b_load(panel[p] + 64 * j);
        prefetch(panel[p] + 64 * j + AHEAD_BYTES / P);
      }
      UNROLL for (int t = 0; t < T; t++) {
        uint32_t pair = (uint32_t)load_i32(x[t] + 4 * j);
        UNROLL for (int p = 0; p < P; p++) acc[p * T + t] = dot_bf16(acc[p * T + t], w[p], pair);
      }
    }
  } else {
    const int bytes = layout == APUS_LAYOUT_F32 ? 64 : 32;
#pragma clang loop unroll_count(F32_UNROLL)
    for (size_t j = 0; j < columns; j++) {
      f32x16 w[MAX_PANELS];
      UNROLL for (int p = 0; p < P; p++) {
        const uint8_t *at = panel[p] + (size_t)bytes * j;
        w[p] = layout == APUS_LAYOUT_F32 ? f_load((const float *)(const void *)at) : half_scale(at);
        prefetch(at + AHEAD_BYTES / P);
      }
      UNROLL for (int t = 0; t < T; t++) {
        f32x16 value = f_splat(((const float *)(const void *)x[t])[j]);
        UNROLL for (int p = 0; p < P; p++) acc[p * T + t] = f_fma(w[p], value, acc[p * T + t]);
      }
    }
  }
  UNROLL for (int i = 0; i < P * T; i++) sums[i] = acc[i];
}

#include "short_sums.h"
#include "gemm_q32.h"
#include "gemm_q256.h"

// A kind of tile is a layout, or with this bit its coarse sums.
enum { COARSE = 64 };

// All panels of a strip against one group of tokens.
INLINE void strip(
    const int kind, const int P, const int T, const struct apus_gemm *g, struct part part, int first_panel,
    int last_panel, int token, int tokens) {
  const enum apus_layout layout = (enum apus_layout)(kind & ~COARSE);
  struct tile tile = {.k = g->k, .part = part};
  const size_t skipped = column_bytes(layout, part.from);
  const int from_y = part.from > 0 || g->accumulate, done = part.to == g->k;
  for (int t = 0; t < T; t++) {
    int row = token + (t < tokens ? t : tokens - 1);
    tile.x[t] = (const uint8_t *)g->x + (size_t)row * g->x_bytes;
  }
  for (int panel = first_panel; panel < last_panel; panel += P) {
    int panels = last_panel - panel < P ? last_panel - panel : P;
    for (int p = 0; p < P; p++)
      tile.panel[p] =
          (const uint8_t *)g->panels + (size_t)(panel + (p < panels ? p : panels - 1)) * g->panel_bytes + skipped;
    f32x16 sums[MAX_SUMS];
    load_sums(g, from_y, panel, panels, P, token, tokens, T, sums);
    if (layout == APUS_LAYOUT_BF16) {
      if (from_y) UNROLL for (int i = 0; i < P * T; i++) sums[i] = without_subnormals(sums[i]);
      unsigned state = flush_begin();
      tile_float(layout, P, T, &tile, sums);
      flush_end(state, sums);
    } else if (layout < APUS_LAYOUT_BF16)
      tile_float(layout, P, T, &tile, sums);
    else if (kind & COARSE)
      tile_coarse(layout, P, T, &tile, sums);
    else if (layout <= APUS_LAYOUT_MXFP4)
      tile_q32(layout, P, T, &tile, sums);
    else
      tile_q256(layout, P, T, &tile, sums);
    store_sums(g, done, panel, panels, token, tokens, T, sums);
  }
}

// The tile widths compiled for a layout, widest first; a remainder is padded up to the next one when
// that wastes at most one token (3 → 4, 5 → 6) and split otherwise.
struct widths {
  int tokens[5];
  strip_fn *strip[5];
};

// The tokens first … last − 1 against a part of a strip of panels. Four go first: they bring the strip from memory at
// its full speed, the others find it in the cache.
INLINE void walk_tokens(
    const struct apus_gemm *g, struct part part, int first_panel, int last_panel, int first, int last,
    const struct widths *widths) {
  for (int token = first; token < last;) {
    int left = last - token, i = 0;
    while (widths->tokens[i] > left + 1 || (widths->tokens[i] > left && left < 3)) i++;
    if (token == first)
      while (widths->tokens[i] > 4) i++;
    int tokens = left < widths->tokens[i] ? left : widths->tokens[i];
    widths->strip[i](g, part, first_panel, last_panel, token, tokens);
    token += tokens;
  }
}

INLINE void walk(const struct apus_gemm *g, const struct widths *widths) {
  const int panels = (g->rows + 15) / 16;
  const size_t wanted = g->x_bytes * (size_t)widths->tokens[0] / PART_BYTES + 1;
  const size_t parts = g->tokens < TOKENS_FOR_PARTS ? 1 : wanted;
  const size_t columns = parts == 1 ? g->k : ((g->k + parts - 1) / parts + 255) & ~(size_t)255;
  int step = (int)(STRIP_BYTES / (g->panel_bytes / parts + 1)) & ~(MAX_PANELS - 1);
  if (step < MAX_PANELS) step = MAX_PANELS;
  for (int token = 0; token < g->tokens; token += TOKEN_BLOCK) {
    const int tokens = g->tokens - token > TOKEN_BLOCK ? token + TOKEN_BLOCK : g->tokens;
    for (int first = 0; first < panels; first += step) {
      const int last = panels - first < step ? panels : first + step;
      for (size_t from = 0; from == 0 || from < g->k; from += columns) {
        struct part part = {from, g->k - from > columns ? from + columns : g->k};
        walk_tokens(g, part, first, last, token, tokens, widths);
        if (part.to == g->k) break;
      }
    }
  }
}

#define STRIP(layout, name, P, T)                                                                             \
  static __attribute__((noinline)) void strip_##name##_##T(                                                   \
      const struct apus_gemm *g, struct part part, int first, int last, int token, int tokens) {              \
    strip(layout, P, T, g, part, first, last, token, tokens);                                                 \
  }

// One token takes `panels` panels at a time, and one by one where fewer are left.
#define STRIP_ONE(layout, name, P)                                                                              \
  static __attribute__((noinline)) void strip_##name##_1(                                                     \
      const struct apus_gemm *g, struct part part, int first, int last, int token, int tokens) {              \
    int whole = first + (last - first) / (P) * (P);                                                           \
    strip(layout, P, 1, g, part, first, whole, token, tokens);                                                \
    strip(layout, 1, 1, g, part, whole, last, token, tokens);                                                 \
  }

// TILES_n lists the strips of n tokens and narrower ones; WIDTHS_n is the table of them.
#define TILES_1(layout, name, P) STRIP_ONE(layout, name, layout <= APUS_LAYOUT_BF16 ? F32_PANELS_ONE : 1)
// Two and four tokens are still bound by memory: one panel at a time is one stream.
#define FEW_PANELS(layout, P) (layout <= APUS_LAYOUT_BF16 ? P : 1)
#define TILES_4(layout, name, P)                                                                              \
  TILES_1(layout, name, P) STRIP(layout, name, FEW_PANELS(layout, P), 2) STRIP(layout, name, FEW_PANELS(layout, P), 4)
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
#define GEMM_COARSE(layout, name) GEMM((layout | COARSE), name, I8_TOKENS, I8_PANELS)
// Where unpacking and scaling 16 weights takes more than their dot products, one panel meets twice the tokens.
#if I8_TOKENS == 6
#define GEMM_I8_NARROW(layout, name) GEMM(layout, name, 12, 1)
#else
#define GEMM_I8_NARROW(layout, name) GEMM_I8(layout, name)
#endif
