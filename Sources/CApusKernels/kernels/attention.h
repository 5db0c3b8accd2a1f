// Attention of many rows (query heads of tokens) over the pages of one sequence and one KV head.
//
//   page            16 keys   16 keys   16 keys   16 keys              64 keys
//          K  d=0   ├──────┤  ├──────┤  ├──────┤  ├──────┤      V key 0 [head_size]
//             d=1   …one vector per group and d: lane = key        key 1 [head_size]   lane = dimension
//
//   scores  [row][64]  = scale · Σ_d q[d] · K[d]     d ascending: lanes never meet
//   p, c               = exp(s − m'), exp(m − m')
//   out     [row][dim] = fma chain over the visible keys, ascending, from out · c
//
// Up to ATTENTION_ROWS rows share each load of K and V. A row's numbers depend on its own range of keys only: tiles
// change which rows are worked on together, never an order of additions. Rows are taken in blocks of
// ROW_BLOCK, so that their running outputs stay in the second-level cache while the pages pass; a page of bytes is
// widened once for all rows of a block.

#pragma once

enum { PAGE_GROUPS = APUS_PAGE_KEYS / 16, MAX_ROWS = 12, MAX_COLUMNS = 8, ATTENTION_SUMS = 24 };

/// The running state of the rows of a block. `out` points into the caller's scratch.
struct rows {
  int count, head_size, stride;
  float *span_out, *total_out;
  float max[ROW_BLOCK], sum[ROW_BLOCK];             // of the span
  float total_max[ROW_BLOCK], total_sum[ROW_BLOCK];  // of the spans before it
  uint8_t in_span[ROW_BLOCK], in_total[ROW_BLOCK];
};

/// Some rows of a block at one page: which, their visible keys, and the probabilities.
struct page_rows {
  int count;
  int row[ROW_BLOCK];
  int begin[ROW_BLOCK], end[ROW_BLOCK];  // visible keys of the page
  const float *q[ROW_BLOCK];
  const uint8_t *next;  // the page after this one, or this one
  float p[ROW_BLOCK][APUS_PAGE_KEYS];
};

// Memory is asked for half a page ahead: the values while the scores are made, the next page's keys while the values
// are read. Both halves have the same size, so that the place to ask for is the place of the load in the other half.
INLINE void prefetch_half(const uint8_t *half, size_t offset, int bytes) {
  for (int line = 0; line < bytes; line += 64) __builtin_prefetch(half + offset + line, 0, 3);
}

// Scores of T rows for groups first … first + G − 1 of 16 keys.
INLINE void score_tile(
    const enum apus_kv format, const int G, const int T, int head_size, const uint8_t *page, int first,
    float scale, struct page_rows *a, int at) {
  f32x16 acc[ATTENTION_SUMS];
  const float *q[MAX_ROWS];
  UNROLL for (int i = 0; i < G * T; i++) acc[i] = f_splat(0);
  UNROLL for (int t = 0; t < T; t++) q[t] = a->q[at + t];
  const int vector = 16 * kv_bytes(format), block = kv_block(format, head_size);
  const uint8_t *values = page + (size_t)(PAGE_GROUPS * vector * head_size + first * vector * head_size);
  const uint16_t *scales = kv_key_scales(page, head_size) + first * (head_size / block) * 16;
  for (int start = 0; start < head_size; start += block, scales += 16) {
    f32x16 unit[PAGE_GROUPS];
    if (format == APUS_KV_Q8_0)
      UNROLL for (int g = 0; g < G; g++) unit[g] = half_to_f32(h_load(scales + g * (head_size / block) * 16));
    for (int d = start; d < start + block; d++) {
      prefetch_half(values, (size_t)(d * G * vector), G * vector);
      f32x16 k[PAGE_GROUPS];
      UNROLL for (int g = 0; g < G; g++) {
        k[g] = kv_load(format, page, 16 * (size_t)((first + g) * head_size + d));
        if (format == APUS_KV_Q8_0) k[g] = k[g] * unit[g];
      }
      UNROLL for (int t = 0; t < T; t++) {
        f32x16 value = f_splat(q[t][d]);
        UNROLL for (int g = 0; g < G; g++) acc[g * T + t] = f_fma(value, k[g], acc[g * T + t]);
      }
    }
  }
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int g = 0; g < G; g++) f_store(a->p[at + t] + 16 * (first + g), acc[g * T + t] * scale);
}

