// Holds every kernel table of this processor against portable, bit for bit, and prints a digest of portable's results,
// which must not depend on the processor either. Needs no Swift: dev/test-aarch64.sh and dev/test-x86.sh run it in an emulator.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apus_kernels.h"

static uint64_t state = 1;

static uint64_t next(void) {
  state += 0x9E3779B97F4A7C15u;
  uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static float number(float scale) { return ((float)(next() >> 40) / 8388608.0f - 1.0f) * scale; }

static void *memory(size_t bytes, int fill) {
  void *p = 0;
  if (posix_memalign(&p, 64, bytes + 64)) exit(2);
  memset(p, fill, bytes + 64);
  return p;
}

static uint64_t digest;
static int failures;

// Compares floats with every NaN the same, or adds portable's to the digest.
static void check(const char *table, const char *what, int detail, const float *expected, const float *found, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t a, b;
    memcpy(&a, expected + i, 4);
    memcpy(&b, found + i, 4);
    if (expected[i] != expected[i]) a = 0x7fc00000;
    if (found[i] != found[i]) b = 0x7fc00000;
    if (expected == found) digest = (digest ^ a) * 0x100000001b3u;
    if (a != b) {
      printf("%s differs from portable: %s %d index %zu: %08x %08x\n", table, what, detail, i, a, b);
      failures++;
      return;
    }
  }
}

static const int halves[APUS_LAYOUT_COUNT][3] = {
    [APUS_LAYOUT_Q8_0] = {1, 0},     [APUS_LAYOUT_Q4_0] = {1, 0},      [APUS_LAYOUT_Q4_1] = {2, 0, 2},
    [APUS_LAYOUT_Q5_0] = {1, 0},     [APUS_LAYOUT_Q5_1] = {2, 0, 2},   [APUS_LAYOUT_IQ4_NL] = {1, 0},
    [APUS_LAYOUT_Q2_K] = {2, 80, 82}, [APUS_LAYOUT_Q3_K] = {1, 108},   [APUS_LAYOUT_Q4_K] = {2, 0, 2},
    [APUS_LAYOUT_Q5_K] = {2, 0, 2},  [APUS_LAYOUT_Q6_K] = {1, 208},    [APUS_LAYOUT_IQ4_XS] = {1, 0}};

static uint8_t *file_rows(enum apus_layout layout, int rows, size_t k, int extreme) {
  size_t bytes = (size_t)rows * apus_row_bytes(layout, k), width = apus_row_bytes(layout, apus_layout_block(layout));
  uint8_t *p = memory(bytes, 0);
  for (size_t at = 0; at < bytes; at += width) {
    if (layout == APUS_LAYOUT_F32) {
      float x = number(1);
      memcpy(p + at, &x, 4);
    } else if (layout == APUS_LAYOUT_F16 || layout == APUS_LAYOUT_BF16) {
      // Extreme bfloat16: so small that sums are flushed.
      uint16_t x = layout == APUS_LAYOUT_F16 ? apus_float_to_half(number(1))
                   : extreme                 ? (uint16_t)(next() & 0xa0ff)
                                             : apus_float_to_bfloat(number(1));
      memcpy(p + at, &x, 2);
    } else {
      uint64_t pattern = next();
      for (size_t i = 0; i < width; i++)
        p[at + i] = extreme ? (pattern & 1 ? (pattern & 2 ? 0 : 0x80) : 0xff) : (uint8_t)next();
      for (int i = 0; i < halves[layout][0]; i++) {
        uint16_t d = apus_float_to_half(number(0.01f));
        memcpy(p + at + halves[layout][1 + i], &d, 2);
      }
      if (layout == APUS_LAYOUT_MXFP4) p[at] = (uint8_t)(100 + next() % 40);
    }
  }
  return p;
}

static void activations(const struct apus_cpu *cpu, enum apus_activation form, const float *x, size_t k, void *row) {
  switch (form) {
  case APUS_X_F32: memcpy(row, x, 4 * k); break;
  case APUS_X_BF16: cpu->round_bf16(x, (int)k, row); break;
  case APUS_X_Q32: cpu->quantize_q32(x, (int)k, row); break;
  case APUS_X_Q256: cpu->quantize_q256(x, (int)k, row); break;
  }
}

