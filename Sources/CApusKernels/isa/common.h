// The vector vocabulary shared by every instruction set: 16-lane types, loads, stores, arithmetic.
//
// The types are clang vectors of 16 lanes; the compiler cuts them into the registers a target has (one zmm,
// two ymm, four q), so a body reads the same everywhere and rounds the same everywhere. What a compiler
// cannot be trusted to find (dot products, half conversions, table look-ups, partial loads) is named in
// portable.h, avx2.h, avx512.h and neon.h, which define the same names. Included inside the region of a target attribute.

#pragma once

#include "../include/apus_kernels.h"

#pragma STDC FP_CONTRACT OFF

// Vectors wider than a register have no stable calling convention; every function that takes one is inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline, unused))
#define UNROLL _Pragma("clang loop unroll(full)")
#define ROLLED _Pragma("clang loop unroll(disable)")

typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef float f32x8 __attribute__((ext_vector_type(8)));
typedef int32_t i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t u32x16 __attribute__((ext_vector_type(16)));
typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));
typedef uint16_t u16x32 __attribute__((ext_vector_type(32)));
typedef int16_t i16x16 __attribute__((ext_vector_type(16)));
typedef int16_t i16x32 __attribute__((ext_vector_type(32)));
typedef uint16_t u16x32 __attribute__((ext_vector_type(32)));
typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));
typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef uint8_t u8x32 __attribute__((ext_vector_type(32)));
typedef int8_t i8x32 __attribute__((ext_vector_type(32)));
typedef uint8_t u8x64 __attribute__((ext_vector_type(64)));
typedef int8_t i8x64 __attribute__((ext_vector_type(64)));

// Memory. Nothing is assumed about alignment.

INLINE f32x16 f_load(const float *p) {
  f32x16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE void f_store(float *p, f32x16 v) { __builtin_memcpy(p, &v, sizeof v); }

INLINE u8x64 b_load(const uint8_t *p) {
  u8x64 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE u8x32 b32_load(const uint8_t *p) {
  u8x32 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE u8x16 b16_load(const uint8_t *p) {
  u8x16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE u16x16 h_load(const uint16_t *p) {
  u16x16 v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// The first n (0 … 16) values; the other lanes are zero and their memory is not touched.
INLINE u16x16 h_load_n(const uint16_t *p, int n) {
  if (n >= 16) return h_load(p);
  uint16_t lanes[16] = {0};
  for (int i = 0; i < n; i++) lanes[i] = p[i];
  return h_load(lanes);
}

INLINE int32_t load_i32(const void *p) {
  int32_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

INLINE int32_t load_i16(const void *p) {
  int16_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

// Lanes.

INLINE f32x16 f_splat(float x) { return (f32x16)x; }
INLINE i32x16 i_splat(int32_t x) { return (i32x16)x; }
INLINE i32x16 as_i32(f32x16 x) { return (i32x16)x; }
INLINE f32x16 as_f32(i32x16 x) { return (f32x16)x; }
INLINE f32x16 i_to_f(i32x16 x) { return __builtin_convertvector(x, f32x16); }
INLINE i32x16 lane_numbers(void) { return (i32x16){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}; }

// Arithmetic. `+ - * /` are IEEE operations, one rounding each; fma rounds once.

INLINE float s_fma(float a, float b, float c) { return __builtin_elementwise_fma(a, b, c); }
#ifdef NO_VECTOR_FMA
// Without the instruction every lane is a call of libm; one loop keeps them out of the bodies.
static __attribute__((noinline)) void fma_lanes(const float *a, const float *b, float *c) {
  for (int i = 0; i < 16; i++) c[i] = s_fma(a[i], b[i], c[i]);
}
INLINE f32x16 f_fma(f32x16 a, f32x16 b, f32x16 c) {
  fma_lanes((const float *)&a, (const float *)&b, (float *)&c);
  return c;
}
#else
INLINE f32x16 f_fma(f32x16 a, f32x16 b, f32x16 c) { return __builtin_elementwise_fma(a, b, c); }
#endif
INLINE f32x16 f_sqrt(f32x16 a) { return __builtin_elementwise_sqrt(a); }
INLINE float s_sqrt(float a) { return __builtin_elementwise_sqrt(a); }

// b when a ≤ b, when they compare equal, or when either is NaN: the rule of x86's instruction.
INLINE f32x16 f_max(f32x16 a, f32x16 b) { return a > b ? a : b; }
INLINE f32x16 f_min(f32x16 a, f32x16 b) { return a < b ? a : b; }
INLINE float s_max(float a, float b) { return a > b ? a : b; }

// Across lanes: one fixed tree, halves first: lane i with i + 8, then + 4, + 2, + 1.

INLINE float f_sum(f32x16 v) {
  f32x8 a = v.lo + v.hi;
  float x = (a[0] + a[4]) + (a[2] + a[6]);
  float y = (a[1] + a[5]) + (a[3] + a[7]);
  return x + y;
}

INLINE float f_max_lane(f32x16 v) {
  f32x8 a = v.lo > v.hi ? v.lo : v.hi;
  float x = s_max(s_max(a[0], a[4]), s_max(a[2], a[6]));
  float y = s_max(s_max(a[1], a[5]), s_max(a[3], a[7]));
  return s_max(x, y);
}

INLINE int32_t i_max_lane(i32x16 v) { return __builtin_reduce_max(v); }
INLINE int32_t i_sum(i32x16 v) { return __builtin_reduce_add(v); }