INLINE void scores(
    const enum apus_kv format, const int T, int head_size, const uint8_t *page, float scale, struct page_rows *a,
    int at) {
  int begin = APUS_PAGE_KEYS, end = 0;
  for (int t = 0; t < T; t++) {
    if (a->begin[at + t] < begin) begin = a->begin[at + t];
    if (a->end[at + t] > end) end = a->end[at + t];
  }
  const int G = T <= ATTENTION_FEW ? ATTENTION_GROUPS_FEW : ATTENTION_GROUPS;
  // Groups no row sees are left as they are: masked below.
  for (int g = begin / 16 / G * G; 16 * g < end; g += G) score_tile(format, G, T, head_size, page, g, scale, a, at);
}

// The steps from scores to probabilities run over all rows of a tile one after the other and without branches on
// their values, so that the long chains within a row (sixteen lanes to one maximum, the exponential) overlap with
// those of other rows.

// Scores as the softmax sees them: capped, and −inf where a key is not visible.
INLINE void mask_scores(struct page_rows *a, int at, float softcap) {
  const f32x16 lowest = f_splat(-__builtin_inff());
  if (softcap <= 0 && a->begin[at] == 0 && a->end[at] == APUS_PAGE_KEYS) return;
  ROLLED for (int g = 0; g < PAGE_GROUPS; g++) {
    f32x16 s = f_load(a->p[at] + 16 * g);
    if (softcap > 0) s = f_softcap(s, softcap);
    i32x16 key = lane_numbers() + 16 * g;
    s = key >= a->begin[at] ? s : lowest;
    s = key < a->end[at] ? s : lowest;
    f_store(a->p[at] + 16 * g, s);
  }
}

// The new maximum of a row.
INLINE float new_max(const struct rows *rows, const struct page_rows *a, int at) {
  f32x16 most = f_splat(-__builtin_inff());
  UNROLL for (int g = 0; g < PAGE_GROUPS; g++) most = f_max(f_load(a->p[at] + 16 * g), most);
  return s_max(f_max_lane(most), rows->max[a->row[at]]);
}

// Probabilities of a row; their sum.
INLINE float probabilities(struct page_rows *a, int at, float max) {
  f32x16 sum = f_splat(0);
  UNROLL for (int g = 0; g < PAGE_GROUPS; g++) {
    f32x16 p = f_exp(f_load(a->p[at] + 16 * g) - max);
    f_store(a->p[at] + 16 * g, p);
    sum = sum + p;
  }
  return f_sum(sum);
}

// Brings the sums of T rows under their new maxima; out · c is left to the reader of c.
INLINE void rescale(struct rows *rows, const struct page_rows *a, int at, const int T, const float *max, const float *sum, float *c) {
  float old[16] = {0}, new[16] = {0};
  UNROLL for (int t = 0; t < T; t++) {
    old[t] = rows->max[a->row[at + t]];
    new[t] = max[t];
  }
  f_store(c, f_exp(f_load(old) - f_load(new)));
  UNROLL for (int t = 0; t < T; t++) {
    int row = a->row[at + t];
    rows->in_span[row] = 1;
    rows->max[row] = max[t];
    rows->sum[row] = s_fma(rows->sum[row], c[t], sum[t]);
  }
}

INLINE void scale_out(struct rows *rows, int row, float c) {
  float *out = rows->span_out + (size_t)row * (size_t)rows->stride;
  for (int d = 0; d < rows->stride; d += 16) f_store(out + d, f_load(out + d) * c);
}