static void products(const struct apus_cpu *cpu, const struct apus_cpu *portable) {
  static const int tokens[] = {1, 2, 5, 6, 7, 13};
  for (int layout = 0; layout < APUS_LAYOUT_COUNT; layout++)
    for (int extreme = 0; extreme < 2; extreme++) {
      const enum apus_layout l = (enum apus_layout)layout;
      const int rows = 33, count = 13;
      const size_t k = apus_layout_block(l) * (apus_layout_block(l) == 1 ? 37 : 3);
      const size_t panel = apus_panel_bytes(l, k), width = apus_row_bytes(l, k);
      uint8_t *file = file_rows(l, rows, k, extreme), *panels = memory(3 * panel, 0xa5);
      for (int p = 0; p < 3; p++)
        apus_pack_panel(l, file + (size_t)p * 16 * width, width, p < 2 ? 16 : 1, k, panels + (size_t)p * panel);
      const enum apus_activation form = apus_layout_activation(l);
      const size_t row = apus_activation_bytes(form, k);
      uint8_t *x = memory(row * count, 0), *x_portable = memory(row * count, 0);
      for (int t = 0; t < count; t++) {
        float values[1024];
        for (size_t i = 0; i < k; i++) {
          values[i] = extreme ? (next() & 1 ? 1.0f : -1.0f) : number(3);
          if (extreme && l == APUS_LAYOUT_BF16) values[i] *= 0x1p-63f;
        }
        activations(cpu, form, values, k, x + (size_t)t * row);
        activations(portable, form, values, k, x_portable + (size_t)t * row);
      }
      if (memcmp(x, x_portable, row * count)) failures++, printf("%s: activations of form %d differ\n", cpu->name, form);
      float bias[33];
      for (int r = 0; r < rows; r++) bias[r] = number(1);
      for (int i = 0; i < 6; i++) {
        float *expected = memory(4 * 35 * 14, 0), *found = memory(4 * 35 * 14, 0);
        struct apus_gemm g = {.panels = panels, .panel_bytes = panel, .rows = rows, .k = k, .x = x, .x_bytes = row,
                              .tokens = tokens[i], .bias = i & 1 ? bias : 0, .accumulate = i & 1, .y = expected,
                              .y_stride = 35};
        portable->gemm[layout](&g);
        g.y = found;
        cpu->gemm[layout](&g);
        check(cpu->name, extreme ? "extreme product" : "product", layout, expected,
              cpu == portable ? expected : found, 35 * 14);
        free(expected);
        free(found);
      }
      const size_t floats = 256 * ((k + 15) / 16);
      float *expected = memory(4 * floats, 0), *found = memory(4 * floats, 0);
      portable->unpack_transposed(l, panels, 0, (int)k, 16, expected, 256);
      cpu->unpack_transposed(l, panels, 0, (int)k, 16, found, 256);
      check(cpu->name, "unpacked panel", layout, expected, cpu == portable ? expected : found, floats);
      free(expected);
      free(found);
      free(file);
      free(panels);
      free(x);
      free(x_portable);
    }
}

