// The bodies of the other optimisers, and what all of them share: sums of squares and weighted sums. One pass each;
// w, m and out may be read and written in place.

#pragma once

typedef double f64x16 __attribute__((ext_vector_type(16)));
typedef double f64x8 __attribute__((ext_vector_type(8)));

// Σ (x · factor · y)², y taken as 1 when NULL. The square of a float is exact in double, so one rounding a value is left;
// it cannot overflow, so the sum is finite exactly when every value is.
HIDDEN double NAME(sum_squares)(const float *x, const float *y, float factor, int64_t n) {
  f64x16 sum = (f64x16)0.0;
  for (int64_t i = 0; i < n; i += 16) {
    const int rest = n - i < 16 ? (int)(n - i) : 16;
    f32x16 v = row_load(x + i, rest) * factor;
    if (y) v = v * row_load(y + i, rest);
    f64x16 wide = __builtin_convertvector(v, f64x16);
    sum = sum + wide * wide;
  }
  f64x8 a = sum.lo + sum.hi;
  return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
}

HIDDEN void NAME(weighted_sum)(float a, const float *x, float b, const float *y, int n, float *out) {
  for (int i = 0; i < n; i += 16)
    row_store(out + i, f_fma(row_load(x + i, n - i), f_splat(a), row_load(y + i, n - i) * b), n - i);
}

HIDDEN void NAME(sgd)(const struct apus_sgd *arguments, int n, float *w, const float *g, float *m) {
  const struct apus_sgd s = *arguments;
  for (int i = 0; i < n; i += 16) {
    const int rest = n - i;
    f32x16 x = row_load(w + i, rest);
    f32x16 d = f_fma(x, f_splat(s.decay), row_load(g + i, rest) * s.gradient_scale);
    if (m) {
      f32x16 velocity = f_fma(row_load(m + i, rest), f_splat(s.momentum), d);
      row_store(m + i, velocity, rest);
      d = s.nesterov ? f_fma(velocity, f_splat(s.momentum), d) : velocity;
    }
    row_store(w + i, f_fma(d, f_splat(-s.step), x), rest);
  }
}

HIDDEN void NAME(lion)(const struct apus_lion *arguments, int n, float *w, const float *g, float *m) {
  const struct apus_lion s = *arguments;
  for (int i = 0; i < n; i += 16) {
    const int rest = n - i;
    f32x16 d = row_load(g + i, rest) * s.gradient_scale, momentum = row_load(m + i, rest);
    f32x16 c = f_fma(d, f_splat(s.blend1), momentum * s.beta1);
    // Zero and NaN stay what they are.
    f32x16 sign = c > 0.0f ? f_splat(1) : (c < 0.0f ? f_splat(-1) : c);
    row_store(w + i, f_fma(sign, f_splat(-s.step), row_load(w + i, rest) * s.keep), rest);
    row_store(m + i, f_fma(d, f_splat(s.blend2), momentum * s.beta2), rest);
  }
}

HIDDEN void NAME(adafactor_sums)(
    const float *g, float scale, int rows, int columns, float *row_sums, float *column_sums) {
  for (int j = 0; j < columns; j++) column_sums[j] = 0;
  for (int r = 0; r < rows; r++) {
    f32x16 sum = f_splat(0);
    const float *row = g + (size_t)r * (size_t)columns;
    for (int j = 0; j < columns; j += 16) {
      const int rest = columns - j;
      f32x16 v = row_load(row + j, rest) * scale;
      sum = f_fma(v, v, sum);
      row_store(column_sums + j, f_fma(v, v, row_load(column_sums + j, rest)), rest);
    }
    row_sums[r] = f_sum(sum);
  }
}

HIDDEN void NAME(adafactor)(
    const struct apus_adafactor *arguments, int n, float *w, const float *g, const float *factors, float *m) {
  const struct apus_adafactor s = *arguments;
  for (int i = 0; i < n; i += 16) {
    const int rest = n - i;
    f32x16 d = row_load(g + i, rest) * s.factor * row_load(factors + i, rest) * s.step;
    if (m) {
      d = f_fma(d, f_splat(s.blend1), row_load(m + i, rest) * s.beta1);
      row_store(m + i, d, rest);
    }
    row_store(w + i, f_fma(row_load(w + i, rest), f_splat(s.keep), -d), rest);
  }
}