// out = out · c + Σ p·v over keys begin … end − 1 for T rows and C vectors of dimensions from `dim` on; without `c`
// the factor is 1.
INLINE void value_tile(
    const enum apus_kv format, const int T, const int C, int head_size, const uint8_t *page, const uint8_t *next, int begin, int end,
    int dim, float *const *out, const float *const *p, const float *c) {
  f32x16 acc[ATTENTION_SUMS];
  const float *weight[MAX_ROWS];
  const uint16_t *scales = kv_value_scales(page, head_size) + dim / KV_BLOCK;
  int left = head_size - dim;
  UNROLL for (int t = 0; t < T; t++) {
    weight[t] = p[t];
    UNROLL for (int i = 0; i < C; i++) acc[t * C + i] = f_load(out[t] + dim + 16 * i);
    if (c)
      UNROLL for (int i = 0; i < C; i++) acc[t * C + i] = acc[t * C + i] * c[t];
  }
  for (int key = begin; key < end; key++) {
    f32x16 v[MAX_COLUMNS];
    prefetch_half(next, (size_t)((key * head_size + dim) * kv_bytes(format)), 16 * C * kv_bytes(format));
    size_t at = (size_t)(APUS_PAGE_KEYS + key) * (size_t)head_size + (size_t)dim;
    UNROLL for (int i = 0; i < C; i++)
      v[i] = C > 1 ? kv_load(format, page, at + 16 * i) : kv_load_n(format, page, at, left);
    if (format == APUS_KV_Q8_0)
      UNROLL for (int i = 0; i < C; i++) v[i] = v[i] * kv_scale(scales + key * (head_size / KV_BLOCK) + i / 2);
    UNROLL for (int t = 0; t < T; t++) {
      f32x16 w = f_splat(weight[t][key]);
      UNROLL for (int i = 0; i < C; i++) acc[t * C + i] = f_fma(w, v[i], acc[t * C + i]);
    }
  }
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int i = 0; i < C; i++) f_store(out[t] + dim + 16 * i, acc[t * C + i]);
}

INLINE void values_range(
    const enum apus_kv format, const int T, const struct rows *rows, const uint8_t *page, const struct page_rows *a,
    int at, int begin, int end, const float *c) {
  if (begin >= end) return;
  const int C = T <= ATTENTION_FEW ? ATTENTION_COLUMNS_FEW : ATTENTION_COLUMNS;
  float *out[MAX_ROWS];
  const float *p[MAX_ROWS];
  for (int t = 0; t < T; t++) {
    out[t] = rows->span_out + (size_t)a->row[at + t] * (size_t)rows->stride;
    p[t] = a->p[at + t];
  }
  int dim = 0;
  for (; dim + 16 * C <= rows->head_size; dim += 16 * C)
    value_tile(format, T, C, rows->head_size, page, a->next, begin, end, dim, out, p, c);
  for (; dim < rows->head_size; dim += 16) value_tile(format, T, 1, rows->head_size, page, a->next, begin, end, dim, out, p, c);
}

// Keys every row of the tile sees are shared; each row walks those before and after on its own.
INLINE void attend(
    const enum apus_kv format, const int T, const struct apus_attention *g, struct rows *rows, const uint8_t *page,
    struct page_rows *a, int at) {
  scores(format, T, rows->head_size, page, g->scale, a, at);
  float max[MAX_ROWS], sum[MAX_ROWS], c[16];
  ROLLED for (int t = 0; t < T; t++) mask_scores(a, at + t, g->softcap);
  ROLLED for (int t = 0; t < T; t++) max[t] = new_max(rows, a, at + t);
  ROLLED for (int t = 0; t < T; t++) sum[t] = probabilities(a, at + t, max[t]);
  rescale(rows, a, at, T, max, sum, c);
  int begin = a->begin[at], end = a->end[at], ragged = 0;
  UNROLL for (int t = 1; t < T; t++) {
    ragged |= (a->begin[at + t] != begin) | (a->end[at + t] != end);
    if (a->begin[at + t] > begin) begin = a->begin[at + t];
    if (a->end[at + t] < end) end = a->end[at + t];
  }
  if (!ragged) return values_range(format, T, rows, page, a, at, begin, end, c);
  if (begin > end) begin = end;
  ROLLED for (int t = 0; t < T; t++) {
    int stop = a->end[at + t] < begin ? a->end[at + t] : begin;
    scale_out(rows, a->row[at + t], c[t]);
    values_range(format, 1, rows, page, a, at + t, a->begin[at + t], stop, 0);
  }
  values_range(format, T, rows, page, a, at, begin, end, 0);
  ROLLED for (int t = 0; t < T; t++) {
    int start = a->begin[at + t] > end ? a->begin[at + t] : end;
    values_range(format, 1, rows, page, a, at + t, start, a->end[at + t], 0);
  }
}