static void attention(const struct apus_cpu *cpu, const struct apus_cpu *portable) {
  enum { KEYS = 700, ROWS = 13, MAX_HEAD = 96 };
  static const int heads[] = {2, 32, 40, 96};
  for (int format = 0; format < 4; format++)
    for (int h = 0; h < 4; h++) {
      const int head = heads[h], pages = (KEYS + 63) / 64;
      if (format == APUS_KV_Q8_0 && head % 32) continue;
      const size_t bytes = apus_kv_page_bytes((enum apus_kv)format, head);
      uint8_t *kv = memory(bytes * (size_t)pages, 0xff);
      const void *list[16];
      for (int p = 0; p < pages; p++) list[p] = kv + bytes * (size_t)p;
      for (int i = 0, run = 0; i < KEYS; i += run) {
        float k[64 * MAX_HEAD], v[64 * MAX_HEAD];
        run = 1 + i % 23;  // now one token, now many
        if (run > 64 - i % 64) run = 64 - i % 64;
        if (run > KEYS - i) run = KEYS - i;
        for (int d = 0; d < run * head; d++) k[d] = number(1), v[d] = number(1);
        cpu->kv_store(
            (enum apus_kv)format, head, run, k, v, (size_t)head, (void *)(uintptr_t)list[i / 64], i % 64);
      }
      float q[ROWS * MAX_HEAD], expected[ROWS * (MAX_HEAD + 1)] = {0}, found[ROWS * (MAX_HEAD + 1)] = {0};
      int32_t offset[ROWS], first[ROWS], last[ROWS];
      for (int i = 0; i < ROWS * head; i++) q[i] = number(4);
      for (int r = 0; r < ROWS; r++) {
        offset[r] = r * head;
        last[r] = r < 6 ? KEYS - r : 1 + (int)(next() % KEYS);
        first[r] = r < 9 ? 0 : (int)(next() % (uint64_t)last[r]);
      }
      struct apus_attention a = {.format = (enum apus_kv)format, .head_size = head, .scale = 0.3f,
                                 .softcap = h == 1 ? 20.0f : 0.0f, .rows = ROWS, .q = q, .q_offset = offset,
                                 .first = first, .last = last, .pages = list, .out = expected, .out_offset = offset,
                                 .log_sum = expected + ROWS * MAX_HEAD,
                                 .scratch = memory(apus_attention_scratch(ROWS, head), 0xff)};
      portable->attention(&a);
      a.out = found;
      a.log_sum = found + ROWS * MAX_HEAD;
      cpu->attention(&a);
      check(cpu->name, "attention", format * 100 + head, expected, cpu == portable ? expected : found,
            ROWS * (MAX_HEAD + 1));
      free(a.scratch);
      free(kv);
    }
}

// Numbers around one, or so small that products and sums fall below the least normal number.
static float operand(int extreme) {
  if (!extreme) return number(1);
  switch (next() % 8) {
  case 0: return number(0x1p-130f);
  case 1: return next() & 1 ? 0.0f : -0.0f;
  case 2: return next() & 1 ? 0x1p-63f : -0x1p-63f;
  default: return number(0x1p-62f);
  }
}

static void outer_products(const struct apus_cpu *cpu, const struct apus_cpu *portable) {
  // Tokens, rows, columns: around the tiles and the blocks of 128 steps, 384 rows and 256 columns.
  static const int shapes[][3] = {{1, 59, 155}, {2, 58, 152}, {5, 57, 149}, {129, 56, 146}, {259, 19, 275}, {131, 403, 40}};
  enum { A = 403, B = 275, TOKENS = 259, STRIDE = B + 2 };
  for (int bf16 = 0; bf16 < 2; bf16++)
    for (int extreme = 0; extreme < 2; extreme++) {
      const enum apus_activation form = bf16 ? APUS_X_BF16 : APUS_X_F32;
      const size_t a_bytes = apus_activation_bytes(form, A), b_bytes = apus_activation_bytes(form, B);
      uint8_t *a = memory(a_bytes * TOKENS, 0), *b = memory(b_bytes * TOKENS, 0);
      for (int t = 0; t < TOKENS; t++) {
        float values[A + B];
        for (int i = 0; i < A + B; i++) values[i] = operand(extreme);
        activations(cpu, form, values, A, a + (size_t)t * a_bytes);
        activations(cpu, form, values + A, B, b + (size_t)t * b_bytes);
      }
      for (int i = 0; i < 6; i++) {
        const size_t values = (size_t)STRIDE * A;
        float *expected = memory(4 * values, 0), *found = memory(4 * values, 0);
        for (size_t j = 0; j < values; j++) expected[j] = found[j] = operand(extreme);
        struct apus_outer g = {.a = a, .a_bytes = a_bytes, .first_a = i & 1 ? 0 : 16, .last_a = shapes[i][1], .b = b,
                               .b_bytes = b_bytes, .first_b = i & 1 ? 16 : 0, .last_b = shapes[i][2], .tokens = shapes[i][0],
                               .accumulate = i & 1, .y = expected, .y_stride = STRIDE,
                               .scratch = memory(apus_outer_scratch(), 0xff)};
        (bf16 ? portable->outer_bf16 : portable->outer_f32)(&g);
        g.y = found;
        (bf16 ? cpu->outer_bf16 : cpu->outer_f32)(&g);
        check(cpu->name, bf16 ? "bfloat16 outer products" : "outer products", 10 * shapes[i][0] + extreme, expected,
              cpu == portable ? expected : found, values);
        free(g.scratch);
        free(expected);
        free(found);
      }
      free(a);
      free(b);
    }
}

