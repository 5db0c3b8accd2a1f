// The backward pass of attention over one sequence and one KV head, from the saved log-sum of each row.
// Dao 2023, arXiv:2307.08691, algorithm 2
//
//   for each page of 64 keys                  dK, dV [64][d] in scratch, from zero
//     for each block of rows (queries)        rows that see none of the page are left out
//       S  = q·Kᵀ · scale (capped)            as in the forward pass: d ascending
//       P  = exp(S − log_sum)                 0 where a key is not seen
//       dV += Pᵀ·dO                           rows ascending
//       dP = dO·Vᵀ                            d ascending
//       dS = P·(dP − Σ_d dO·O)·(slope of the cap)·scale
//       dK += dSᵀ·q                           rows ascending
//       dq += dS·K                            keys ascending
//
// Each sum is a chain of fma in the order named, so that blocks and tiles change no bit.

#pragma once

enum { GRADIENT_ROWS = 48 };

/// A page as floats: keys and values both by 16 keys and by key, rows padded to 16.
struct gradient_page {
  float *keys16, *keys, *values16, *values;  // [4][d][16], [64][stride], twice
  float *dkeys, *dvalues;                    // [64][stride]
  int head_size, stride, count;
};

INLINE void gradient_widen(const enum apus_kv format, const uint8_t *page, struct gradient_page *p) {
  const int d = p->head_size;
  const uint16_t *scales = kv_key_scales(page, d);
  for (int g = 0; g < PAGE_GROUPS; g++)
    for (int i = 0; i < d; i++) {
      f32x16 k = kv_load(format, page, 16 * (size_t)(g * d + i));
      if (format == APUS_KV_Q8_0) k = k * half_to_f32(h_load(scales + (g * (d / KV_BLOCK) + i / KV_BLOCK) * 16));
      f_store(p->keys16 + 16 * (g * d + i), k);
    }
  for (int key = 0; key < p->count; key++)
    for (int i = 0; i < d; i += 16) {
      f32x16 v = kv_load_n(format, page, (size_t)((APUS_PAGE_KEYS + key) * d + i), d - i);
      if (format == APUS_KV_Q8_0)
        v = v * kv_scale(kv_value_scales(page, d) + key * (d / KV_BLOCK) + i / KV_BLOCK);
      f_store(p->values + key * p->stride + i, v);
    }
  // The other order of each; slots that hold no key stay zero.
  for (int g = 0; g < PAGE_GROUPS; g++) {
    const int keys = p->count - 16 * g < 16 ? p->count - 16 * g : 16;
    if (keys <= 0) continue;
    f32x16 v[16];
    for (int i = 0; i < d; i += 16) {
      const int n = d - i < 16 ? d - i : 16;
      load_block(p->keys16 + 16 * (g * d + i), 16, n, keys, v);
      transpose_16(v);
      for (int k = 0; k < keys; k++) f_store(p->keys + (16 * g + k) * p->stride + i, v[k]);
      load_block(p->values + 16 * g * p->stride + i, (size_t)p->stride, keys, 16, v);
      transpose_16(v);
      for (int k = 0; k < n; k++) f_store(p->values16 + 16 * (g * d + i + k), v[k]);
    }
  }
}

// out[t][16·G lanes] = Σ_d x[t][d] · page[d]: T rows against G groups of 16 keys.
INLINE void gradient_scores(const int T, const int d, const float *const *x, const float *groups, float *const *out) {
  f32x16 acc[ATTENTION_GROUPS * MAX_ROWS];
  UNROLL for (int i = 0; i < ATTENTION_GROUPS * T; i++) acc[i] = f_splat(0);
  for (int i = 0; i < d; i++) {
    f32x16 k[ATTENTION_GROUPS];
    UNROLL for (int g = 0; g < ATTENTION_GROUPS; g++) k[g] = f_load(groups + 16 * (g * d + i));
    UNROLL for (int t = 0; t < T; t++) {
      f32x16 value = f_splat(x[t][i]);
      UNROLL for (int g = 0; g < ATTENTION_GROUPS; g++) acc[g * T + t] = f_fma(value, k[g], acc[g * T + t]);
    }
  }
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int g = 0; g < ATTENTION_GROUPS; g++) f_store(out[t] + 16 * g, acc[g * T + t]);
}

