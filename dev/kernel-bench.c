// Times the kernels of one table on one core, beside the ceilings of that core measured in the same run.
// Built and run by kernel-bench.sh. Figures: billions of operations (a multiply and an add are two) or bytes per second.

#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "apus_kernels.h"

static const char *const layouts[APUS_LAYOUT_COUNT] = {"F32",    "F16",   "BF16", "Q8_0", "Q4_0", "Q4_1",
                                                       "Q5_0",   "Q5_1",  "IQ4_NL", "MXFP4", "Q2_K", "Q3_K",
                                                       "Q4_K",   "Q5_K",  "Q6_K", "IQ4_XS"};

// The thread's own time: the machine may be shared.
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *aligned(size_t bytes) {
  void *p = 0;
  if (posix_memalign(&p, 1 << 21, (bytes + (1 << 21)) & ~(size_t)((1 << 21) - 1))) exit(1);
  madvise(p, bytes, MADV_HUGEPAGE);
  memset(p, 0, bytes);
  return p;
}

static double ceiling(double (*peak)(int64_t)) {
  double best = 0;
  for (int i = 0; i < 5; i++) {
    double start = now(), operations = peak(2000000), rate = operations / (now() - start);
    if (rate > best) best = rate;
  }
  return best;
}

// Seconds of one call, the best of several rounds that take a while.
static double time_gemm(apus_gemm_fn *gemm, const struct apus_gemm *g) {
  double best = 1e30, until = now() + 0.15;
  for (int round = 0; round < 3 || now() < until; round++) {
    double start = now();
    gemm(g);
    double elapsed = now() - start;
    if (elapsed < best) best = elapsed;
  }
  return best;
}

static void bench_gemm(const struct apus_cpu *cpu, double f32, double bf16, double i8, double memory) {
  // Few tokens: 96 MiB of panels, which no cache holds, then panels that stay in it ("in").
  static const int tokens[] = {1, 1, 2, 2, 6, 12, 96, 512};
  for (int layout = 0; layout < APUS_LAYOUT_COUNT; layout++) {
    const size_t k = 4096;
    const enum apus_activation form = apus_layout_activation((enum apus_layout)layout);
    const size_t panel = apus_panel_bytes((enum apus_layout)layout, k), row = apus_activation_bytes(form, k);
    double peak = form == APUS_X_F32 ? f32 : form == APUS_X_BF16 ? bf16 : i8;
    printf("%-7s", layouts[layout]);
    for (int i = 0; i < 8; i++) {
      const int few = tokens[i] <= 2, cached = few && i % 2 == 1;
      const int rows = few ? 16 * (int)((cached ? 1u << 19 : 96u << 20) / panel) : 1024;
      uint8_t *panels = aligned(panel * (size_t)(rows / 16)), *x = aligned(row * (size_t)tokens[i]);
      float *y = aligned(4 * (size_t)rows * (size_t)tokens[i]);
      for (size_t j = 0; j < panel * (size_t)(rows / 16); j++) panels[j] = (uint8_t)(j * 7 >> 3) & 0x1f;
      struct apus_gemm g = {.panels = panels, .panel_bytes = panel, .rows = rows, .k = k, .x = x, .x_bytes = row,
                            .tokens = tokens[i], .y = y, .y_stride = (size_t)rows};
      double seconds = time_gemm(cpu->gemm[layout], &g);
      if (few) {
        double rate = (double)(panel * (size_t)(rows / 16)) / seconds;
        if (cached)
          printf(" in %3.0f", rate * 1e-9);
        else
          printf("  %d: %4.1f GB/s %3.0f%%", tokens[i], rate * 1e-9, 100 * rate / memory);
      } else {
        double rate = 2.0 * rows * (double)k * tokens[i] / seconds;
        printf("  %3d: %4.0f %3.0f%%", tokens[i], rate * 1e-9, 100 * rate / peak);
      }
      free(panels);
      free(x);
      free(y);
    }
    printf("\n");
    fflush(stdout);
  }
}