static void attention_gradients(const struct apus_cpu *cpu, const struct apus_cpu *portable) {
  enum { KEYS = 133, ROWS = 101, MAX_HEAD = 96, STRIDE = MAX_HEAD + 1 };
  static const int heads[] = {2, 20, 32, 96};
  for (int format = 0; format < 4; format++)
    for (int h = 0; h < 4; h++) {
      const int head = heads[h], pages = (KEYS + 63) / 64;
      if (format == APUS_KV_Q8_0 && head % 32) continue;
      const size_t bytes = apus_kv_page_bytes((enum apus_kv)format, head);
      uint8_t *kv = memory(bytes * (size_t)pages, 0xff);
      const void *list[4];
      for (int p = 0; p < pages; p++) list[p] = kv + bytes * (size_t)p;
      for (int i = 0; i < KEYS; i++) {
        float k[MAX_HEAD], v[MAX_HEAD];
        for (int d = 0; d < head; d++) k[d] = number(1), v[d] = number(1);
        cpu->kv_store((enum apus_kv)format, head, 1, k, v, 0, (void *)(uintptr_t)list[i / 64], i % 64);
      }
      float *x = memory(4 * 3 * ROWS * MAX_HEAD, 0), log_sum[ROWS];
      int32_t offset[ROWS], place[ROWS], first[ROWS], last[ROWS];
      for (int i = 0; i < 3 * ROWS * head; i++) x[i] = number(2);
      for (int r = 0; r < ROWS; r++) {
        offset[r] = r * head;
        place[r] = ROWS - 1 - r;
        log_sum[r] = 4 + number(1);
        last[r] = r % 3 ? 1 + (int)(next() % KEYS) : KEYS - r % 17;
        first[r] = r % 2 ? 0 : (int)(next() % (uint64_t)last[r]);
      }
      const size_t values = (size_t)STRIDE * (ROWS + 2 * KEYS);
      float *expected = memory(4 * values, 0), *found = memory(4 * values, 0);
      struct apus_attention_gradient g = {
          .format = (enum apus_kv)format, .head_size = head, .scale = 0.3f, .softcap = h == 1 ? 5.0f : 0.0f,
          .rows = ROWS, .q = x, .out = x + ROWS * head, .dout = x + 2 * ROWS * head, .offset = offset, .first = first,
          .last = last, .log_sum = log_sum, .log_sum_offset = place, .pages = list, .keys = KEYS, .kv_stride = STRIDE,
          .scratch = memory(apus_attention_gradient_scratch(ROWS, head), 0xff)};
      for (int i = 0; i < 2; i++) {
        g.dq = i ? found : expected;
        g.dk = g.dq + STRIDE * ROWS;
        g.dv = g.dk + STRIDE * KEYS;
        (i ? cpu : portable)->attention_gradient(&g);
      }
      check(cpu->name, "attention gradient", format * 100 + head, expected, cpu == portable ? expected : found, values);
      free(g.scratch);
      free(expected);
      free(found);
      free(x);
      free(kv);
    }
}

