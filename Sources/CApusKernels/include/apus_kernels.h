// The one header Swift sees of the kernels: layouts, arguments, and the table of functions a CPU offers.
//
// Kernels are pure functions on pointers: no allocation, no threads, no globals, no I/O. Each is defined
// by the scalar body of the portable table; every other table gives the same bits (NaN payloads aside).
// The lane of a vector is an output row, each lane accumulates over k in ascending order with fma.

#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---------------------------------------------------------------------------------------------------
// Weights: panels of 16 rows.
//
// A matrix [rows][k] is cut into ceil(rows / 16) panels; missing rows of the last one are zero. A panel
// holds its k in order, 16 rows side by side, so that one vector load feeds 16 output rows.

enum { APUS_LANES = 16 };

// A float panel is one array. A quantised panel is a sequence of blocks (of runs of 2 or 4 blocks, where one does not
// fill whole cache lines): the integers (`q`, in bytes of a block below), then the scales. The bits within `q` are
// drawn in kernels/unpack.h, the runs in kernels/layout.h; d, dmin and m are [16] half.
enum apus_layout {
  APUS_LAYOUT_F32,     // [k][16] float                                       activations f32
  APUS_LAYOUT_F16,     // [k][16] half                                        activations f32
  APUS_LAYOUT_BF16,    // [k/2][16][2]: column 2j in slot 1, 2j + 1 in slot 0  activations bf16, the same pairs
  APUS_LAYOUT_Q8_0,    // per 32 k: q 512 (w + 128); d                        activations q32
  APUS_LAYOUT_Q4_0,    // q 256 (w + 8); d
  APUS_LAYOUT_Q4_1,    // q 256; d, m
  APUS_LAYOUT_Q5_0,    // q 256 + 64 high bits (w + 16); d
  APUS_LAYOUT_Q5_1,    // q 256 + 64; d, m
  APUS_LAYOUT_IQ4_NL,  // q 256, indices of a table; d
  APUS_LAYOUT_MXFP4,   // q 256, indices of a table; [16] e8m0
  APUS_LAYOUT_Q2_K,    // per 256 k: q 1024; d, dmin, 256 (scale | minimum)    activations q256
  APUS_LAYOUT_Q3_K,    // q 1024 + 512 high bits (w + 4); d, 192 (6-bit scales)
  APUS_LAYOUT_Q4_K,    // q 2048; d, dmin, 128 scales, 128 minima
  APUS_LAYOUT_Q5_K,    // q 2048 + 512; d, dmin, 128, 128
  APUS_LAYOUT_Q6_K,    // q 2048 + 1024 (w + 32); d, 256 scales
  APUS_LAYOUT_IQ4_XS,  // q 2048, indices of a table; d, 128 scales
  APUS_LAYOUT_COUNT
};

// How a row of activations is stored for a product.
enum apus_activation {
  APUS_X_F32,   // k floats
  APUS_X_BF16,  // round-up-to-2(k) bfloat16, pairs swapped: slot 1 holds the even k
  APUS_X_Q32,   // per 32 values: int8 q, float d = max|x| / 127, int32 −8·Σq, int32 −128·Σq
  APUS_X_Q256,  // per 256 values: int8 q, float d, int16 Σq of each 16, int16 Σq of each 32
};

/// The activation form a layout multiplies with.
enum apus_activation apus_layout_activation(enum apus_layout layout);

/// Bytes of one row of k activations, a multiple of 64. Quantised rows are stored as whole arrays one after
/// another: q[k], d[k / block], then the two arrays of sums.
size_t apus_activation_bytes(enum apus_activation form, size_t k);

/// Bytes of one 16-row panel with k columns; a panel starts at a multiple of 64 bytes.
size_t apus_panel_bytes(enum apus_layout layout, size_t k);

/// Columns of one block of the layout: 1 (F32, F16, BF16), 32 or 256. k must be a multiple of it.
size_t apus_layout_block(enum apus_layout layout);

