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
// ATTENTION_ROWS rows share each load of K and V. A row's numbers depend on its own range of keys only: tiles
// change which rows are worked on together, never an order of additions. Rows are taken in blocks, so that the
// running outputs of a block stay in the first-level cache while the pages pass.

#pragma once

enum { PAGE_GROUPS = APUS_PAGE_KEYS / 16, MAX_ROWS = 6, MAX_COLUMNS = 8, ATTENTION_SUMS = 24 };

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
  float p[ROW_BLOCK][APUS_PAGE_KEYS];
};

// Scores of T rows for groups first … first + G − 1 of 16 keys.
INLINE void score_tile(
    const enum apus_kv format, const int G, const int T, int head_size, const uint8_t *page, int first,
    float scale, struct page_rows *a, int at) {
  f32x16 acc[ATTENTION_SUMS];
  const float *q[MAX_ROWS];
  UNROLL for (int i = 0; i < G * T; i++) acc[i] = f_splat(0);
  UNROLL for (int t = 0; t < T; t++) q[t] = a->q[at + t];
  for (int d = 0; d < head_size; d++) {
    f32x16 k[PAGE_GROUPS];
    UNROLL for (int g = 0; g < G; g++) k[g] = kv_load(format, page, 16 * (size_t)((first + g) * head_size + d));
    UNROLL for (int t = 0; t < T; t++) {
      f32x16 value = f_splat(q[t][d]);
      UNROLL for (int g = 0; g < G; g++) acc[g * T + t] = f_fma(value, k[g], acc[g * T + t]);
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
  const int G = T == 1 ? ATTENTION_GROUPS_ONE : ATTENTION_GROUPS;
  // Groups no row sees are left as they are: masked below.
  for (int g = begin / 16 / G * G; 16 * g < end; g += G) score_tile(format, G, T, head_size, page, g, scale, a, at);
}

// Scores to probabilities of one row, and its new maximum and sum.
INLINE void soft(struct rows *rows, struct page_rows *a, int at, float softcap) {
  const f32x16 lowest = f_splat(-__builtin_inff());
  int row = a->row[at];
  f32x16 s[PAGE_GROUPS], most = lowest;
  UNROLL for (int g = 0; g < PAGE_GROUPS; g++) {
    s[g] = f_load(a->p[at] + 16 * g);
    if (softcap > 0) s[g] = f_softcap(s[g], softcap);
    i32x16 key = lane_numbers() + 16 * g;
    s[g] = key >= a->begin[at] ? s[g] : lowest;
    s[g] = key < a->end[at] ? s[g] : lowest;
    most = f_max(s[g], most);
  }
  float old = rows->in_span[row] ? rows->max[row] : -__builtin_inff();
  float max = s_max(f_max_lane(most), old);
  f32x16 sum = f_splat(0);
  UNROLL for (int g = 0; g < PAGE_GROUPS; g++) {
    f32x16 p = f_exp(s[g] - max);
    f_store(a->p[at] + 16 * g, p);
    sum = sum + p;
  }
  float *out = rows->span_out + (size_t)row * (size_t)rows->stride;
  if (rows->in_span[row]) {
    f32x16 c = f_exp(f_splat(old - max));
    rows->sum[row] = s_fma(rows->sum[row], c[0], f_sum(sum));
    // exp(0) is 1: most pages leave the maximum where it was.
    if (old != max)
      for (int d = 0; d < rows->stride; d += 16) f_store(out + d, f_load(out + d) * c);
  } else {
    rows->sum[row] = f_sum(sum);
    for (int d = 0; d < rows->stride; d += 16) f_store(out + d, f_splat(0));
    rows->in_span[row] = 1;
  }
  rows->max[row] = max;
}

// out += Σ p·v over keys begin … end − 1 for T rows and C vectors of dimensions from `dim` on.
INLINE void value_tile(
    const enum apus_kv format, const int T, const int C, int head_size, const uint8_t *page, int begin, int end,
    int dim, float *const *out, const float *const *p) {
  f32x16 acc[ATTENTION_SUMS];
  const float *weight[MAX_ROWS];
  int left = head_size - dim;
  UNROLL for (int t = 0; t < T; t++) {
    weight[t] = p[t];
    UNROLL for (int c = 0; c < C; c++) acc[t * C + c] = f_load(out[t] + dim + 16 * c);
  }
  for (int key = begin; key < end; key++) {
    f32x16 v[MAX_COLUMNS];
    size_t at = (size_t)(APUS_PAGE_KEYS + key) * (size_t)head_size + (size_t)dim;
    UNROLL for (int c = 0; c < C; c++)
      v[c] = C > 1 ? kv_load(format, page, at + 16 * c) : kv_load_n(format, page, at, left);
    UNROLL for (int t = 0; t < T; t++) {
      f32x16 w = f_splat(weight[t][key]);
      UNROLL for (int c = 0; c < C; c++) acc[t * C + c] = f_fma(w, v[c], acc[t * C + c]);
    }
  }
  UNROLL for (int t = 0; t < T; t++)
    UNROLL for (int c = 0; c < C; c++) f_store(out[t] + dim + 16 * c, acc[t * C + c]);
}

INLINE void values_range(
    const enum apus_kv format, const int T, const struct rows *rows, const uint8_t *page, const struct page_rows *a,
    int at, int begin, int end) {
  if (begin >= end) return;
  const int C = T == 1 ? ATTENTION_COLUMNS_ONE : ATTENTION_COLUMNS;
  float *out[MAX_ROWS];
  const float *p[MAX_ROWS];
  for (int t = 0; t < T; t++) {
    out[t] = rows->span_out + (size_t)a->row[at + t] * (size_t)rows->stride;
    p[t] = a->p[at + t];
  }
  int dim = 0;
  for (; dim + 16 * C <= rows->head_size; dim += 16 * C)
    value_tile(format, T, C, rows->head_size, page, begin, end, dim, out, p);
  for (; dim < rows->head_size; dim += 16) value_tile(format, T, 1, rows->head_size, page, begin, end, dim, out, p);
}

// Keys every row of the tile sees are shared; each row walks those before and after on its own.
INLINE void attend(
    const enum apus_kv format, const int T, const struct apus_attention *g, struct rows *rows, const uint8_t *page,
    struct page_rows *a, int at) {
  scores(format, T, rows->head_size, page, g->scale, a, at);
  int begin = 0, end = APUS_PAGE_KEYS;
  for (int t = 0; t < T; t++) {
    soft(rows, a, at + t, g->softcap);
    if (a->begin[at + t] > begin) begin = a->begin[at + t];
    if (a->end[at + t] < end) end = a->end[at + t];
  }
  if (T == 1 || begin >= end) {
    for (int t = 0; t < T; t++) values_range(format, 1, rows, page, a, at + t, a->begin[at + t], a->end[at + t]);
    return;
  }
  for (int t = 0; t < T; t++) values_range(format, 1, rows, page, a, at + t, a->begin[at + t], begin);
  values_range(format, T, rows, page, a, at, begin, end);
  for (int t = 0; t < T; t++) values_range(format, 1, rows, page, a, at + t, end, a->end[at + t]);
}

// One function per tile, so that each gets the registers to itself.
#define ATTEND(format, name, T)                                                                               \
  static __attribute__((noinline)) void attend_##name##_##T(                                                  \
      const struct apus_attention *g, struct rows *rows, const uint8_t *page, struct page_rows *a, int at) {  \
    attend(format, T, g, rows, page, a, at);                                                                  \
  }
#if ATTENTION_ROWS == 1
#define ATTEND_FORMAT(format, name) ATTEND(format, name, 1)
#define ATTEND_NAMES(name) {0, attend_##name##_1}
#else
#define ATTEND_FORMAT(format, name)                                                                           \
  ATTEND(format, name, 1) ATTEND(format, name, 2) ATTEND(format, name, 4) ATTEND(format, name, 6)
#define ATTEND_NAMES(name)                                                                                    \
  {0, attend_##name##_1, attend_##name##_2, 0, attend_##name##_4, 0, attend_##name##_6}
#endif
ATTEND_FORMAT(APUS_KV_F32, f32)
ATTEND_FORMAT(APUS_KV_F16, f16)
ATTEND_FORMAT(APUS_KV_BF16, bf16)

// Folds the span of each row into its total: the first span is copied, later ones are merged in order.
INLINE void merge_span(struct rows *rows) {
  for (int r = 0; r < rows->count; r++) {
    if (!rows->in_span[r]) continue;
    rows->in_span[r] = 0;
    float *total = rows->total_out + (size_t)r * (size_t)rows->stride;
    const float *out = rows->span_out + (size_t)r * (size_t)rows->stride;
    if (!rows->in_total[r]) {
      rows->in_total[r] = 1;
      rows->total_max[r] = rows->max[r];
      rows->total_sum[r] = rows->sum[r];
      for (int d = 0; d < rows->stride; d += 16) f_store(total + d, f_load(out + d));
      continue;
    }
    float max = s_max(rows->max[r], rows->total_max[r]);
    f32x16 a = f_exp(f_splat(rows->total_max[r] - max)), b = f_exp(f_splat(rows->max[r] - max));
    rows->total_sum[r] = s_fma(rows->total_sum[r], a[0], rows->sum[r] * b[0]);
    rows->total_max[r] = max;
    for (int d = 0; d < rows->stride; d += 16)
      f_store(total + d, f_fma(f_load(total + d), a, f_load(out + d) * b));
  }
}

typedef void attend_fn(
    const struct apus_attention *g, struct rows *rows, const uint8_t *page, struct page_rows *a, int at);

INLINE void attend_page(
    const struct apus_attention *g, struct rows *rows, int first_row, int page_number, struct page_rows *a,
    attend_fn *const *by_count) {
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
  for (int at = 0; at < a->count;) {
    int left = a->count - at < ATTENTION_ROWS ? a->count - at : ATTENTION_ROWS;
    int T = left >= 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
    by_count[T](g, rows, page, a, at);
    at += T;
  }
}

INLINE void attend_block(const struct apus_attention *g, int first_row, int count, attend_fn *const *by_count) {
  struct rows rows = {.count = count, .head_size = g->head_size, .stride = (g->head_size + 15) & ~15};
  struct page_rows active;
  rows.span_out = g->scratch;
  rows.total_out = rows.span_out + (size_t)ROW_BLOCK * (size_t)rows.stride;

  int first = g->first[first_row], last = g->last[first_row];
  for (int r = 1; r < count; r++) {
    if (g->first[first_row + r] < first) first = g->first[first_row + r];
    if (g->last[first_row + r] > last) last = g->last[first_row + r];
  }
  const int span_pages = APUS_SPAN_KEYS / APUS_PAGE_KEYS;
  for (int page = first / APUS_PAGE_KEYS; page * APUS_PAGE_KEYS < last; page++) {
    if (page % span_pages == 0) merge_span(&rows);
    attend_page(g, &rows, first_row, page, &active, by_count);
  }
  merge_span(&rows);

  for (int r = 0; r < count; r++) {
    float *out = g->out + g->out_offset[first_row + r];
    const float *total = rows.total_out + (size_t)r * (size_t)rows.stride;
    for (int d = 0; d < g->head_size; d += 16)
      row_store(out + d, f_load(total + d) / rows.total_sum[r], g->head_size - d);
    if (g->log_sum)
      g->log_sum[first_row + r] = (float)((double)rows.total_max[r] + apus_log((double)rows.total_sum[r]));
  }
}

HIDDEN void NAME(attention)(const struct apus_attention *g) {
  static attend_fn *const by_format[3][7] = {ATTEND_NAMES(f32), ATTEND_NAMES(f16), ATTEND_NAMES(bf16)};
  for (int row = 0; row < g->rows; row += ROW_BLOCK)
    attend_block(g, row, g->rows - row < ROW_BLOCK ? g->rows - row : ROW_BLOCK, by_format[g->format]);
}