// One value in eight is a special one.
static float special_or(float scale) {
  static const float special[] = {0.0f,  -0.0f,  1e-40f,  -1e-42f, 3e38f, -3e38f, 88.7f,  -103.9f,
                                  65504, 65520,  2.98e-8f, 6.1e-5f, 1e9f,  -1e9f,  0.625f, 0.9f};
  return next() % 8 == 0 ? special[next() % 16] : number(scale);
}

static void rows(const struct apus_cpu *cpu, const struct apus_cpu *portable) {
  static const int lengths[] = {1, 2, 15, 16, 17, 33, 64, 100, 256};
  for (int length = 0; length < 9; length++)
    for (int round = 0; round < 20; round++) {
      enum { MAX = 256 };
      const int n = lengths[length];
      float x[MAX], w[MAX], b[MAX];
      uint16_t h[MAX];
      for (int i = 0; i < n; i++) {
        x[i] = round % 2 ? special_or(10) : number(10);
        if (round % 4 == 3 && next() % 32 == 0) x[i] = next() & 1 ? __builtin_nanf("") : __builtin_inff();
        w[i] = number(1);
        b[i] = number(1);
        h[i] = (uint16_t)next();
      }
      const struct apus_cpu *both[2] = {portable, cpu};
      float out[2][40][MAX];
      memset(out, 0, sizeof out);
      int count = 0;
      for (int c = 0; c < 2; c++) {
        const struct apus_cpu *t = both[c];
        float(*y)[MAX] = out[c];
        uint16_t narrow[MAX];
        count = 0;
        t->rms_norm(x, w, n, 1e-5f, y[count++]);
        t->layer_norm(x, w, b, n, 1e-5f, y[count++]);
        t->layer_norm(x, w, 0, n, 1e-5f, y[count++]);
        t->unit_norm(x, n, y[count++]);
        t->add(x, w, n, y[count++]);
        t->mul(x, w, n, y[count++]);
        t->scale(x, 0.3f, n, y[count++]);
        t->softcap(x, 30, n, y[count++]);
        for (int kind = 0; kind <= APUS_EXP; kind++) {
          t->unary((enum apus_unary)kind, x, n, y[count++]);
          t->gated((enum apus_unary)kind, x, w, n, y[count++]);
        }
        t->rope(x, w, n / 2, 0, y[count++]);
        t->rope(x, w, n / 2, 1, y[count++]);
        t->f16_to_f32(h, n, y[count++]);
        t->bf16_to_f32(h, n, y[count++]);
        t->f32_to_bf16(x, n, narrow);
        t->bf16_to_f32(narrow, n, y[count++]);
        t->f32_to_f16(x, n, narrow);
        t->f16_to_f32(narrow, n, y[count++]);
        t->sum_exp(x, n, &y[count][0], &y[count][1]);
        y[count][2] = (float)t->argmax(x, n);
        y[count++][3] = (float)t->all_finite(x, n);
      }
      for (int i = 0; i < count; i++)
        check(cpu->name, "row kernel", i, out[0][i], cpu == portable ? out[0][i] : out[1][i], MAX);
    }
}