/// Bytes of one row of k values in the GGUF block format that the layout is packed from.
size_t apus_row_bytes(enum apus_layout layout, size_t k);

/// Packs `rows` (1 … 16) rows of GGUF blocks, `stride` bytes apart, into one panel. All of the panel is written.
void apus_pack_panel(
    enum apus_layout layout, const void *rows_in, size_t stride, int rows, size_t k, void *panel);

enum apus_unary {
  APUS_IDENTITY,
  APUS_SILU,
  APUS_GELU_TANH,
  APUS_GELU_ERF,
  APUS_RELU,
  APUS_RELU_SQUARED,
  APUS_TANH,
  APUS_SIGMOID,
  APUS_EXP
};

enum apus_kv {
  APUS_KV_F32,
  APUS_KV_F16,
  APUS_KV_BF16,
  APUS_KV_Q8_0,  // bytes, with a half scale per 32 values of a key or value; head_size a multiple of 32
};

// ---------------------------------------------------------------------------------------------------
// Products.

/// y[t][r] for t < tokens and r < rows, in this order of roundings:
///   acc = Σ_k w·x (the layout's defined sum);  acc += bias[r];  acc = activation(acc);  y = residual[t][r] + acc.
///
/// The defined sums, starting from 0 (or from y, with `accumulate`), k or blocks ascending, every line one rounding unless called exact:
///   F32, F16        acc = fma(w, x, acc)
///   BF16            acc = fma(w₂ⱼ, x₂ⱼ, acc), then fma(w₂ⱼ₊₁, x₂ⱼ₊₁, acc), subnormal inputs and results taken as zero
///   blocks of 32    acc = fma(Σqx, d·dx, acc), Σqx exact; with m: then acc = fma(Σx, m·dx, acc)
///   blocks of 256   acc = fma(float(S), d·dx, acc), S = Σ scale·Σqx exact; with minima: then
///                   acc = fma(float(M), −(dmin·dx), acc), M = Σ minimum·Σx exact
/// A token's sums do not depend on the other tokens, on `rows` or on the panel a call starts with. Nothing is
/// written past `rows`.
struct apus_gemm {
  const void *panels;    // the first panel to multiply
  size_t panel_bytes;    // from one panel to the next
  int rows;              // output rows covered, starting with the first lane of `panels`
  size_t k;
  const void *x;         // activation rows
  size_t x_bytes;        // from one row to the next
  int tokens;            // 1 … any
  float *y;              // [tokens][y_stride]
  size_t y_stride;       // in floats
  int accumulate;        // 1: the sums start from y (a gradient; the next columns of a longer k)
  const float *bias;     // [rows] or NULL
  enum apus_unary activation;
  const float *residual;    // [tokens][residual_stride] or NULL; not y
  size_t residual_stride;
  uint16_t *rounded;        // [tokens][rounded_stride] or NULL: y once more, rounded
  size_t rounded_stride;
  enum apus_kv rounded_format;  // APUS_KV_F16 or APUS_KV_BF16
};
typedef void apus_gemm_fn(const struct apus_gemm *arguments);

// ---------------------------------------------------------------------------------------------------
// Attention.
//
// Keys of one sequence and one KV head live in pages of 64 positions. A page is
//   K: [4 groups of 16 keys][head_size][16 keys], then V: [64 keys][head_size], in the KV format (kernels/kv_page.h).
// Spans of 512 keys (8 pages) count from the sequence's first token. Inside a span the state starts from
// (max = -inf, sum = 0, out = 0) and is updated once per page; spans merge in ascending order.
// A page with no visible key for a row leaves that row's state untouched.
// Scores: s = scale · Σ_d q·k (fma, d ascending), then softcap · tanh(s / softcap) if softcap > 0.
// Page update: m' = max(m, max s); p = exp(s − m'); c = exp(m − m'); sum = fma(sum, c, Σp) with Σp the
// canonical sum of 64 (p = 0 for keys not seen); out = fma chain over the visible keys ascending starting from
// out · c. Slots no row sees are never multiplied: they may hold anything.
// Merge: the first span with a visible key is copied; then M = max(m₁, m₂), a = exp(m₁ − M), b = exp(m₂ − M),
// sum = fma(sum₁, a, sum₂ · b), out = fma(out₁, a, out₂ · b). At the end out / sum.