// One function per tile, so that each gets the registers to itself.
#define ATTEND(format, name, T)                                                                               \
  static __attribute__((noinline)) void attend_##name##_##T(                                                  \
      const struct apus_attention *g, struct rows *rows, const uint8_t *page, struct page_rows *a, int at) {  \
    attend(format, T, g, rows, page, a, at);                                                                  \
  }
// The tiles of a table, by their rows; what is left of a block takes the widest that fits.
#if ATTENTION_ROWS == 1
#define ATTEND_FORMAT(format, name) ATTEND(format, name, 1)
#define ATTEND_NAMES(name) {[1] = attend_##name##_1}
#elif ATTENTION_ROWS == 6
#define ATTEND_FORMAT(format, name)                                                                           \
  ATTEND(format, name, 1) ATTEND(format, name, 2) ATTEND(format, name, 4) ATTEND(format, name, 6)
#define ATTEND_NAMES(name)                                                                                    \
  {[1] = attend_##name##_1, [2] = attend_##name##_2, [4] = attend_##name##_4, [6] = attend_##name##_6}
#else
#define ATTEND_FORMAT(format, name)                                                                           \
  ATTEND(format, name, 1) ATTEND(format, name, 2) ATTEND(format, name, 4) ATTEND(format, name, 8)             \
  ATTEND(format, name, 12)
#define ATTEND_NAMES(name)                                                                                    \
  {[1] = attend_##name##_1, [2] = attend_##name##_2, [4] = attend_##name##_4, [8] = attend_##name##_8,        \
   [12] = attend_##name##_12}
#endif
ATTEND_FORMAT(APUS_KV_F32, f32)
ATTEND_FORMAT(APUS_KV_F16, f16)
ATTEND_FORMAT(APUS_KV_BF16, bf16)
ATTEND_FORMAT(APUS_KV_Q8_0, q8)

// The state a span starts from.
INLINE void start_span(struct rows *rows, int row) {
  float *out = rows->span_out + (size_t)row * (size_t)rows->stride;
  rows->in_span[row] = 0;
  rows->max[row] = -__builtin_inff();
  rows->sum[row] = 0;
  for (int d = 0; d < rows->stride; d += 16) f_store(out + d, f_splat(0));
}

// Folds the span of each row into its total: the first span is copied, later ones are merged in order.
INLINE void merge_span(struct rows *rows) {
  for (int r = 0; r < rows->count; r++) {
    if (!rows->in_span[r]) continue;
    float *total = rows->total_out + (size_t)r * (size_t)rows->stride;
    const float *out = rows->span_out + (size_t)r * (size_t)rows->stride;
    if (!rows->in_total[r]) {
      rows->in_total[r] = 1;
      rows->total_max[r] = rows->max[r];
      rows->total_sum[r] = rows->sum[r];
      for (int d = 0; d < rows->stride; d += 16) f_store(total + d, f_load(out + d));
      start_span(rows, r);
      continue;
    }
    float max = s_max(rows->max[r], rows->total_max[r]);
    f32x16 a = f_exp(f_splat(rows->total_max[r] - max)), b = f_exp(f_splat(rows->max[r] - max));
    rows->total_sum[r] = s_fma(rows->total_sum[r], a[0], rows->sum[r] * b[0]);
    rows->total_max[r] = max;
    for (int d = 0; d < rows->stride; d += 16)
      f_store(total + d, f_fma(f_load(total + d), a, f_load(out + d) * b));
    start_span(rows, r);
  }
}

typedef void attend_fn(
    const struct apus_attention *g, struct rows *rows, const uint8_t *page, struct page_rows *a, int at);

// Bytes as the floats they stand for, once for all tiles of a page.
INLINE void widen_page(int head_size, const uint8_t *page, float *out) {
  const uint16_t *scales = kv_key_scales(page, head_size);
  for (int g = 0; g < PAGE_GROUPS; g++)
    for (int start = 0; start < head_size; start += KV_BLOCK, scales += 16) {
      f32x16 unit = half_to_f32(h_load(scales));
      for (int d = start; d < start + KV_BLOCK; d++) {
        const size_t at = 16 * (size_t)(g * head_size + d);
        f_store(out + at, kv_load(APUS_KV_Q8_0, page, at) * unit);
      }
    }
  for (int block = 0; block < APUS_PAGE_KEYS * head_size; block += KV_BLOCK, scales++) {
    const size_t at = (size_t)(APUS_PAGE_KEYS * head_size + block);
    f32x16 unit = kv_scale(scales);
    f_store(out + at, kv_load(APUS_KV_Q8_0, page, at) * unit);
    f_store(out + at + 16, kv_load(APUS_KV_Q8_0, page, at + 16) * unit);
  }
}

typedef attend_fn *const attend_table[MAX_ROWS + 1];

INLINE void attend_page(
    const struct apus_attention *g, struct rows *rows, int first_row, int page_number, int pages,
    struct page_rows *a, const attend_table *tables) {
  const int start = page_number * APUS_PAGE_KEYS;
  a->count = 0;
  for (int r = 0; r < rows->count; r++) {
    int begin = g->first[first_row + r] - start, end = g->last[first_row + r] - start;
    if (begin < 0) begin = 0;
    if (end > APUS_PAGE_KEYS) end = APUS_PAGE_KEYS;
    if (begin >= end) continue;
    a->row[a->count] = r;
    a->begin[a->count] = begin;
    a->end[a->count] = end;
    a->q[a->count] = g->q + g->q_offset[first_row + r];
    a->count++;
  }
  if (a->count == 0) return;
  const uint8_t *page = (const uint8_t *)g->pages[page_number] + g->page_offset;
  a->next = page_number + 1 < pages ? (const uint8_t *)g->pages[page_number + 1] + g->page_offset : page;
  attend_fn *const *by_count = tables[g->format];
  if (g->format == APUS_KV_Q8_0 && a->count > ATTENTION_ROWS) {
    float *wide = (float *)g->scratch + 2 * (size_t)ROW_BLOCK * (size_t)rows->stride;
    widen_page(g->head_size, page, wide);
    page = a->next = (const uint8_t *)wide;
    by_count = tables[APUS_KV_F32];
  }
  for (int at = 0; at < a->count;) {
    int T = a->count - at < ATTENTION_ROWS ? a->count - at : ATTENTION_ROWS;
    while (!by_count[T]) T--;
    by_count[T](g, rows, page, a, at);
    at += T;
  }
}

INLINE struct rows start_rows(const struct apus_attention *g, int count) {
  struct rows rows = {.count = count, .head_size = g->head_size, .stride = (g->head_size + 15) & ~15};
  rows.span_out = g->scratch;
  rows.total_out = rows.span_out + (size_t)ROW_BLOCK * (size_t)rows.stride;
  for (int r = 0; r < count; r++) start_span(&rows, r);
  return rows;
}

INLINE void finish_rows(const struct apus_attention *g, const struct rows *rows, int first_row) {
  for (int r = 0; r < rows->count; r++) {
    float *out = g->out + g->out_offset[first_row + r];
    const float *total = rows->total_out + (size_t)r * (size_t)rows->stride;
    for (int d = 0; d < g->head_size; d += 16)
      row_store(out + d, f_load(total + d) / rows->total_sum[r], g->head_size - d);
    if (g->log_sum)
      g->log_sum[first_row + r] = (float)((double)rows->total_max[r] + apus_log((double)rows->total_sum[r]));
  }
}

// A row's state of one span, for a merge by somebody else: its output, then its maximum and sum (0: it saw no key).
INLINE void store_states(const struct apus_attention *g, const struct rows *rows, int first_row) {
  for (int r = 0; r < rows->count; r++) {
    float *state = g->states + (size_t)(first_row + r) * apus_attention_state(g->head_size);
    const float *out = rows->span_out + (size_t)r * (size_t)rows->stride;
    for (int d = 0; d < rows->stride; d += 16) f_store(state + d, f_load(out + d));
    state[rows->stride] = rows->max[r];
    state[rows->stride + 1] = rows->in_span[r] ? rows->sum[r] : 0;
  }
}

INLINE void load_states(const struct apus_attention *g, struct rows *rows, int first_row, int span) {
  for (int r = 0; r < rows->count; r++) {
    const float *state = g->states + ((size_t)span * (size_t)g->rows + (size_t)(first_row + r)) * apus_attention_state(g->head_size);
    float *out = rows->span_out + (size_t)r * (size_t)rows->stride;
    for (int d = 0; d < rows->stride; d += 16) f_store(out + d, f_load(state + d));
    rows->max[r] = state[rows->stride];
    rows->sum[r] = state[rows->stride + 1];
    rows->in_span[r] = rows->sum[r] != 0;
  }
}

INLINE void attend_block(const struct apus_attention *g, int first_row, int count, const attend_table *tables) {
  struct rows rows = start_rows(g, count);
  struct page_rows active;
  int first = g->first[first_row], last = g->last[first_row];
  for (int r = 1; r < count; r++) {
    if (g->first[first_row + r] < first) first = g->first[first_row + r];
    if (g->last[first_row + r] > last) last = g->last[first_row + r];
  }
  if (g->states) {
    if (first < g->span * APUS_SPAN_KEYS) first = g->span * APUS_SPAN_KEYS;
    if (last > (g->span + 1) * APUS_SPAN_KEYS) last = (g->span + 1) * APUS_SPAN_KEYS;
  }
  const int span_pages = APUS_SPAN_KEYS / APUS_PAGE_KEYS, pages = (last + APUS_PAGE_KEYS - 1) / APUS_PAGE_KEYS;
  for (int page = first / APUS_PAGE_KEYS; page < pages; page++) {
    if (page % span_pages == 0) merge_span(&rows);
    attend_page(g, &rows, first_row, page, pages, &active, tables);
  }
  if (g->states) return store_states(g, &rows, first_row);
  merge_span(&rows);
  finish_rows(g, &rows, first_row);
}

HIDDEN void NAME(attention)(const struct apus_attention *g) {
  static const attend_table tables[4] = {
      ATTEND_NAMES(f32), ATTEND_NAMES(f16), ATTEND_NAMES(bf16), ATTEND_NAMES(q8)};
  for (int row = 0; row < g->rows; row += ROW_BLOCK)
    attend_block(g, row, g->rows - row < ROW_BLOCK ? g->rows - row : ROW_BLOCK, tables);
}

HIDDEN void NAME(attention_merge)(const struct apus_attention *g, int spans) {
  for (int row = 0; row < g->rows; row += ROW_BLOCK) {
    struct rows rows = start_rows(g, g->rows - row < ROW_BLOCK ? g->rows - row : ROW_BLOCK);
    for (int span = 0; span < spans; span++) {
      load_states(g, &rows, row, span);
      merge_span(&rows);
    }
    finish_rows(g, &rows, row);
  }
}