// Gradients of row operations, over the same lengths and special values; sums over more rows than a chunk has.
static void row_gradients(const struct apus_cpu *cpu, const struct apus_cpu *portable) {
  static const int lengths[] = {1, 2, 15, 16, 17, 33, 64, 100, 256};
  enum { MAX = 256, ROWS = 259 };
  float *many = memory(4 * 2 * ROWS * MAX, 0), stats[2 * ROWS];
  for (int i = 0; i < 2 * ROWS * MAX; i++) many[i] = number(2);
  for (int i = 0; i < 2 * ROWS; i++) stats[i] = number(1);
  for (int length = 0; length < 9; length++)
    for (int round = 0; round < 20; round++) {
      const int n = lengths[length];
      float x[MAX], dy[MAX], w[MAX];
      for (int i = 0; i < n; i++) {
        x[i] = round % 2 ? special_or(10) : number(10);
        dy[i] = round % 4 == 2 ? special_or(1) : number(1);
        w[i] = number(1);
        if (round % 4 == 3 && next() % 32 == 0) x[i] = next() & 1 ? __builtin_nanf("") : __builtin_inff();
      }
      const struct apus_cpu *both[2] = {portable, cpu};
      float out[2][48][MAX];
      memset(out, 0, sizeof out);
      int count = 0;
      for (int c = 0; c < 2; c++) {
        const struct apus_cpu *t = both[c];
        float(*y)[MAX] = out[c];
        count = 0;
        for (int kind = 0; kind <= APUS_EXP; kind++) {
          t->unary_gradient((enum apus_unary)kind, x, dy, n, y[count++]);
          t->gated_gradient((enum apus_unary)kind, x, w, dy, n, y[count], y[count + 1]);
          count += 2;
        }
        t->softcap_gradient(x, 30, dy, n, y[count++]);
        t->rms_norm_gradient(x, w, dy, n, 1e-5f, y[count], y[count + 1]);
        t->layer_norm_gradient(x, w, dy, n, 1e-5f, y[count + 2], y[count + 3]);
        count += 4;
        t->softmax_gradient(x, n, 3.5f, 0.75f, 0.125f, y[count++]);
        t->rope_back(x, w, n / 2, 0, y[count++]);
        t->rope_back(x, w, n / 2, 1, y[count++]);
        const int taken = 1 + (round * 37) % ROWS;
        memcpy(y[count], w, sizeof(float) * (size_t)n);
        t->sum_rows(many, MAX, taken, n, round % 2, y[count++]);
        memcpy(y[count], w, sizeof(float) * (size_t)n);
        t->norm_weight_gradient(many, MAX, many + ROWS * MAX, MAX, stats, 2, taken, n, round % 2, y[count++]);
      }
      for (int i = 0; i < count; i++)
        check(cpu->name, "row gradient", i, out[0][i], cpu == portable ? out[0][i] : out[1][i], MAX);
    }
  free(many);
}

// What rounding to bytes leaves, as the floats it stands for.
static void rests(const struct apus_cpu *cpu, const struct apus_cpu *portable) {
  enum { K = 96 };
  for (int round = 0; round < 50; round++) {
    float x[K], out[2][K];
    for (int i = 0; i < K; i++) x[i] = number(round % 3 ? 3 : 1e-3f);
    const struct apus_cpu *both[2] = {portable, cpu};
    for (int c = 0; c < 2; c++) {
      const size_t bytes = apus_activation_bytes(APUS_X_Q32, K);
      uint8_t *row = memory(bytes, 0), *rest = memory(bytes, 0);
      both[c]->quantize_q32(x, K, row);
      both[c]->quantize_rest_q32(x, K, row, rest);
      for (int i = 0; i < K; i++) {
        float d;
        memcpy(&d, rest + K + i / 32 * 4, sizeof d);
        out[c][i] = (float)(int8_t)rest[i] * d;
      }
      free(row);
      free(rest);
    }
    check(cpu->name, "rest", round, out[0], cpu == portable ? out[0] : out[1], K);
  }
}