enum { APUS_PAGE_KEYS = 64, APUS_SPAN_KEYS = 512 };

/// Bytes of one page of one KV head (K and V).
size_t apus_kv_page_bytes(enum apus_kv format, int head_size);

/// A row is one query head of one token. It sees the keys first[r] ≤ key < last[r], in positions of the
/// sequence.
struct apus_attention {
  enum apus_kv format;
  int head_size;               // multiple of 2, at most 512
  float scale;
  float softcap;               // 0: none
  int rows;
  const float *q;              // row r at q + q_offset[r]
  const int32_t *q_offset;     // [rows], in floats
  const int32_t *first;        // [rows]
  const int32_t *last;         // [rows], > first
  const void *const *pages;    // page p holds keys 64p …; only pages some row sees are read
  size_t page_offset;          // where this KV head's block starts in each page, in bytes
  float *out;                  // row r at out + out_offset[r], head_size floats
  const int32_t *out_offset;   // [rows]
  float *log_sum;              // [rows] max + log(sum), for the backward pass, or NULL
  void *scratch;               // apus_attention_scratch(rows, head_size) bytes, 64-byte aligned
  // To work on the spans of a long sequence side by side: with `states`, only the keys of `span` are attended to and
  // each row's state is left in states[rows][apus_attention_state(head_size)]; `out` is not touched.
  // attention_merge then reads states[spans][rows][…] and gives the bits of one call over everything.
  int span;
  float *states;               // NULL: all spans, merged
};
size_t apus_attention_scratch(int rows, int head_size);
/// Floats of a row's state.
size_t apus_attention_state(int head_size);
typedef void apus_attention_fn(const struct apus_attention *arguments);
typedef void apus_attention_merge_fn(const struct apus_attention *arguments, int spans);

// ---------------------------------------------------------------------------------------------------
// Gradients.

/// y[r − first_a][c − first_b] = Σ_t a[t][r] · b[t][c] for first_a ≤ r < last_a and first_b ≤ c < last_b, t ascending:
/// the gradient of a weight from the gradients of its outputs and from its inputs. Sums start from 0, or from y with
/// `accumulate`; F32: acc = fma(b, a, acc); bfloat16 as in the products, pairs of tokens in place of pairs of columns.
struct apus_outer {
  const void *a;             // rows of activations: floats, or bfloat16 as round_bf16 leaves them
  size_t a_bytes;            // from one row to the next
  int first_a, last_a;       // first_a a multiple of 16
  const void *b;
  size_t b_bytes;
  int first_b, last_b;       // first_b a multiple of 16
  int tokens;                // 1 … any
  float *y;
  size_t y_stride;           // in floats
  int accumulate;
  void *scratch;             // apus_outer_scratch() bytes, 64-byte aligned
};
size_t apus_outer_scratch(void);
typedef void apus_outer_fn(const struct apus_outer *arguments);

/// The backward pass of `apus_attention` for all rows of one sequence and one KV head; kernels/attention_gradient.h has
/// the sums and their orders. dq is written at the rows' offsets, dk and dv for all keys.
struct apus_attention_gradient {
  enum apus_kv format;
  int head_size;
  float scale, softcap;
  int rows;                       // in the order in which their parts of dk and dv are added
  const float *q, *out, *dout;    // row r of each at offset[r], head_size floats
  const int32_t *offset;          // [rows], in floats
  const int32_t *first, *last;    // [rows], the keys a row sees
  const float *log_sum;           // row r's at log_sum_offset[r]
  const int32_t *log_sum_offset;  // [rows]
  const void *const *pages;
  size_t page_offset;
  int keys;                       // of the sequence, all in the pages
  float *dq;
  float *dk, *dv;                 // [keys], kv_stride floats apart
  size_t kv_stride;
  void *scratch;                  // apus_attention_gradient_scratch(rows, head_size) bytes, 64-byte aligned
};
size_t apus_attention_gradient_scratch(int rows, int head_size);
typedef void apus_attention_gradient_fn(const struct apus_attention_gradient *arguments);

