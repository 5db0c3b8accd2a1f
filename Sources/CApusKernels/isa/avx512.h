// AVX-512 (F, BW, DQ, VL): one zmm per 16-lane vector. USE_VNNI and USE_BF16 add the dot product instructions.

#pragma once

#define HAS_PARTIAL
#define HAS_HALF
#define HAS_SCALE
#define HAS_DOT
#define HAS_DOT2
#define HAS_LOOKUP
#ifdef USE_BF16
#define HAS_BF16
#endif
#include "common.h"
#ifndef USE_BF16
#define HAS_FLUSH
#include "x86_flush.h"
#endif
#include "generic.h"

INLINE __m512i as_zmm(u8x64 x) { return (__m512i)x; }

INLINE f32x16 f_load_n(const float *p, int n) {
  return (f32x16)(_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p));
}

INLINE void f_store_n(float *p, f32x16 v, int n) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
}

INLINE f32x16 half_to_f32(u16x16 h) {
  return (f32x16)_mm512_cvtph_ps((__m256i)h);
}

INLINE u16x16 f32_to_half(f32x16 x) {
  return (u16x16)_mm512_cvtps_ph((__m512)x, _MM_FROUND_TO_NEAREST_INT);
}

INLINE f32x16 times_power(f32x16 p, f32x16 shifted, f32x16 whole) {
  (void)shifted;
  return (f32x16)_mm512_scalef_ps((__m512)p, (__m512)whole);
}

INLINE u8x64 b_lookup(const uint8_t table[16], u8x64 index) {
  __m512i bytes = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
  return (u8x64)_mm512_shuffle_epi8(bytes, as_zmm(index));
}

#ifdef USE_VNNI

INLINE i32x16 dot_u7(i32x16 acc, u8x64 w, int32_t x) {
  return (i32x16)_mm512_dpbusd_epi32((__m512i)acc, as_zmm(w), _mm512_set1_epi32(x));
}

// The instruction takes unsigned weights: the accumulator starts from −128·Σx instead.
enum { CENTRED = 0 };
INLINE i32x16 dot_s8(i32x16 acc, u8x64 w, int32_t x) { return dot_u7(acc, w, x); }

INLINE i32x16 dot_i16(i32x16 acc, i16x32 w, int32_t x) {
  return (i32x16)_mm512_dpwssd_epi32(
          (__m512i)acc, (__m512i)w, _mm512_set1_epi32(x));
}

#else

// Two products of at most 127 · 127 fit in 16 bits, so vpmaddubsw does not saturate.
INLINE i32x16 dot_u7(i32x16 acc, u8x64 w, int32_t x) {
  __m512i pairs = _mm512_maddubs_epi16(as_zmm(w), _mm512_set1_epi32(x));
  return acc + (i32x16)_mm512_madd_epi16(pairs, _mm512_set1_epi16(1));
}

// Weights of 8 bits are never multiplied at once: kernels/short_sums.h.
enum { CENTRED = 0 };

#define HAS_SHORT_SUMS
#define SHORT_PARTS 1
typedef __m512i short_part;
INLINE __m512i short_zero(void) { return _mm512_setzero_si512(); }
INLINE __m512i part_of(u8x64 x, int part) { return (void)part, as_zmm(x); }
INLINE __m512i low_nibbles(__m512i w) { return _mm512_and_si512(w, _mm512_set1_epi8(15)); }
INLINE __m512i high_nibbles(__m512i w) { return low_nibbles(_mm512_srli_epi16(w, 4)); }
INLINE __m512i add_pairs(__m512i acc, __m512i w, int32_t x) {
  return _mm512_add_epi16(acc, _mm512_maddubs_epi16(w, _mm512_set1_epi32(x)));
}
INLINE i32x16 add_lanes(i32x16 acc, __m512i pairs, __m512i m, int part) {
  (void)part;
  return acc + (i32x16)_mm512_madd_epi16(pairs, m);
}

INLINE i32x16 dot_i16(i32x16 acc, i16x32 w, int32_t x) {
  return acc + (i32x16)_mm512_madd_epi16((__m512i)w, _mm512_set1_epi32(x));
}

#endif

#ifdef USE_BF16
// The instruction flushes by itself.
INLINE unsigned flush_begin(void) { return 0; }
INLINE void flush_end(unsigned state, const f32x16 *results) { (void)state, (void)results; }

INLINE f32x16 dot_bf16(f32x16 acc, u32x16 w, uint32_t x) {
  return (f32x16)(_mm512_dpbf16_ps(
          (__m512)acc, (__m512bh)w,
          (__m512bh)_mm512_set1_epi32((int)x)));
}
#endif

// 32 registers. f32: 2 × 12 accumulators, 2 weights, 1 activation. int8: 2 × 6 integer and 2 × 6 float
// accumulators, 2 weights, 1 activation, 2 scales. One token: four panels, so that four chains of
// additions (latency 4) keep the loads busy.
#define F32_TOKENS 12
#define F32_UNROLL 4
#define F32_PANELS 2
#define I8_TOKENS 6
#define I8_PANELS 2
#define F32_PANELS_ONE 4
#define VECTOR_BITS 512
#define ATTENTION_ROWS 12
#define ATTENTION_FEW 4
#define ATTENTION_GROUPS 2
#define ATTENTION_GROUPS_FEW 4
#define ATTENTION_COLUMNS 2
#define ATTENTION_COLUMNS_FEW 4
#define PEAK_CHAINS 12
