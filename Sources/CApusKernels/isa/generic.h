// Bodies in plain C for the names an instruction set may lack; a header that has an instruction defines the
// name's HAS_ macro and its own body. These are the definitions the others are held against.

#pragma once

#include "common.h"

#ifndef HAS_PARTIAL
// The first n (0 … 16) values; the other lanes are zero and their memory is not touched.
INLINE f32x16 f_load_n(const float *p, int n) {
  float lanes[16] = {0};
  for (int i = 0; i < n; i++) lanes[i] = p[i];
  return f_load(lanes);
}

INLINE void f_store_n(float *p, f32x16 v, int n) {
  float lanes[16];
  f_store(lanes, v);
  for (int i = 0; i < n; i++) p[i] = lanes[i];
}
#endif

#ifndef HAS_HALF
// IEEE half to float, exact. Normal numbers move their exponent by 112; subnormal ones are their integer
// times 2⁻²⁴; infinities and NaN take the largest exponent.
INLINE f32x16 half_to_f32(u16x16 h) {
  i32x16 bits = __builtin_convertvector(h, i32x16);
  i32x16 sign = (bits & 0x8000) << 16;
  i32x16 magnitude = bits & 0x7fff;
  i32x16 normal = (magnitude << 13) + (112 << 23);
  i32x16 special = (magnitude << 13) | 0x7f800000;
  i32x16 small = as_i32(i_to_f(magnitude) * f_splat(0x1p-24f));
  i32x16 result = magnitude < 0x0400 ? small : (magnitude >= 0x7c00 ? special : normal);
  return as_f32(result | sign);
}

// Float to half, to nearest, ties to even; overflow gives infinity.
INLINE u16x16 f32_to_half(f32x16 x) {
  i32x16 bits = as_i32(x);
  i32x16 sign = (bits >> 16) & 0x8000;
  i32x16 magnitude = bits & 0x7fffffff;
  // A normal result: drop 13 bits, rounding half to even by adding 0x0fff and the last bit kept.
  i32x16 normal = (magnitude - (112 << 23) + 0x0fff + ((magnitude >> 13) & 1)) >> 13;
  // A subnormal one: adding 0.5 leaves its integer multiple of 2⁻²⁴ in the low bits, rounded by the addition.
  i32x16 small = as_i32(as_f32(magnitude) + f_splat(0.5f)) - as_i32(f_splat(0.5f));
  i32x16 result = magnitude < (113 << 23) ? small : normal;
  result = magnitude >= 0x47800000 ? i_splat(0x7c00) : result;
  result = magnitude > 0x7f800000 ? i_splat(0x7e00) : result;
  return __builtin_convertvector(result | sign, u16x16);
}
#endif

#ifndef HAS_SCALE
// p · 2^n, rounded once; n (−152 … 130) as `whole`, and in the low bits of `shifted` = n + 1.5 · 2²³. In two factors,
// because n reaches below the smallest exponent: only the second product rounds.
INLINE f32x16 times_power(f32x16 p, f32x16 shifted, f32x16 whole) {
  (void)whole;
  i32x16 n = as_i32(shifted) - as_i32(f_splat(0x1.8p23f)), half = n >> 1;
  f32x16 first = as_f32((half + 127) << 23), second = as_f32((n - half + 127) << 23);
  return p * first * second;
}
#endif

#ifndef HAS_DOT
// acc + Σ (w[j] − offset)·x[j] over the four bytes of a lane.
static __attribute__((noinline)) void dot_lanes(int32_t *acc, const uint8_t *w, int32_t offset, int32_t x) {
  int8_t q[4];
  __builtin_memcpy(q, &x, 4);
  for (int lane = 0; lane < 16; lane++)
    for (int j = 0; j < 4; j++) acc[lane] += (w[4 * lane + j] - offset) * q[j];
}

INLINE i32x16 dot_offset(i32x16 acc, u8x64 w, int32_t offset, int32_t x) {
  int32_t lanes[16];
  uint8_t bytes[64];
  __builtin_memcpy(lanes, &acc, sizeof acc);
  __builtin_memcpy(bytes, &w, sizeof w);
  dot_lanes(lanes, bytes, offset, x);
  __builtin_memcpy(&acc, lanes, sizeof acc);
  return acc;
}