// out[t][dims] += Σ_k a[t·a_row + k·a_step] · b[k][dims] for T rows and C vectors of dimensions, the last of `left` lanes.
INLINE void gradient_tile(
    const int T, const int C, int steps, const float *a, size_t a_row, size_t a_step, const float *const *b, int dim,
    int left, float *const *out) {
  f32x16 acc[ATTENTION_COLUMNS * MAX_ROWS];
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int c = 0; c < C; c++)
      acc[t * C + c] = C > 1 ? f_load(out[t] + dim + 16 * c) : row_load(out[t] + dim, left);
  for (int k = 0; k < steps; k++) {
    f32x16 v[ATTENTION_COLUMNS];
    UNROLL for (int c = 0; c < C; c++) v[c] = C > 1 ? f_load(b[k] + dim + 16 * c) : row_load(b[k] + dim, left);
    UNROLL for (int t = 0; t < T; t++) {
      f32x16 w = f_splat(a[(size_t)t * a_row + (size_t)k * a_step]);
      UNROLL for (int c = 0; c < C; c++) acc[t * C + c] = f_fma(w, v[c], acc[t * C + c]);
    }
  }
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int c = 0; c < C; c++) {
      if (C > 1)
        f_store(out[t] + dim + 16 * c, acc[t * C + c]);
      else
        row_store(out[t] + dim, acc[t * C + c], left);
    }
}

static __attribute__((noinline)) void gradient_rows(
    int rows, int d, int steps, const float *a, size_t a_row, size_t a_step, const float *const *b, float *const *out) {
  int row = 0;
  for (; row + ATTENTION_ROWS <= rows; row += ATTENTION_ROWS) {
    int dim = 0;
    for (; dim + 16 * ATTENTION_COLUMNS <= d; dim += 16 * ATTENTION_COLUMNS)
      gradient_tile(ATTENTION_ROWS, ATTENTION_COLUMNS, steps, a + (size_t)row * a_row, a_row, a_step, b, dim, 16, out + row);
    for (; dim < d; dim += 16)
      gradient_tile(ATTENTION_ROWS, 1, steps, a + (size_t)row * a_row, a_row, a_step, b, dim, d - dim, out + row);
  }
  for (; row < rows; row++) {
    int dim = 0;
    for (; dim + 16 * ATTENTION_COLUMNS <= d; dim += 16 * ATTENTION_COLUMNS)
      gradient_tile(1, ATTENTION_COLUMNS, steps, a + (size_t)row * a_row, a_row, a_step, b, dim, 16, out + row);
    for (; dim < d; dim += 16)
      gradient_tile(1, 1, steps, a + (size_t)row * a_row, a_row, a_step, b, dim, d - dim, out + row);
  }
}

static __attribute__((noinline)) void gradient_score_rows(int rows, int d, const float *const *x, const float *groups, float (*out)[APUS_PAGE_KEYS]) {
  for (int row = 0; row < rows; row += ATTENTION_ROWS) {
    const float *from[MAX_ROWS];
    float *to[MAX_ROWS];
    // Rows past the end are copies of the last.
    for (int t = 0; t < ATTENTION_ROWS; t++) {
      const int r = row + t < rows ? row + t : rows - 1;
      from[t] = x[r];
      to[t] = out[r];
    }
    for (int g = 0; g < PAGE_GROUPS; g += ATTENTION_GROUPS) {
      float *half[MAX_ROWS];
      for (int t = 0; t < ATTENTION_ROWS; t++) half[t] = to[t] + 16 * g;
      gradient_scores(ATTENTION_ROWS, d, from, groups + 16 * (size_t)(g * d), half);
    }
  }
}

/// Rows of a block that see a page.
struct gradient_block {
  int count;
  int begin[GRADIENT_ROWS], end[GRADIENT_ROWS];
  float log_sum[GRADIENT_ROWS], product[GRADIENT_ROWS];  // product: Σ_d dO·O
  const float *q[GRADIENT_ROWS], *dout[GRADIENT_ROWS];
  float *dq[GRADIENT_ROWS];
  float p[GRADIENT_ROWS][APUS_PAGE_KEYS], ds[GRADIENT_ROWS][APUS_PAGE_KEYS];
};

// From scores and dP to probabilities and dS, in place.
INLINE void gradient_softmax(const struct apus_attention_gradient *g, struct gradient_block *b, int r) {
  for (int i = 0; i < APUS_PAGE_KEYS; i += 16) {
    f32x16 s = f_load(b->p[r] + i) * g->scale, slope = f_splat(g->scale);
    if (g->softcap > 0) {
      f32x16 t = f_tanh(s / g->softcap);
      s = g->softcap * t;
      slope = slope * (1.0f - t * t);
    }
    f32x16 p = f_exp(s - b->log_sum[r]);
    f32x16 ds = p * (f_load(b->ds[r] + i) - b->product[r]) * slope;
    i32x16 key = lane_numbers() + i;
    p = key >= b->begin[r] ? p : f_splat(0);
    p = key < b->end[r] ? p : f_splat(0);
    ds = key >= b->begin[r] ? ds : f_splat(0);
    ds = key < b->end[r] ? ds : f_splat(0);
    f_store(b->p[r] + i, p);
    f_store(b->ds[r] + i, ds);
  }
}

