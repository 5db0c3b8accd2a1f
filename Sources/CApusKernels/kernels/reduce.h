// Questions over a long row: the largest value, the log-sum-exp state, whether all is finite.

#pragma once

// The first index of the largest value; a NaN is larger than everything.
HIDDEN int64_t NAME(argmax)(const float *x, int64_t n) {
  const float lowest = -__builtin_inff();
  f32x16 most = f_splat(lowest);
  i32x16 nan = i_splat(0);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    f32x16 v = f_load(x + i);
    most = f_max(v, most);
    nan |= v == v ? i_splat(0) : i_splat(1);
  }
  float top = f_max_lane(most);
  int any_nan = i_max_lane(nan);
  for (; i < n; i++) {
    top = s_max(x[i], top);
    any_nan |= x[i] != x[i];
  }
  for (i = 0; i < n; i++)
    if (any_nan ? x[i] != x[i] : x[i] == top) return i;
  return 0;
}

// (max, Σ exp(x − max)); a row of −inf alone gives the sum 0.
HIDDEN void NAME(sum_exp)(const float *x, int n, float *max, float *sum) {
  const float lowest = -__builtin_inff();
  f32x16 most = f_splat(lowest);
  for (int i = 0; i < n; i += 16) {
    f32x16 v = row_load(x + i, n - i);
    if (n - i < 16) v = lane_numbers() < n - i ? v : f_splat(lowest);
    most = f_max(v, most);
  }
  float top = f_max_lane(most);
  f32x16 total = f_splat(0);
  for (int i = 0; i < n; i += 16) {
    f32x16 v = f_exp(row_load(x + i, n - i) - top);
    if (n - i < 16) v = lane_numbers() < n - i ? v : f_splat(0);
    total = total + v;
  }
  *max = top;
  *sum = top == lowest ? 0.0f : f_sum(total);
}

HIDDEN int NAME(all_finite)(const float *x, int64_t n) {
  i32x16 most = i_splat(0);
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    i32x16 bits = as_i32(f_load(x + i)) & 0x7fffffff;
    most = most > bits ? most : bits;
  }
  int finite = i_max_lane(most) < 0x7f800000;
  for (; i < n; i++) finite &= (load_i32(x + i) & 0x7fffffff) < 0x7f800000;
  return finite;
}
