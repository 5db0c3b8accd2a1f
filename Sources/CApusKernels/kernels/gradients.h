// Gradients of row operations: with dy for y = f(x), dx = dy · f′(x). Sums across lanes are canonical, as in norm.h.

#pragma once

// d unary(x) / dx.
INLINE f32x16 f_unary_slope(const enum apus_unary kind, f32x16 x) {
  switch (kind) {
  case APUS_IDENTITY: return f_splat(1);
  case APUS_SILU: {
    // s + x·s·(1 − s) with s = sigmoid(x)
    f32x16 s = 1.0f / (1.0f + f_exp(-x));
    return s * f_fma(x, 1.0f - s, f_splat(1));
  }
  case APUS_GELU_TANH: {
    // t = tanh(u), u = √(2/π)(x + a x³):  ½(1 + t) + ½ x (1 − t²) u′. Far out 1 − t² is zero: u′ has to stay finite.
    f32x16 square = f_min(x * x, f_splat(0x1p100f));
    f32x16 t = f_tanh((0x1.988454p-1f * x) * f_fma(0.044715f * x, x, f_splat(1.0f)));
    f32x16 slope = 0x1.988454p-1f * f_fma(square, f_splat(3 * 0.044715f), f_splat(1));
    return f_fma(0.5f * x * (1.0f - t * t), slope, 0.5f * (1.0f + t));
  }
  case APUS_GELU_ERF: {
    // ½(1 + erf(x/√2)) + x·exp(−x²/2)/√(2π)
    f32x16 density = 0x1.988454p-2f * f_exp(-0.5f * (x * x));
    return f_fma(x, density, 0.5f * (1.0f + f_erf(x * 0x1.6a09e6p-1f)));
  }
  case APUS_RELU: return x > 0.0f ? f_splat(1) : f_splat(0);
  case APUS_RELU_SQUARED: return x > 0.0f ? x + x : f_splat(0);
  case APUS_TANH: {
    f32x16 t = f_tanh(x);
    return 1.0f - t * t;
  }
  case APUS_SIGMOID: {
    f32x16 s = 1.0f / (1.0f + f_exp(-x));
    return s * (1.0f - s);
  }
  case APUS_EXP: return f_exp(x);
  }
  return x;
}

// With `up`: y = unary(x) · up, and dup = dy · unary(x).
INLINE void slope_rows(
    const enum apus_unary kind, const float *x, const float *up, const float *dy, int n, float *dx, float *dup) {
  for (int i = 0; i < n; i += 16) {
    f32x16 v = row_load(x + i, n - i), g = row_load(dy + i, n - i), inner = g;
    if (up) {
      inner = g * row_load(up + i, n - i);
      row_store(dup + i, g * f_unary(kind, v), n - i);
    }
    row_store(dx + i, inner * f_unary_slope(kind, v), n - i);
  }
}

INLINE void slope_any(
    enum apus_unary kind, const float *x, const float *up, const float *dy, int n, float *dx, float *dup) {
  switch (kind) {
  case APUS_IDENTITY: slope_rows(APUS_IDENTITY, x, up, dy, n, dx, dup); break;
  case APUS_SILU: slope_rows(APUS_SILU, x, up, dy, n, dx, dup); break;
  case APUS_GELU_TANH: slope_rows(APUS_GELU_TANH, x, up, dy, n, dx, dup); break;
  case APUS_GELU_ERF: slope_rows(APUS_GELU_ERF, x, up, dy, n, dx, dup); break;
  case APUS_RELU: slope_rows(APUS_RELU, x, up, dy, n, dx, dup); break;
  case APUS_RELU_SQUARED: slope_rows(APUS_RELU_SQUARED, x, up, dy, n, dx, dup); break;
  case APUS_TANH: slope_rows(APUS_TANH, x, up, dy, n, dx, dup); break;
  case APUS_SIGMOID: slope_rows(APUS_SIGMOID, x, up, dy, n, dx, dup); break;
  case APUS_EXP: slope_rows(APUS_EXP, x, up, dy, n, dx, dup); break;
  }
}

HIDDEN void NAME(unary_gradient)(enum apus_unary kind, const float *x, const float *dy, int n, float *dx) {
  slope_any(kind, x, 0, dy, n, dx, 0);
}

HIDDEN void NAME(gated_gradient)(
    enum apus_unary kind, const float *gate, const float *up, const float *dy, int n, float *dgate, float *dup) {
  slope_any(kind, gate, up, dy, n, dgate, dup);
}

HIDDEN void NAME(softcap_gradient)(const float *x, float cap, const float *dy, int n, float *dx) {
  for (int i = 0; i < n; i += 16) {
    f32x16 t = f_tanh(row_load(x + i, n - i) / cap);
    row_store(dx + i, row_load(dy + i, n - i) * (1.0f - t * t), n - i);
  }
}