INLINE void gradient_attend(const struct apus_attention_gradient *g, const struct gradient_page *p, struct gradient_block *b) {
  if (b->count == 0) return;
  const int d = p->head_size;
  gradient_score_rows(b->count, d, b->q, p->keys16, b->p);
  gradient_score_rows(b->count, d, b->dout, p->values16, b->ds);
  for (int r = 0; r < b->count; r++) gradient_softmax(g, b, r);
  float *out[APUS_PAGE_KEYS];
  const float *keys[APUS_PAGE_KEYS];
  for (int k = 0; k < p->count; k++) out[k] = p->dvalues + k * p->stride;
  gradient_rows(p->count, d, b->count, b->p[0], 1, APUS_PAGE_KEYS, b->dout, out);
  for (int k = 0; k < p->count; k++) out[k] = p->dkeys + k * p->stride, keys[k] = p->keys + k * p->stride;
  gradient_rows(p->count, d, b->count, b->ds[0], 1, APUS_PAGE_KEYS, b->q, out);
  gradient_rows(b->count, d, p->count, b->ds[0], APUS_PAGE_KEYS, 1, keys, b->dq);
}

INLINE float row_product(const float *a, const float *b, int n) {
  f32x16 sum = f_splat(0);
  for (int i = 0; i < n; i += 16) sum = f_fma(row_load(a + i, n - i), row_load(b + i, n - i), sum);
  return f_sum(sum);
}

INLINE void gradient_block_of(const struct apus_attention_gradient *g, int first_row, int last_row, int page, struct gradient_block *b) {
  const int start = page * APUS_PAGE_KEYS;
  b->count = 0;
  for (int r = first_row; r < last_row; r++) {
    int begin = g->first[r] - start, end = g->last[r] - start;
    if (begin < 0) begin = 0;
    if (end > APUS_PAGE_KEYS) end = APUS_PAGE_KEYS;
    if (begin >= end) continue;
    const int at = b->count++;
    b->begin[at] = begin;
    b->end[at] = end;
    b->q[at] = g->q + g->offset[r];
    b->dout[at] = g->dout + g->offset[r];
    b->dq[at] = g->dq + g->offset[r];
    b->log_sum[at] = g->log_sum[g->log_sum_offset[r]];
    b->product[at] = ((const float *)g->scratch)[r];
  }
}

HIDDEN void NAME(attention_gradient)(const struct apus_attention_gradient *g) {
  const int d = g->head_size, stride = (d + 15) & ~15;
  float *products = g->scratch, *memory = products + ((g->rows + 15) & ~15);
  for (int r = 0; r < g->rows; r++) {
    products[r] = row_product(g->dout + g->offset[r], g->out + g->offset[r], d);
    for (int i = 0; i < d; i += 16) row_store(g->dq + g->offset[r] + i, f_splat(0), d - i);
  }
  struct gradient_page page = {.head_size = d, .stride = stride};
  float **parts[] = {&page.keys16, &page.keys, &page.values16, &page.values, &page.dkeys, &page.dvalues};
  for (int i = 0; i < 6; i++) *parts[i] = memory + (size_t)i * APUS_PAGE_KEYS * (size_t)stride;
  for (int number = 0; number * APUS_PAGE_KEYS < g->keys; number++) {
    const int left = g->keys - number * APUS_PAGE_KEYS;
    page.count = left < APUS_PAGE_KEYS ? left : APUS_PAGE_KEYS;
    __builtin_memset(memory, 0, 6 * APUS_PAGE_KEYS * (size_t)stride * sizeof(float));
    gradient_widen(g->format, (const uint8_t *)g->pages[number] + g->page_offset, &page);
    struct gradient_block block;
    for (int row = 0; row < g->rows; row += GRADIENT_ROWS) {
      gradient_block_of(g, row, g->rows - row < GRADIENT_ROWS ? g->rows : row + GRADIENT_ROWS, number, &block);
      gradient_attend(g, &page, &block);
    }
    for (int k = 0; k < page.count; k++) {
      const size_t at = (size_t)(number * APUS_PAGE_KEYS + k) * g->kv_stride;
      for (int i = 0; i < d; i += 16) {
        row_store(g->dk + at + i, f_load(page.dkeys + k * stride + i), d - i);
        row_store(g->dv + at + i, f_load(page.dvalues + k * stride + i), d - i);
      }
    }
  }
}
