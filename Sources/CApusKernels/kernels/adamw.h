// AdamW (I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101), in PyTorch's form, on
// states of 32 bits or of 8. One pass: each value is read once and written once.

#pragma once

// The next values are on their way while these are computed: the processor's own prefetching stops at the end of a page.
enum { ADAMW_AHEAD = 256 };

struct adam_moments {
  f32x16 m, v;
};

INLINE struct adam_moments adam_blend(const struct apus_adamw *s, f32x16 g, f32x16 m, f32x16 v) {
  g = g * s->gradient_scale;
  return (struct adam_moments){
      f_fma(f_splat(s->blend1), g, m * s->beta1), f_fma(g * s->blend2, g, v * s->beta2)};
}

INLINE f32x16 adam_step(const struct apus_adamw *s, f32x16 w, struct adam_moments moments) {
  f32x16 root = f_fma(f_sqrt(moments.v), f_splat(s->inverse_root), f_splat(s->epsilon));
  return f_fma(moments.m / root, f_splat(-s->step), w * s->keep);
}

HIDDEN void NAME(adamw)(
    const struct apus_adamw *arguments, int n, float *w, const float *g, float *m, float *v) {
  const struct apus_adamw s = *arguments;
  int i = 0;
  ROLLED for (; i + 16 <= n; i += 16) {
    __builtin_prefetch(w + i + ADAMW_AHEAD, 1, 3);
    __builtin_prefetch(g + i + ADAMW_AHEAD, 0, 3);
    __builtin_prefetch(m + i + ADAMW_AHEAD, 1, 3);
    __builtin_prefetch(v + i + ADAMW_AHEAD, 1, 3);
    struct adam_moments next = adam_blend(&s, f_load(g + i), f_load(m + i), f_load(v + i));
    f_store(m + i, next.m);
    f_store(v + i, next.v);
    f_store(w + i, adam_step(&s, f_load(w + i), next));
  }
  if (i < n) {
    const int rest = n - i;
    struct adam_moments next =
        adam_blend(&s, f_load_n(g + i, rest), f_load_n(m + i, rest), f_load_n(v + i, rest));
    f_store_n(m + i, next.m, rest);
    f_store_n(v + i, next.v, rest);
    f_store_n(w + i, adam_step(&s, f_load_n(w + i, rest), next), rest);
  }
}

// States of 8 bits. A block of 256 has the largest |m| and the largest v as scales; a code is a short float below 1: eight
// to an octave, the code of 1 the largest. m: a sign and 127 codes down to 1.25 · 2⁻¹⁶, and zero. v: 256 codes down to
// 1.125 · 2⁻³², which is also what anything smaller becomes: a v of zero beside an m that is not would be a leap.
//
// A value between two codes becomes the upper one as often as it is near it, by a hash of its place and the step. Rounded
// to the nearest, v would stand still: it moves by a thousandth a step, and codes are a tenth apart.

enum { CODE_SHIFT = 20, CODE_OF_ONE = 0x3f800000 >> CODE_SHIFT };
enum { M_BASE = CODE_OF_ONE - 127, V_BASE = CODE_OF_ONE - 255 };

INLINE f32x16 m_value(u8x16 codes, float scale) {
  i32x16 c = __builtin_convertvector(codes, i32x16), size = c & 127;
  f32x16 magnitude = size == 0 ? f_splat(0) : as_f32((size + M_BASE) << CODE_SHIFT);
  return as_f32(as_i32(magnitude) | ((c & 128) << 24)) * scale;
}

INLINE f32x16 v_value(u8x16 codes, float scale) {
  return as_f32((__builtin_convertvector(codes, i32x16) + V_BASE) << CODE_SHIFT) * scale;
}

// Two numbers of 16 bits for each place.
INLINE u32x16 place_hash(uint64_t seed, uint64_t place) {
  u32x16 x = (u32x16)lane_numbers() + (uint32_t)place;
  x = (x ^ (uint32_t)seed) * 0x9E3779B1u;
  x = (x ^ (x >> 16)) + (uint32_t)(seed >> 32) + (uint32_t)(place >> 32);
  x = x * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  return x ^ (x >> 16);
}