// acc + Σ w[j]·x[j], w unsigned at most 127.
INLINE i32x16 dot_u7(i32x16 acc, u8x64 w, int32_t x) { return dot_offset(acc, w, 0, x); }

// The same for signed weights stored as w + 128; CENTRED says that the body subtracts the 128 itself.
enum { CENTRED = 1 };
INLINE i32x16 dot_s8(i32x16 acc, u8x64 w, int32_t x) { return dot_offset(acc, w, 128, x); }
#endif

#ifndef HAS_DOT2
// acc + w[0]·x[0] + w[1]·x[1] over the two 16-bit halves of a lane.
INLINE i32x16 dot_i16(i32x16 acc, i16x32 w, int32_t x) {
  i32x16 low = __builtin_convertvector(w.even, i32x16);
  i32x16 high = __builtin_convertvector(w.odd, i32x16);
  return acc + low * (int32_t)(int16_t)x + high * (x >> 16);
}
#endif

#ifndef HAS_LOOKUP
// table[index], index 0 … 15.
INLINE u8x64 b_lookup(const uint8_t table[16], u8x64 index) {
  uint8_t bytes[64];
  __builtin_memcpy(bytes, &index, sizeof index);
  ROLLED for (int i = 0; i < 64; i++) bytes[i] = table[bytes[i]];
  __builtin_memcpy(&index, bytes, sizeof index);
  return index;
}
#endif

#if !defined(HAS_BF16) && !defined(HAS_FLUSH)
// The state that makes the processor itself flush; nothing here.
INLINE unsigned flush_begin(void) { return 0; }
INLINE void flush_end(unsigned state, const f32x16 *results) { (void)state, (void)results; }

// A multiply-add as the bfloat16 instruction of x86 does it: subnormal inputs count as zero, and so does a result that
// is below 2⁻¹²⁶ after rounding to 24 bits (as if the exponent had no end).
INLINE f32x16 flush(f32x16 x) {
  i32x16 bits = as_i32(x);
  return as_f32((bits & 0x7f800000) == 0 ? (bits & (i32x16)INT32_MIN) : bits);
}

INLINE f32x16 flushed_fma(f32x16 a, f32x16 b, f32x16 c) {
  f32x16 r = f_fma(a, b, c);
  i32x16 least = (as_i32(r) & 0x7fffffff) == 0x00800000;
  if (__builtin_expect(__builtin_reduce_or(least) != 0, 0)) {
    // Rounding to the subnormal grid may have lifted r to 2⁻¹²⁶; the same sum 2⁶⁴ times as large shows it. a · 2⁶⁴ is
    // finite there: b is at least 2⁻¹²⁶, so a is at most about 1.
    f32x16 wide = f_fma(a * 0x1p64f, b, c * 0x1p64f);
    i32x16 below = (as_i32(wide) & 0x7fffffff) < as_i32(f_splat(0x1p-62f));
    r = as_f32(least & below ? as_i32(r) & (i32x16)INT32_MIN : as_i32(r));
  }
  return flush(r);
}
#elif !defined(HAS_BF16)
INLINE f32x16 flush(f32x16 x) { return x; }
INLINE f32x16 flushed_fma(f32x16 a, f32x16 b, f32x16 c) { return f_fma(a, b, c); }
#endif

#ifndef HAS_BF16
// acc + w₁x₁, then + w₀x₀: slot 1 holds the even column. x is the pair of one token in memory.
INLINE f32x16 dot_bf16(f32x16 acc, u32x16 w, uint32_t x) {
  f32x16 w1 = flush(as_f32((i32x16)(w & 0xffff0000))), w0 = flush(as_f32((i32x16)(w << 16)));
  f32x16 x1 = flush(as_f32(i_splat((int32_t)(x & 0xffff0000)))), x0 = flush(as_f32(i_splat((int32_t)(x << 16))));
  return flushed_fma(w0, x0, flushed_fma(w1, x1, acc));
}
#endif
