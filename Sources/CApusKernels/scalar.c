// Scalar functions. The float ones are one lane of the vector definitions in kernels/math.h; the double ones serve
// tables made once per plan (rotary positions) and final sums. Goals in order: the same bits on every machine,
// at most 2 ULP.

#define ISA scalar
#include "isa/portable.h"
#include "kernels/layout.h"
#include "kernels/math.h"
#define HIDDEN static __attribute__((unused))
#define NAME(name) name##_scalar
#include "kernels/elementwise.h"
#include "kernels/convert.h"

float apus_expf(float x) { return f_exp(f_splat(x))[0]; }
float apus_tanhf(float x) { return f_tanh(f_splat(x))[0]; }
float apus_erff(float x) { return f_erf(f_splat(x))[0]; }
float apus_half_to_float(uint16_t x) { return half_to_f32((u16x16)x)[0]; }
uint16_t apus_float_to_half(float x) { return f32_to_half(f_splat(x))[0]; }
float apus_bfloat_to_float(uint16_t x) { return bf16_to_f32_16((u16x16)x)[0]; }
uint16_t apus_float_to_bfloat(float x) { return f32_to_bf16_16(f_splat(x))[0]; }

static double d_fma(double a, double b, double c) { return __builtin_elementwise_fma(a, b, c); }

static uint64_t bits_of(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}

static double from_bits(uint64_t bits) {
  double x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

// Rounds to the nearest integer, |x| < 2⁵¹.
static double nearest(double x) {
  const double shifter = 0x1.8p52;
  volatile double shifted = x + shifter;
  return shifted - shifter;
}

// Taylor series to the power where the rest is below 2⁻⁵⁶ of the result, |r| ≤ ln 2 / 2; the power of two is applied
// in two factors so that results below the normal range round once.
double apus_exp(double x) {
  if (x != x) return x;
  if (x > 710) return __builtin_inf();
  if (x < -746) return 0;
  const double n = nearest(x * 0x1.71547652b82fep+0);
  double r = d_fma(n, -0x1.62e42fefa39efp-1, x);
  r = d_fma(n, -0x1.abc9e3b39803fp-56, r);
  static const double factorials[12] = {6227020800.0, 479001600.0, 39916800.0, 3628800.0, 362880.0, 40320.0,
                                        5040.0,       720.0,       120.0,      24.0,      6.0,      2.0};
  double p = 0;
  for (int i = 0; i < 12; i++) p = p * r + 1.0 / factorials[i];
  p = 1.0 + (r + r * r * p);
  const int64_t whole = (int64_t)n, half = whole >> 1;
  return p * from_bits((uint64_t)(half + 1023) << 52) * from_bits((uint64_t)(whole - half + 1023) << 52);
}

// x = 2^e · m with √½ ≤ m < √2; ln m = 2 artanh s, s = (m − 1) / (m + 1), |s| < 0.172.
double apus_log(double x) {
  if (x != x || x == __builtin_inf()) return x;
  if (x < 0) return __builtin_nan("");
  if (x == 0) return -__builtin_inf();
  int64_t e = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    e = -54;
  }
  uint64_t bits = bits_of(x);
  e += (int64_t)(bits >> 52) - 1023;
  double m = from_bits((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
  if (m > 0x1.6a09e667f3bcdp+0) {
    m *= 0.5;
    e += 1;
  }
  const double f = m - 1.0, s = f / (2.0 + f), z = s * s;
  double p = 0;
  for (int i = 23; i >= 3; i -= 2) p = (p + 1.0 / i) * z;
  // ln m = f − f²/2 + s (f²/2 + 2 p), written so that f itself is not rounded.
  const double square = 0.5 * f * f, n = (double)e;
  return n * 0x1.62e42fee00000p-1 - ((square - (s * (square + 2.0 * p) + n * 0x1.a39ef35793c76p-33)) - f);
}

// r = x − n · π/2 in three parts, |r| ≤ π/4; returns n mod 4. The first difference is exact, |x| < 2⁵⁰.
static int quarter_turns(double x, double *r) {
  const double n = nearest(x * 0x1.45f306dc9c883p-1);
  double y = d_fma(n, -0x1.921fb54442d18p+0, x);
  y = d_fma(n, -0x1.1a62633145c07p-54, y);
  *r = d_fma(n, 0x1.f1976b7ed8fbcp-110, y);
  return (int)((int64_t)n & 3);
}

// Taylor series, |r| ≤ π/4.
static double sine(double r) {
  const double z = r * r;
  double p = 0;
  for (int i = 19; i >= 3; i -= 2) p = (1.0 + p) * (-z / (double)(i * (i - 1)));
  return r + r * p;
}

static double cosine(double r) {
  const double z = r * r;
  double p = 0;
  for (int i = 20; i >= 4; i -= 2) p = (1.0 + p) * (-z / (double)(i * (i - 1)));
  // 1 − z/2 is rounded; what the rounding lost is added with the rest.
  const double half = 0.5 * z, top = 1.0 - half;
  return top + (((1.0 - top) - half) - half * p);
}

double apus_sin(double x) {
  if (!(x - x == 0)) return __builtin_nan("");
  double r;
  switch (quarter_turns(x, &r)) {
  case 0: return sine(r);
  case 1: return cosine(r);
  case 2: return -sine(r);
  default: return -cosine(r);
  }
}

double apus_cos(double x) {
  if (!(x - x == 0)) return __builtin_nan("");
  double r;
  switch (quarter_turns(x, &r)) {
  case 0: return cosine(r);
  case 1: return -sine(r);
  case 2: return -cosine(r);
  default: return sine(r);
  }
}