// ---------------------------------------------------------------------------------------------------
// Training: what the optimisers' kernels are told. `gradient_scale` multiplies every gradient first; `keep` is
// 1 − rate · decay. Every other line is one rounding.

/// m = fma(blend1, g, beta1·m); v = fma(blend2·g, g, beta2·v); w = fma(−step, m / fma(√v, inverse_root, epsilon), keep·w)
struct apus_adamw {
  float gradient_scale, keep;
  float beta1, blend1;   // β₁, 1 − β₁
  float beta2, blend2;
  float inverse_root;    // 1 / √(1 − β₂ᵗ)
  float epsilon;
  float step;            // rate / (1 − β₁ᵗ)
};

/// d = fma(decay, w, g); with m: m = fma(momentum, m, d), d = nesterov ? fma(momentum, m, d) : m; w = fma(−step, d, w)
struct apus_sgd {
  float gradient_scale, decay, momentum, step;
  int nesterov;
};

/// c = fma(blend1, g, beta1·m); w = fma(−step, sign c, keep·w); m = fma(blend2, g, beta2·m)
struct apus_lion {
  float gradient_scale, keep, beta1, blend1, beta2, blend2, step;
};

/// d = g·factor·factors[j]·step; with m: m = d = fma(blend1, d, beta1·m); w = fma(keep, w, −d)
struct apus_adafactor {
  float factor;          // of the row, times the gradient's scale
  float step, keep, beta1, blend1;
};

// ---------------------------------------------------------------------------------------------------
// Row kernels: n values of one row. Sums across lanes are canonical: 16 strided partial sums (fma where a
// product is summed), then the fixed tree ((0+8)+(4+12)) … ; see isa/.

struct apus_cpu {
  const char *name;                 // "portable", "avx2", "avx512", "avx512_vnni", "avx512_bf16", "neon", …
  int (*supported)(void);           // CPU and operating system can run it
  int vector_bits;

  apus_gemm_fn *gemm[APUS_LAYOUT_COUNT];
  // Layouts with blocks of 32 against activations in blocks of 256 (APUS_X_Q256; k a multiple of 256): over the eight
  // blocks t = fma(Σqx, d, t), with m then t = fma(Σx, m, t); acc = fma(t, dx, acc). NULL for the others.
  apus_gemm_fn *gemm_coarse[APUS_LAYOUT_COUNT];
  apus_attention_fn *attention;
  apus_attention_merge_fn *attention_merge;

  // y = x · (1 / sqrt(mean(x²) + eps)) · w; the reciprocal is IEEE 1/sqrt.
  void (*rms_norm)(const float *x, const float *w, int n, float eps, float *y);
  // y = x / max(sqrt(Σx²), 1e-12)
  void (*unit_norm)(const float *x, int n, float *y);
  // y = (x − mean) / sqrt(var + eps) · w + b; b may be NULL.
  void (*layer_norm)(const float *x, const float *w, const float *b, int n, float eps, float *y);
  // y = a + b
  void (*add)(const float *a, const float *b, int n, float *y);
  void (*mul)(const float *a, const float *b, int n, float *y);
  void (*scale)(const float *x, float factor, int n, float *y);
  // y = cap · tanh(x / cap)
  void (*softcap)(const float *x, float cap, int n, float *y);
  void (*unary)(enum apus_unary kind, const float *x, int n, float *y);
  // y = unary(gate) · up
  void (*gated)(enum apus_unary kind, const float *gate, const float *up, int n, float *y);
  // Rotates one head of 2·half values by table [half cos][half sin]; y may be x.
  // interleaved: pairs (2i, 2i+1), else (i, i + half). (a, b) → (fma(a, cos, −(b·sin)), fma(b, cos, a·sin)).
  void (*rope)(const float *x, const float *table, int half, int interleaved, float *y);
  // The same with −sin: what rope turned, turned back.
  void (*rope_back)(const float *x, const float *table, int half, int interleaved, float *y);

