// exp, tanh and erf on 16 lanes. Goals in order: the same bits on every instruction set, at most 2 ULP, speed.
//
// Only IEEE operations and fma are used, so the definition is the sequence of roundings below. The
// polynomials come from dev/fit-polynomials.py. Edge cases: exp(−inf) = 0, exp(+inf) = +inf, results below
// the normal range are rounded correctly, NaN gives NaN.

#pragma once

// e^x = 2^n · e^r with n = round(x / ln 2), |r| ≤ ln 2 / 2.
INLINE f32x16 f_exp(f32x16 x) {
  // Beyond these the result is inf or 0; the comparison keeps NaN.
  x = x > 90.0f ? f_splat(90.0f) : x;
  x = x < -105.0f ? f_splat(-105.0f) : x;
  // Adding 1.5 · 2²³ rounds to an integer and leaves it in the low bits.
  const f32x16 shifter = f_splat(0x1.8p23f);
  f32x16 shifted = f_fma(x, f_splat(0x1.715476p+0f), shifter);
  f32x16 whole = shifted - shifter;
  // ln 2 in two parts.
  f32x16 r = f_fma(whole, f_splat(-0x1.62e43p-1f), x);
  r = f_fma(whole, f_splat(0x1.05c61p-29f), r);
  f32x16 p = f_splat(+1.381422160e-03f);
  p = f_fma(p, r, f_splat(+8.368899114e-03f));
  p = f_fma(p, r, f_splat(+4.166840389e-02f));
  p = f_fma(p, r, f_splat(+1.666651964e-01f));
  p = f_fma(p, r, f_splat(+4.999999404e-01f));
  p = f_fma(r * r, p, r) + 1.0f;
  return times_power(p, shifted, whole);
}

INLINE f32x16 with_sign_of(f32x16 magnitude, f32x16 x) {
  return as_f32(as_i32(magnitude) | (as_i32(x) & (i32x16)INT32_MIN));
}

INLINE f32x16 f_abs(f32x16 x) { return as_f32(as_i32(x) & 0x7fffffff); }

// |x| < 0.625: x + x³ p(x²). Above: 1 − 2 / (e^2|x| + 1).
INLINE f32x16 f_tanh(f32x16 x) {
  f32x16 a = f_abs(x), square = x * x;
  f32x16 p = f_splat(+2.118017990e-03f);
  p = f_fma(p, square, f_splat(-8.150697686e-03f));
  p = f_fma(p, square, f_splat(+2.169015445e-02f));
  p = f_fma(p, square, f_splat(-5.394488946e-02f));
  p = f_fma(p, square, f_splat(+1.333319098e-01f));
  p = f_fma(p, square, f_splat(-3.333333135e-01f));
  f32x16 small = f_fma(a * square, p, a);
  f32x16 large = 1.0f - 2.0f / (f_exp(a + a) + 1.0f);
  return with_sign_of(a < 0.625f ? small : large, x);
}

// |x| < 0.9: x + x p(x²). Above: 1 − exp(−|x| p(|x|)), which is 1 from 4 on.
INLINE f32x16 f_erf(f32x16 x) {
  f32x16 a = f_abs(x), square = x * x;
  f32x16 p = f_splat(+8.476979565e-05f);
  p = f_fma(p, square, f_splat(-8.167469641e-04f));
  p = f_fma(p, square, f_splat(+5.203170702e-03f));
  p = f_fma(p, square, f_splat(-2.686024271e-02f));
  p = f_fma(p, square, f_splat(+1.128371060e-01f));
  p = f_fma(p, square, f_splat(-3.761263490e-01f));
  p = f_fma(p, square, f_splat(+1.283791661e-01f));
  f32x16 small = f_fma(a, p, a);
  f32x16 b = a > 4.0f ? f_splat(4.0f) : a;
  f32x16 q = f_splat(+5.670642622e-06f);
  q = f_fma(q, b, f_splat(-5.444033377e-05f));
  q = f_fma(q, b, f_splat(-4.785762030e-06f));
  q = f_fma(q, b, f_splat(+2.807347104e-03f));
  q = f_fma(q, b, f_splat(-2.247698791e-02f));
  q = f_fma(q, b, f_splat(+1.050772741e-01f));
  q = f_fma(q, b, f_splat(+6.357199550e-01f));
  q = f_fma(q, b, f_splat(+1.128531456e+00f));
  f32x16 large = 1.0f - f_exp(-(b * q));
  return with_sign_of(a < 0.9f ? small : large, x);
}

// cap · tanh(x / cap)
INLINE f32x16 f_softcap(f32x16 x, float cap) { return cap * f_tanh(x / cap); }

INLINE f32x16 f_unary(const enum apus_unary kind, f32x16 x) {
  switch (kind) {
  case APUS_IDENTITY: return x;
  case APUS_SILU: return x / (1.0f + f_exp(-x));
  case APUS_GELU_TANH: {
    // √(2/π) · (x + 0.044715 x³)
    f32x16 inner = (0x1.988454p-1f * x) * f_fma(0.044715f * x, x, f_splat(1.0f));
    return (0.5f * x) * (1.0f + f_tanh(inner));
  }
  case APUS_GELU_ERF: return (0.5f * x) * (1.0f + f_erf(x * 0x1.6a09e6p-1f));
  case APUS_RELU: return x < 0.0f ? f_splat(0) : x;
  case APUS_RELU_SQUARED: {
    f32x16 y = x < 0.0f ? f_splat(0) : x;
    return y * y;
  }
  case APUS_TANH: return f_tanh(x);
  case APUS_SIGMOID: return 1.0f / (1.0f + f_exp(-x));
  case APUS_EXP: return f_exp(x);
  }
  return x;
}
