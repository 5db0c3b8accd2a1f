// Normalisations of one row. Sums are canonical: lane i adds the values i, i + 16, … in order, then f_sum's tree.

#pragma once

INLINE float sum_of(const float *x, int n) {
  f32x16 sum = f_splat(0);
  for (int i = 0; i < n; i += 16) sum = sum + row_load(x + i, n - i);
  return f_sum(sum);
}

HIDDEN void NAME(rms_norm)(const float *x, const float *w, int n, float eps, float *y) {
  f32x16 squares = f_splat(0);
  for (int i = 0; i < n; i += 16) {
    f32x16 v = row_load(x + i, n - i);
    squares = f_fma(v, v, squares);
  }
  float inverse = 1.0f / s_sqrt(f_sum(squares) / (float)n + eps);
  for (int i = 0; i < n; i += 16)
    row_store(y + i, row_load(x + i, n - i) * inverse * row_load(w + i, n - i), n - i);
}

HIDDEN void NAME(layer_norm)(const float *x, const float *w, const float *b, int n, float eps, float *y) {
  float mean = sum_of(x, n) / (float)n;
  f32x16 squares = f_splat(0);
  for (int i = 0; i < n; i += 16) {
    f32x16 v = row_load(x + i, n - i) - mean;
    if (n - i < 16) v = lane_numbers() < n - i ? v : f_splat(0);
    squares = f_fma(v, v, squares);
  }
  float inverse = 1.0f / s_sqrt(f_sum(squares) / (float)n + eps);
  for (int i = 0; i < n; i += 16) {
    f32x16 v = (row_load(x + i, n - i) - mean) * inverse * row_load(w + i, n - i);
    if (b) v = v + row_load(b + i, n - i);
    row_store(y + i, v, n - i);
  }
}

HIDDEN void NAME(unit_norm)(const float *x, int n, float *y) {
  f32x16 squares = f_splat(0);
  for (int i = 0; i < n; i += 16) {
    f32x16 v = row_load(x + i, n - i);
    squares = f_fma(v, v, squares);
  }
  float length = s_sqrt(f_sum(squares));
  if (length < 1e-12f) length = 1e-12f;
  for (int i = 0; i < n; i += 16) row_store(y + i, row_load(x + i, n - i) / length, n - i);
}
