// Operations on n values without sums: add, multiply, scale, softcap, activations, rotary positions.
// y may be the same memory as an input.

#pragma once

// 16 values, or the n that are left of a row.
INLINE f32x16 row_load(const float *p, int n) { return n >= 16 ? f_load(p) : f_load_n(p, n); }

INLINE void row_store(float *p, f32x16 v, int n) {
  if (n >= 16)
    f_store(p, v);
  else
    f_store_n(p, v, n);
}

HIDDEN void NAME(add)(const float *a, const float *b, int n, float *y) {
  for (int i = 0; i < n; i += 16) row_store(y + i, row_load(a + i, n - i) + row_load(b + i, n - i), n - i);
}

HIDDEN void NAME(mul)(const float *a, const float *b, int n, float *y) {
  for (int i = 0; i < n; i += 16) row_store(y + i, row_load(a + i, n - i) * row_load(b + i, n - i), n - i);
}

HIDDEN void NAME(scale)(const float *x, float factor, int n, float *y) {
  for (int i = 0; i < n; i += 16) row_store(y + i, row_load(x + i, n - i) * factor, n - i);
}

HIDDEN void NAME(softcap)(const float *x, float cap, int n, float *y) {
  for (int i = 0; i < n; i += 16) row_store(y + i, f_softcap(row_load(x + i, n - i), cap), n - i);
}

INLINE void unary_rows(const enum apus_unary kind, const float *x, const float *up, int n, float *y) {
  for (int i = 0; i < n; i += 16) {
    f32x16 v = f_unary(kind, row_load(x + i, n - i));
    if (up) v = v * row_load(up + i, n - i);
    row_store(y + i, v, n - i);
  }
}

INLINE void unary_any(enum apus_unary kind, const float *x, const float *up, int n, float *y) {
  switch (kind) {
  case APUS_IDENTITY: unary_rows(APUS_IDENTITY, x, up, n, y); break;
  case APUS_SILU: unary_rows(APUS_SILU, x, up, n, y); break;
  case APUS_GELU_TANH: unary_rows(APUS_GELU_TANH, x, up, n, y); break;
  case APUS_GELU_ERF: unary_rows(APUS_GELU_ERF, x, up, n, y); break;
  case APUS_RELU: unary_rows(APUS_RELU, x, up, n, y); break;
  case APUS_RELU_SQUARED: unary_rows(APUS_RELU_SQUARED, x, up, n, y); break;
  case APUS_TANH: unary_rows(APUS_TANH, x, up, n, y); break;
  case APUS_SIGMOID: unary_rows(APUS_SIGMOID, x, up, n, y); break;
  case APUS_EXP: unary_rows(APUS_EXP, x, up, n, y); break;
  }
}

HIDDEN void NAME(unary)(enum apus_unary kind, const float *x, int n, float *y) { unary_any(kind, x, 0, n, y); }

HIDDEN void NAME(gated)(enum apus_unary kind, const float *gate, const float *up, int n, float *y) {
  unary_any(kind, gate, up, n, y);
}

// (a, b) → (fma(a, cos, −(b · sin)), fma(b, cos, a · sin))
INLINE void rope_rows(const float *x, const float *table, int half, int interleaved, const int back, float *y) {
  const float *cosines = table, *sines = table + half;
  for (int i = 0; i < half; i += 16) {
    int n = half - i;
    f32x16 c = row_load(cosines + i, n), s = row_load(sines + i, n), a, b;
    if (back) s = -s;
    if (interleaved) {
      f32x16 first = row_load(x + 2 * i, 2 * n);
      f32x16 second = n > 8 ? row_load(x + 2 * i + 16, 2 * n - 16) : f_splat(0);
      a = __builtin_shufflevector(first, second, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
      b = __builtin_shufflevector(first, second, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    } else {
      a = row_load(x + i, n);
      b = row_load(x + half + i, n);
    }
    f32x16 u = f_fma(a, c, -(b * s)), v = f_fma(b, c, a * s);
    if (interleaved) {
      f32x16 first =
          __builtin_shufflevector(u, v, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      f32x16 second =
          __builtin_shufflevector(u, v, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      row_store(y + 2 * i, first, 2 * n);
      if (n > 8) row_store(y + 2 * i + 16, second, 2 * n - 16);
    } else {
      row_store(y + i, u, n);
      row_store(y + half + i, v, n);
    }
  }
}

HIDDEN void NAME(rope)(const float *x, const float *table, int half, int interleaved, float *y) {
  rope_rows(x, table, half, interleaved, 0, y);
}

HIDDEN void NAME(rope_back)(const float *x, const float *table, int half, int interleaved, float *y) {
  rope_rows(x, table, half, interleaved, 1, y);
}
