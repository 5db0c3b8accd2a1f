// AVX2, FMA and F16C: two ymm per 16-lane vector. USE_AVXVNNI adds vpdpbusd.

#pragma once

#define HAS_HALF
#define HAS_DOT
#define HAS_DOT2
#define HAS_LOOKUP
#include "common.h"
#define HAS_FLUSH
#include "x86_flush.h"
#include "generic.h"

typedef struct {
  __m256i lo, hi;
} ymm2;

INLINE ymm2 as_ymm(u8x64 x) { return (ymm2){(__m256i)x.lo, (__m256i)x.hi}; }

INLINE u8x64 join_bytes(__m256i lo, __m256i hi) {
  u8x64 r;
  r.lo = (u8x32)lo;
  r.hi = (u8x32)hi;
  return r;
}

INLINE i32x16 join_i32(__m256i lo, __m256i hi) { return (i32x16)join_bytes(lo, hi); }

INLINE f32x16 half_to_f32(u16x16 h) {
  f32x16 r;
  r.lo = (f32x8)_mm256_cvtph_ps((__m128i)h.lo);
  r.hi = (f32x8)_mm256_cvtph_ps((__m128i)h.hi);
  return r;
}

INLINE u16x16 f32_to_half(f32x16 x) {
  __m128i lo = _mm256_cvtps_ph((__m256)x.lo, _MM_FROUND_TO_NEAREST_INT);
  __m128i hi = _mm256_cvtps_ph((__m256)x.hi, _MM_FROUND_TO_NEAREST_INT);
  return (u16x16)_mm256_set_m128i(hi, lo);
}

INLINE u8x64 b_lookup(const uint8_t table[16], u8x64 index) {
  __m256i bytes = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
  ymm2 i = as_ymm(index);
  return join_bytes(_mm256_shuffle_epi8(bytes, i.lo), _mm256_shuffle_epi8(bytes, i.hi));
}

#ifdef USE_AVXVNNI

INLINE i32x16 dot_u7(i32x16 acc, u8x64 w, int32_t x) {
  ymm2 a = as_ymm((u8x64)acc), b = as_ymm(w);
  __m256i q = _mm256_set1_epi32(x);
  return join_i32(_mm256_dpbusd_avx_epi32(a.lo, b.lo, q), _mm256_dpbusd_avx_epi32(a.hi, b.hi, q));
}

// The instruction takes unsigned weights: the accumulator starts from −128·Σx instead.
enum { CENTRED = 0 };
INLINE i32x16 dot_s8(i32x16 acc, u8x64 w, int32_t x) { return dot_u7(acc, w, x); }

#else

INLINE __m256i pairs_to_lanes(__m256i pairs) { return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)); }

// Two products of at most 127 · 127 fit in 16 bits, so vpmaddubsw does not saturate.
INLINE i32x16 dot_u7(i32x16 acc, u8x64 w, int32_t x) {
  ymm2 b = as_ymm(w);
  __m256i q = _mm256_set1_epi32(x);
  return acc + join_i32(
                   pairs_to_lanes(_mm256_maddubs_epi16(b.lo, q)), pairs_to_lanes(_mm256_maddubs_epi16(b.hi, q)));
}

// Weights of 8 bits are never multiplied at once: kernels/short_sums.h.
enum { CENTRED = 0 };

#define HAS_SHORT_SUMS
#define SHORT_PARTS 2
typedef __m256i short_part;
INLINE __m256i short_zero(void) { return _mm256_setzero_si256(); }
INLINE __m256i part_of(u8x64 x, int part) { return part ? (__m256i)x.hi : (__m256i)x.lo; }
INLINE __m256i low_nibbles(__m256i w) { return _mm256_and_si256(w, _mm256_set1_epi8(15)); }
INLINE __m256i high_nibbles(__m256i w) { return low_nibbles(_mm256_srli_epi16(w, 4)); }
INLINE __m256i add_pairs(__m256i acc, __m256i w, int32_t x) {
  return _mm256_add_epi16(acc, _mm256_maddubs_epi16(w, _mm256_set1_epi32(x)));
}
INLINE i32x16 add_lanes(i32x16 acc, __m256i pairs, __m256i m, int part) {
  ymm2 a = as_ymm((u8x64)acc);
  __m256i lanes = _mm256_madd_epi16(pairs, m);
  return part ? join_i32(a.lo, _mm256_add_epi32(a.hi, lanes)) : join_i32(_mm256_add_epi32(a.lo, lanes), a.hi);
}

#endif

INLINE i32x16 dot_i16(i32x16 acc, i16x32 w, int32_t x) {
  ymm2 b = as_ymm((u8x64)w);
  __m256i q = _mm256_set1_epi32(x);
  return acc + join_i32(_mm256_madd_epi16(b.lo, q), _mm256_madd_epi16(b.hi, q));
}

// 16 registers of 8 lanes. f32: 6 tokens × 2 accumulators, 2 weights, 1 activation. int8: 4 tokens × 2, the
// rest holds weights, activation and temporaries; the float accumulators live in the stack between blocks.
#define F32_TOKENS 6
#define F32_UNROLL 1
#define F32_PANELS 1
#define I8_TOKENS 4
#define I8_PANELS 1
#define F32_PANELS_ONE 2
#define VECTOR_BITS 256
#define ATTENTION_ROWS 6
#define ATTENTION_FEW 1
#define ATTENTION_GROUPS 1
#define ATTENTION_GROUPS_FEW 4
#define ATTENTION_COLUMNS 1
#define ATTENTION_COLUMNS_FEW 4
#define PEAK_CHAINS 6