  // q = round(x · (127 / max|x|)) to nearest even. A block with a value that is not finite: d = NaN, q = 0; a block
  // below 2⁻¹⁰⁰: d = 0, q = 0.
  void (*quantize_q32)(const float *x, int k, void *row);
  // What quantize_q32 left of x: rest = quantize_q32(fma(−d, q, x)), so that two rows of bytes hold 15 bits of a value.
  void (*quantize_rest_q32)(const float *x, int k, const void *row, void *rest);
  void (*quantize_q256)(const float *x, int k, void *row);
  void (*round_bf16)(const float *x, int k, void *row);      // pairs swapped, odd tail zero
  void (*f16_to_f32)(const uint16_t *x, int n, float *y);
  void (*bf16_to_f32)(const uint16_t *x, int n, float *y);
  void (*f32_to_f16)(const float *x, int n, uint16_t *y);    // nearest even
  void (*f32_to_bf16)(const float *x, int n, uint16_t *y);

  // Packs up to 16 rows of a float matrix into a panel of F32 or BF16 (rounded to nearest even); element (r, j) lies at
  // in[r · row_stride + j · column_stride], and one of the strides is 1. All of the panel is written.
  void (*pack_floats)(
      enum apus_layout layout, const float *in, size_t row_stride, size_t column_stride, int rows, size_t k,
      void *panel);
  // The other way, and turned: columns first … first + columns − 1 of a panel of any layout as the floats that
  // apus_dequantize_row gives. Columns come 16 side by side: of group i and row r the 16 floats lie at
  // out[i · out_stride + 16 · r], zeros where there is no column. `first` is a multiple of 16, and of quantised layouts
  // `columns`, too.
  void (*unpack_transposed)(
      enum apus_layout layout, const void *panel, size_t first, int columns, int rows, float *out,
      size_t out_stride);
  // out[c][r] = in[r][c], strides in floats.
  void (*transpose)(const float *in, size_t in_stride, int rows, int columns, float *out, size_t out_stride);

  // Writes the keys and values of consecutive tokens (head_size floats each, `stride` floats apart) into the slots of a
  // page from `slot` on; slot + tokens ≤ 64.
  void (*kv_store)(
      enum apus_kv format, int head_size, int tokens, const float *k, const float *v, size_t stride, void *page,
      int slot);

  // Over logits: the maximum and its first index (NaN counts as larger than all: the index of the first).
  int64_t (*argmax)(const float *x, int64_t n);
  // Canonical log-sum-exp state of up to 4,096 values: (max, Σ exp(x − max)); all −inf gives the sum 0.
  void (*sum_exp)(const float *x, int n, float *max, float *sum);
  // 1 when every value is finite.
  int (*all_finite)(const float *x, int64_t n);