// The optimisers and initialisation: everything a step writes, one after the other.
static void training(const struct apus_cpu *cpu, const struct apus_cpu *portable) {
  enum { MAX = 600, ARRAYS = 24 };
  static const int lengths[] = {1, 15, 16, 17, 100, 256, 257, 600};
  static const struct apus_adamw adam = {0.5f, 0.999f, 0.9f, 0.1f, 0.95f, 0.05f, 1.5f, 1e-8f, 1e-3f};
  static const struct apus_lion lion = {0.5f, 0.99f, 0.9f, 0.1f, 0.99f, 0.01f, 1e-3f};
  static const struct apus_adafactor factors = {3, 0.01f, 0.99f, 0.9f, 0.1f};
  for (int length = 0; length < 8; length++)
    for (int round = 0; round < 4; round++) {
      const int n = lengths[length];
      static float from[4][MAX], out[2][ARRAYS][MAX];
      for (int a = 0; a < 4; a++)
        for (int i = 0; i < n; i++) {
          from[a][i] = number(1) * (next() % 4 ? 1 : 0x1p-40f);
          if (round == 3 && next() % 32 == 0) from[a][i] = next() & 1 ? 3e38f : __builtin_inff();
          if (a == 3) from[a][i] = __builtin_fabsf(from[a][i]);
        }
      const struct apus_sgd sgd = {0.5f, 0.01f, 0.9f, 0.1f, round & 1};
      const struct apus_cpu *both[2] = {portable, cpu};
      memset(out, 0, sizeof out);
      for (int c = 0; c < 2; c++) {
        const struct apus_cpu *t = both[c];
        float(*y)[MAX] = out[c];
        // w, m, v in front of every kernel; g is from[1].
        for (int k = 0; k < 5; k++) {
          memcpy(y[3 * k], from[0], sizeof from[0]);
          memcpy(y[3 * k + 1], from[2], sizeof from[0]);
          memcpy(y[3 * k + 2], from[3], sizeof from[0]);
        }
        t->adamw(&adam, n, y[0], from[1], y[1], y[2]);
        t->sgd(&sgd, n, y[3], from[1], round & 2 ? y[4] : 0);
        t->lion(&lion, n, y[6], from[1], y[7]);
        t->adafactor(&factors, n, y[9], from[1], from[3], round & 2 ? y[10] : 0);
        uint8_t codes[2][MAX] = {{0}};
        for (int step = 0; step < 3; step++)
          t->adamw8(&adam, 77 + (uint64_t)step, (uint64_t)round << 32, n, y[12], from[step], codes[0], codes[1], y[15]);
        for (int i = 0; i < n; i++) y[16][i] = codes[0][i], y[17][i] = codes[1][i];
        t->adafactor_sums(from[0], 0.5f, 1, n, y[18], y[19]);
        t->weighted_sum(0.3f, from[0], -2, from[1], n, y[20]);
        t->normals(7, (uint64_t)round << 58, 0.02f, 0, n, y[21]);
        t->normals(7, (uint64_t)round, 1, 2, n, y[22]);
        double sums[2] = {t->sum_squares(from[0], from[1], 0.7f, n), t->sum_squares(from[0], 0, 1, n)};
        memcpy(y[23], sums, sizeof sums);
      }
      for (int a = 0; a < ARRAYS; a++)
        check(cpu->name, "training", n * 100 + a, out[0][a], cpu == portable ? out[0][a] : out[1][a], MAX);
    }
}

static void scalars(void) {
  for (int i = 0; i < 20000; i++) {
    float results[7];
    uint32_t bits = (uint32_t)next();
    float any, x = number(110);
    memcpy(&any, &bits, 4);
    results[0] = apus_expf(x);
    results[1] = apus_tanhf(x * 0.1f);
    results[2] = apus_erff(x * 0.05f);
    results[3] = apus_half_to_float(apus_float_to_half(any));
    double d[4] = {apus_sin((double)x * 1000), apus_cos((double)x * 1000), apus_exp((double)x * 6),
                   apus_log((double)(x * x) + 1e-300)};
    memcpy(results + 4, d, 4);
    results[5] = results[6] = 0;
    check("portable", "scalar", i, results, results, 7);
    for (int j = 0; j < 4; j++) {
      uint64_t wide;
      memcpy(&wide, d + j, 8);
      digest = (digest ^ wide) * 0x100000001b3u;
    }
  }
}

int main(void) {
  const struct apus_cpu *portable = apus_cpu_at(0);
  for (int i = 0; apus_cpu_at(i); i++) {
    const struct apus_cpu *cpu = apus_cpu_at(i);
    if (!cpu->supported()) {
      fprintf(stderr, "%s: not supported here\n", cpu->name);
      continue;
    }
    state = 1;
    products(cpu, portable);
    attention(cpu, portable);
    outer_products(cpu, portable);
    attention_gradients(cpu, portable);
    rows(cpu, portable);
    row_gradients(cpu, portable);
    rests(cpu, portable);
    training(cpu, portable);
    if (i == 0) scalars();
    fprintf(stderr, "%s: compared\n", cpu->name);
  }
  printf("digest %016llx\n", (unsigned long long)digest);
  return failures != 0;
}