static void bench_attention(const struct apus_cpu *cpu, double f32) {
  static const char *const formats[] = {"f32", "f16", "bf16"};
  static const int cases[][3] = {{1, 4096, 128}, {4, 4096, 128}, {512, 2048, 128}, {512, 512, 64}};
  for (int format = 0; format < 3; format++) {
    for (int c = 0; c < 4; c++) {
      const int rows = cases[c][0], keys = cases[c][1], head = cases[c][2], pages = keys / 64;
      const size_t bytes = apus_kv_page_bytes((enum apus_kv)format, head);
      uint8_t *kv = aligned(bytes * (size_t)pages);
      const void **list = malloc(sizeof(void *) * (size_t)pages);
      for (int p = 0; p < pages; p++) list[p] = kv + bytes * (size_t)p;
      float *q = aligned(4 * (size_t)rows * (size_t)head), *out = aligned(4 * (size_t)rows * (size_t)head);
      int32_t *offset = malloc(4 * (size_t)rows), *first = calloc((size_t)rows, 4), *last = malloc(4 * (size_t)rows);
      double operations = 0;
      for (int r = 0; r < rows; r++) {
        offset[r] = r * head;
        // Prefill: causal. Decoding: the heads of one token see everything.
        last[r] = rows > 8 ? keys - rows + r + 1 : keys;
        operations += 4.0 * head * last[r];
      }
      struct apus_attention a = {.format = (enum apus_kv)format, .head_size = head, .scale = 0.1f, .rows = rows,
                                 .q = q, .q_offset = offset, .first = first, .last = last, .pages = list,
                                 .out = out, .out_offset = offset,
                                 .scratch = aligned(apus_attention_scratch(rows, head))};
      double best = 1e30, until = now() + 0.2;
      for (int round = 0; round < 3 || now() < until; round++) {
        double start = now();
        cpu->attention(&a);
        double elapsed = now() - start;
        if (elapsed < best) best = elapsed;
      }
      printf("attention %-4s rows %3d keys %4d head %3d: %6.1f GFLOP/s %3.0f%%  %6.1f GB/s\n", formats[format], rows,
             keys, head, operations / best * 1e-9, 100 * operations / best / f32,
             (double)(bytes * (size_t)pages) / best * 1e-9);
    }
  }
}

static void bench_rows(const struct apus_cpu *cpu) {
  enum { N = 4096 };
  float *x = aligned(4 * N), *w = aligned(4 * N), *y = aligned(4 * N);
  for (int i = 0; i < N; i++) x[i] = (float)(i % 37) * 0.1f - 1.5f;
#define ROW(name, call)                                                                                       \
  do {                                                                                                        \
    double best = 1e30;                                                                                       \
    for (int round = 0; round < 200; round++) {                                                               \
      double start = now();                                                                                   \
      for (int i = 0; i < 20; i++) call;                                                                      \
      double elapsed = (now() - start) / 20;                                                                  \
      if (elapsed < best) best = elapsed;                                                                     \
    }                                                                                                         \
    printf("%-14s %6.2f values/ns\n", name, N / best * 1e-9);                                                 \
  } while (0)
  ROW("rms_norm", cpu->rms_norm(x, w, N, 1e-5f, y));
  ROW("quantize_q32", cpu->quantize_q32(x, N, y));
  ROW("quantize_q256", cpu->quantize_q256(x, N, y));
  ROW("silu gated", cpu->gated(APUS_SILU, x, w, N, y));
  ROW("gelu tanh", cpu->unary(APUS_GELU_TANH, x, N, y));
  ROW("gelu erf", cpu->unary(APUS_GELU_ERF, x, N, y));
  float max, sum;
  ROW("sum_exp", cpu->sum_exp(x, N, &max, &sum));
  ROW("argmax", cpu->argmax(x, N));
}

int main(int count, char **arguments) {
  const struct apus_cpu *cpu = 0;
  for (int i = 0; apus_cpu_at(i); i++) {
    const struct apus_cpu *each = apus_cpu_at(i);
    if (!each->supported()) continue;
    if (count < 2 || strcmp(arguments[1], each->name) == 0) cpu = each;
  }
  if (!cpu) return fprintf(stderr, "no such table, or not supported here\n"), 1;
  double f32 = ceiling(cpu->peak_f32), i8 = ceiling(cpu->peak_i8), bf16 = cpu->peak_bf16 ? ceiling(cpu->peak_bf16) : f32;
  const size_t bytes = 256u << 20;
  uint8_t *data = aligned(bytes);
  double memory = 0;
  for (int i = 0; i < 10; i++) {
    double start = now(), rate = cpu->read_bytes(data, bytes) / (now() - start);
    if (rate > memory) memory = rate;
  }
  free(data);
  printf("%s, one core: f32 %.0f GFLOP/s, bf16 %.0f, int8 %.0f GOP/s, memory %.1f GB/s\n", cpu->name, f32 * 1e-9,
         bf16 * 1e-9, i8 * 1e-9, memory * 1e-9);
  const char *what = count > 2 ? arguments[2] : "all";
  if (!strcmp(what, "all") || !strcmp(what, "rows")) bench_rows(cpu);
  if (!strcmp(what, "all") || !strcmp(what, "attention")) bench_attention(cpu, f32);
  if (!strcmp(what, "all") || !strcmp(what, "gemm")) bench_gemm(cpu, f32, bf16, i8, memory);
  return 0;
}