  // Gradients (kernels/gradients.h has the formulas). dx may be dy.
  apus_outer_fn *outer_f32, *outer_bf16;
  apus_attention_gradient_fn *attention_gradient;
  // dx = dy · unary′(x)
  void (*unary_gradient)(enum apus_unary kind, const float *x, const float *dy, int n, float *dx);
  // Of y = unary(gate) · up.
  void (*gated_gradient)(
      enum apus_unary kind, const float *gate, const float *up, const float *dy, int n, float *dgate, float *dup);
  void (*softcap_gradient)(const float *x, float cap, const float *dy, int n, float *dx);
  // stats: the row's mean (RMS norm: 0) and 1 / sqrt(… + eps), for norm_weight_gradient.
  void (*rms_norm_gradient)(
      const float *x, const float *w, const float *dy, int n, float eps, float *dx, float *stats);
  void (*layer_norm_gradient)(
      const float *x, const float *w, const float *dy, int n, float eps, float *dx, float *stats);
  // y[i] (+)= Σ_r x[r][i]: chunks of 256 rows from zero, added in order; `first`: y starts from zero.
  void (*sum_rows)(const float *x, size_t stride, int rows, int n, int first, float *y);
  // dw[i] (+)= Σ_r dy[r][i] · (x[r][i] − mean_r) · inverse_r, in the same chunks.
  void (*norm_weight_gradient)(
      const float *x, size_t x_stride, const float *dy, size_t dy_stride, const float *stats, size_t stats_stride,
      int rows, int n, int first, float *dw);
  // dx = a · exp(x − log_sum) − b
  void (*softmax_gradient)(const float *x, int64_t n, float log_sum, float a, float b, float *dx);
  // Training: optimisers. n values of one tensor; each gives the same bits however a tensor is cut.
  void (*adamw)(const struct apus_adamw *arguments, int n, float *w, const float *g, float *m, float *v);
  // AdamW on states of 8 bits in blocks of 256 from w on (kernels/adamw.h): m[n], v[n], scales[⌈n / 256⌉][2]. The rounding
  // is a function of `seed` and of the place of a value, `place` that of the first.
  void (*adamw8)(
      const struct apus_adamw *arguments, uint64_t seed, uint64_t place, int n, float *w, const float *g, uint8_t *m,
      uint8_t *v, float *scales);
  void (*sgd)(const struct apus_sgd *arguments, int n, float *w, const float *g, float *m);  // m may be NULL
  void (*lion)(const struct apus_lion *arguments, int n, float *w, const float *g, float *m);
  // row_sums[r] = Σ (scale·g)², canonical; column_sums[j] the same over the rows, ascending.
  void (*adafactor_sums)(
      const float *g, float scale, int rows, int columns, float *row_sums, float *column_sums);
  // One row; m may be NULL.
  void (*adafactor)(
      const struct apus_adafactor *arguments, int n, float *w, const float *g, const float *factors, float *m);
  // out = fma(a, x, b·y)
  void (*weighted_sum)(float a, const float *x, float b, const float *y, int n, float *out);
  // Σ (x·factor·y)² of the rounded products, in double, canonical; y may be NULL for 1. Not finite exactly when a value is not.
  double (*sum_squares)(const float *x, const float *y, float factor, int64_t n);
  // Elements 64·group … of the sequence of normal numbers of a key, times `deviation`; with cut > 0 those beyond `cut`
  // deviations (at least 1) are drawn again. kernels/normals.h.
  void (*normals)(uint64_t key, uint64_t group, float deviation, float cut, int n, float *y);

  // Ceilings, for `apus doctor`: each does `iterations` rounds of independent operations in registers (or
  // over memory) and returns the number of operations (multiply and add each count; bytes for read).
  double (*peak_f32)(int64_t iterations);
  double (*peak_bf16)(int64_t iterations);   // NULL: no native instruction
  double (*peak_i8)(int64_t iterations);
  double (*read_bytes)(const void *data, size_t bytes);
};

/// The tables compiled in, portable first, each better than the ones before it; NULL past the end.
const struct apus_cpu *apus_cpu_at(int index);

// ---------------------------------------------------------------------------------------------------
// Scalar definitions every table shares, also used by Swift's plan-time code.

float apus_expf(float x);
float apus_tanhf(float x);
float apus_erff(float x);
double apus_sin(double x);
double apus_cos(double x);
double apus_exp(double x);
double apus_log(double x);
float apus_half_to_float(uint16_t x);
uint16_t apus_float_to_half(float x);
float apus_bfloat_to_float(uint16_t x);
uint16_t apus_float_to_bfloat(float x);

/// Dequantises one row of GGUF blocks (token embedding look-up). The same bits as the format's reference.
void apus_dequantize_row(enum apus_layout layout, const void *row, size_t k, float *y);

#ifdef __cplusplus
}
#endif
