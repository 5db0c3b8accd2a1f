// Arm NEON (AArch64): four q registers per 16-lane vector. USE_DOTPROD adds the dot product of signed bytes, USE_I8MM
// that of unsigned by signed ones.

#pragma once

#define HAS_HALF
#define HAS_DOT
#define HAS_DOT2
#define HAS_LOOKUP
#include "generic.h"

typedef union {
  u8x64 bytes;
  i32x16 ints;
  i16x32 shorts;
  f32x16 floats;
  uint8x16_t u8[4];
  int16x8_t s16[4];
  int32x4_t s32[4];
  float32x4_t f32[4];
} quads;

typedef union {
  u16x16 halves;
  float16x4_t f16[4];
} half_quads;

INLINE f32x16 half_to_f32(u16x16 h) {
  half_quads from = {.halves = h};
  quads to;
  UNROLL for (int i = 0; i < 4; i++) to.f32[i] = vcvt_f32_f16(from.f16[i]);
  return to.floats;
}

INLINE u16x16 f32_to_half(f32x16 x) {
  quads from = {.floats = x};
  half_quads to;
  UNROLL for (int i = 0; i < 4; i++) to.f16[i] = vcvt_f16_f32(from.f32[i]);
  return to.halves;
}

INLINE u8x64 b_lookup(const uint8_t table[16], u8x64 index) {
  quads v = {.bytes = index};
  uint8x16_t bytes = vld1q_u8(table);
  UNROLL for (int i = 0; i < 4; i++) v.u8[i] = vqtbl1q_u8(bytes, v.u8[i]);
  return v.bytes;
}

// acc + Σ w·x over the four bytes of a lane. x is signed; w is unsigned with i8mm, signed without.
INLINE int32x4_t dot_quad(int32x4_t acc, uint8x16_t bytes, int8x16_t x) {
#ifdef USE_I8MM
  return vusdotq_s32(acc, bytes, x);
#else
  int8x16_t w = vreinterpretq_s8_u8(bytes);
#ifdef USE_DOTPROD
  return vdotq_s32(acc, w, x);
#else
  // Products have at most 15 bits and a sign; neighbours are added in 32 bits, twice.
  int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(x)));
  int32x4_t high = vpaddlq_s16(vmull_high_s8(w, x));
  return vaddq_s32(acc, vpaddq_s32(low, high));
#endif
#endif
}

INLINE i32x16 dot_u7(i32x16 acc, u8x64 w, int32_t x) {
  quads a = {.ints = acc}, b = {.bytes = w};
  int8x16_t q = vreinterpretq_s8_s32(vdupq_n_s32(x));
  UNROLL for (int i = 0; i < 4; i++) a.s32[i] = dot_quad(a.s32[i], b.u8[i], q);
  return a.ints;
}

#ifdef USE_I8MM
// The instruction takes unsigned weights: the accumulator starts from −128·Σx instead.
enum { CENTRED = 0 };
INLINE i32x16 dot_s8(i32x16 acc, u8x64 w, int32_t x) { return dot_u7(acc, w, x); }

#else
// The instruction takes signed weights: no offset is left to pay.
enum { CENTRED = 1 };
INLINE i32x16 dot_s8(i32x16 acc, u8x64 w, int32_t x) { return dot_u7(acc, w ^ 0x80, x); }
#endif

INLINE i32x16 dot_i16(i32x16 acc, i16x32 w, int32_t x) {
  quads a = {.ints = acc}, b = {.shorts = w};
  int16x8_t q = vreinterpretq_s16_s32(vdupq_n_s32(x));
  UNROLL for (int i = 0; i < 4; i++) {
    int32x4_t low = vmull_s16(vget_low_s16(b.s16[i]), vget_low_s16(q)), high = vmull_high_s16(b.s16[i], q);
    a.s32[i] = vaddq_s32(a.s32[i], vpaddq_s32(low, high));
  }
  return a.ints;
}

// 32 registers of 4 lanes. f32: 6 tokens × 4 accumulators, 4 weights, 1 activation. int8: 4 tokens × 4, the float
// accumulators rest in the stack between blocks. Not tuned on hardware.
#define VECTOR_BITS 128
#define F32_TOKENS 6
#define F32_PANELS 1
#define F32_PANELS_ONE 2
#define F32_UNROLL 1
#define I8_TOKENS 4
#define I8_PANELS 1
#define ATTENTION_ROWS 6
#define ATTENTION_FEW 1
#define ATTENTION_GROUPS 1
#define ATTENTION_GROUPS_FEW 4
#define ATTENTION_COLUMNS 1
#define ATTENTION_COLUMNS_FEW 4
#define PEAK_CHAINS 6