// x̂ = x·r, g = dy·w:  dx = r·(g − x̂·mean(g·x̂))
HIDDEN void NAME(rms_norm_gradient)(
    const float *x, const float *w, const float *dy, int n, float eps, float *dx, float *stats) {
  f32x16 squares = f_splat(0), products = f_splat(0);
  for (int i = 0; i < n; i += 16) {
    f32x16 v = row_load(x + i, n - i);
    squares = f_fma(v, v, squares);
    products = f_fma(row_load(dy + i, n - i) * row_load(w + i, n - i), v, products);
  }
  float r = 1.0f / s_sqrt(f_sum(squares) / (float)n + eps);
  float c = f_sum(products) / (float)n * (r * r);
  for (int i = 0; i < n; i += 16) {
    f32x16 g = row_load(dy + i, n - i) * row_load(w + i, n - i);
    row_store(dx + i, r * (g - c * row_load(x + i, n - i)), n - i);
  }
  stats[0] = 0;
  stats[1] = r;
}

// x̂ = (x − mean)·r, g = dy·w:  dx = r·(g − mean(g) − x̂·mean(g·x̂))
HIDDEN void NAME(layer_norm_gradient)(
    const float *x, const float *w, const float *dy, int n, float eps, float *dx, float *stats) {
  float mean = sum_of(x, n) / (float)n;
  f32x16 squares = f_splat(0), sums = f_splat(0), products = f_splat(0);
  for (int i = 0; i < n; i += 16) {
    f32x16 v = row_load(x + i, n - i) - mean;
    if (n - i < 16) v = lane_numbers() < n - i ? v : f_splat(0);
    f32x16 g = row_load(dy + i, n - i) * row_load(w + i, n - i);
    squares = f_fma(v, v, squares);
    sums = sums + g;
    products = f_fma(g, v, products);
  }
  float r = 1.0f / s_sqrt(f_sum(squares) / (float)n + eps);
  float a = f_sum(sums) / (float)n, c = f_sum(products) / (float)n * (r * r);
  for (int i = 0; i < n; i += 16) {
    f32x16 g = row_load(dy + i, n - i) * row_load(w + i, n - i);
    row_store(dx + i, r * ((g - a) - c * (row_load(x + i, n - i) - mean)), n - i);
  }
  stats[0] = mean;
  stats[1] = r;
}

// Sums over rows: each 256 from zero, rows ascending, then added to what there is. `first` replaces it.
enum { SUM_ROWS = 256 };

HIDDEN void NAME(sum_rows)(const float *x, size_t stride, int rows, int n, int first, float *y) {
  for (int i = 0; i < n; i += 16) {
    f32x16 total = first ? f_splat(0) : row_load(y + i, n - i);
    for (int start = 0; start < rows; start += SUM_ROWS) {
      f32x16 sum = f_splat(0);
      const int end = rows - start < SUM_ROWS ? rows : start + SUM_ROWS;
      for (int r = start; r < end; r++) sum = sum + row_load(x + (size_t)r * stride + i, n - i);
      total = total + sum;
    }
    row_store(y + i, total, n - i);
  }
}

// dw[i] += Σ_rows dy[i] · (x[i] − mean)·r, in chunks as above.
HIDDEN void NAME(norm_weight_gradient)(
    const float *x, size_t x_stride, const float *dy, size_t dy_stride, const float *stats, size_t stats_stride,
    int rows, int n, int first, float *dw) {
  for (int i = 0; i < n; i += 16) {
    f32x16 total = first ? f_splat(0) : row_load(dw + i, n - i);
    for (int start = 0; start < rows; start += SUM_ROWS) {
      f32x16 sum = f_splat(0);
      const int end = rows - start < SUM_ROWS ? rows : start + SUM_ROWS;
      for (int r = start; r < end; r++) {
        const float *s = stats + (size_t)r * stats_stride;
        f32x16 v = (row_load(x + (size_t)r * x_stride + i, n - i) - s[0]) * s[1];
        sum = f_fma(row_load(dy + (size_t)r * dy_stride + i, n - i), v, sum);
      }
      total = total + sum;
    }
    row_store(dw + i, total, n - i);
  }
}

// dx = a·exp(x − log_sum) − b: the gradient of a cross entropy but for the target's own value.
HIDDEN void NAME(softmax_gradient)(const float *x, int64_t n, float log_sum, float a, float b, float *dx) {
  for (int64_t i = 0; i < n; i += 16) {
    const int left = n - i < 16 ? (int)(n - i) : 16;
    row_store(dx + i, f_fma(f_exp(row_load(x + i, left) - log_sum), f_splat(a), f_splat(-b)), left);
  }
}