// share: at most 1 (what is not a number counts as 1, and shows in w). noise: 16 bits.
INLINE i32x16 upper_or_lower(f32x16 share, i32x16 noise) { return (as_i32(share) + (noise << 4)) >> CODE_SHIFT; }

INLINE u8x16 m_code(f32x16 m, float inverse, i32x16 noise) {
  f32x16 share = f_abs(m) * inverse;
  share = share <= 1.0f ? share : f_splat(1);
  const f32x16 least = as_f32(i_splat((M_BASE + 1) << CODE_SHIFT));
  i32x16 code = upper_or_lower(share, noise) - M_BASE;
  i32x16 below = i_to_f(noise) * 0x1p-16f * least < share ? i_splat(1) : i_splat(0);
  code = share < least ? below : code;
  i32x16 sign = m < 0.0f ? i_splat(128) : i_splat(0);
  return __builtin_convertvector(code | sign, u8x16);
}

INLINE u8x16 v_code(f32x16 v, float inverse, i32x16 noise) {
  f32x16 share = v * inverse;
  const f32x16 least = as_f32(i_splat(V_BASE << CODE_SHIFT));
  share = share <= 1.0f ? share : f_splat(1);
  share = share < least ? least : share;
  return __builtin_convertvector(upper_or_lower(share, noise) - V_BASE, u8x16);
}

INLINE u8x16 code_load(const uint8_t *p, int n) {
  if (n >= 16) return b16_load(p);
  uint8_t lanes[16] = {0};
  for (int i = 0; i < n; i++) lanes[i] = p[i];
  return b16_load(lanes);
}

INLINE void code_store(uint8_t *p, u8x16 codes, int n) {
  if (n >= 16) {
    __builtin_memcpy(p, &codes, sizeof codes);
  } else {
    uint8_t lanes[16];
    __builtin_memcpy(lanes, &codes, sizeof codes);
    for (int i = 0; i < n; i++) p[i] = lanes[i];
  }
}

// 1 / scale, and the scale zero where that would not be finite.
INLINE float inverse_scale(float *scale) {
  if (*scale < 0x1p-120f) *scale = 0;
  return *scale == 0 ? 0 : 1.0f / *scale;
}

HIDDEN void NAME(adamw8)(
    const struct apus_adamw *arguments, uint64_t seed, uint64_t place, int n, float *w, const float *g, uint8_t *m,
    uint8_t *v, float *scales) {
  const struct apus_adamw s = *arguments;
  float moments[2][256];
  ROLLED for (int block = 0; block < n; block += 256, scales += 2) {
    const int count = n - block < 256 ? n - block : 256;
    f32x16 most_m = f_splat(0), most_v = f_splat(0);
    ROLLED for (int i = 0; i < count; i += 16) {
      const int at = block + i, rest = count - i;
      __builtin_prefetch(w + at + ADAMW_AHEAD, 1, 3);
      __builtin_prefetch(g + at + ADAMW_AHEAD, 0, 3);
      struct adam_moments next = adam_blend(
          &s, row_load(g + at, rest), m_value(code_load(m + at, rest), scales[0]),
          v_value(code_load(v + at, rest), scales[1]));
      if (rest < 16) {
        // Lanes past the end decode to something; they must not be the largest.
        next.m = lane_numbers() < rest ? next.m : f_splat(0);
        next.v = lane_numbers() < rest ? next.v : f_splat(0);
      }
      row_store(w + at, adam_step(&s, row_load(w + at, rest), next), rest);
      f_store(moments[0] + i, next.m);
      f_store(moments[1] + i, next.v);
      most_m = f_max(f_abs(next.m), most_m);
      most_v = f_max(next.v, most_v);
    }
    scales[0] = f_max_lane(most_m);
    scales[1] = f_max_lane(most_v);
    const float inverse_m = inverse_scale(scales), inverse_v = inverse_scale(scales + 1);
    ROLLED for (int i = 0; i < count; i += 16) {
      const int at = block + i, rest = count - i;
      u32x16 hash = place_hash(seed, place + (uint64_t)at);
      code_store(m + at, m_code(f_load(moments[0] + i), inverse_m, (i32x16)(hash >> 16)), rest);
      code_store(v + at, v_code(f_load(moments[1] + i), inverse_v, (i32x16)(hash & 0xffff)), rest);
    }
  }
}
