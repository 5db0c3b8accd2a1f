// Normal numbers, 64 at a time. Goals in order: the same bits on every instruction set, the law right to 6.7 standard
// deviations, speed. Philox4x32-10 (Salmon et al., SC'11, doi:10.1145/2063384.2063405) gives the words, the transform of
// Box and Muller (1958, doi:10.1214/aoms/1177706645) makes a pair of numbers of two words:
//   u = (a' + ½) / 2³², a' the word as a signed number, + 1 when it is negative; t = 2π (b + ½) / 2³²
//   √(−2 ln u) · (cos t, sin t), in float.
// A word next to 2³² gives u − 1 to 24 bits and a small one u itself, so the radius is right to 3 ULP from
// 1.5 · 10⁻⁵ to 6.76; the angle is cut to eighths of a turn in integers, exactly. The polynomials come from
// dev/fit-polynomials.py.

#pragma once

typedef uint64_t u64x8 __attribute__((ext_vector_type(8)));

// Both halves of x · factor.
INLINE void wide_product(u32x16 x, uint32_t factor, u32x16 *high, u32x16 *low) {
  const u64x8 lower = (u64x8)(uint64_t)0xffffffff, pairs = (u64x8)x;
  u64x8 even = (pairs & lower) * (u64x8)(uint64_t)factor, odd = (pairs >> 32) * (u64x8)(uint64_t)factor;
  *high = (u32x16)((even >> 32) | (odd & ~lower));
  *low = (u32x16)((even & lower) | (odd << 32));
}

// The blocks of the counters 16 · group + lane, `attempt` their upper half.
INLINE void random_words(uint64_t key, uint64_t group, uint32_t attempt, u32x16 words[4]) {
  const uint64_t counter = 16 * group;
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  words[0] = (u32x16)lane_numbers() + (uint32_t)counter;
  words[1] = (u32x16)(uint32_t)(counter >> 32);
  words[2] = (u32x16)attempt;
  words[3] = (u32x16)(uint32_t)0;
  UNROLL for (int round = 0; round < 10; round++) {
    u32x16 high0, low0, high2, low2;
    wide_product(words[0], 0xD2511F53, &high0, &low0);
    wide_product(words[2], 0xCD9E8D57, &high2, &low2);
    words[0] = high2 ^ words[1] ^ k0;
    words[2] = high0 ^ words[3] ^ k1;
    words[1] = low2;
    words[3] = low0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

// ln((a + ½) / 2³²).
INLINE f32x16 log_of_word(u32x16 a) {
  f32x16 x = (i_to_f((i32x16)a) + 0.5f) * 0x1p-32f;
  f32x16 u = x < 0.0f ? 1.0f + x : x;
  // u = 2^e · m with √½ ≤ m < √2; f = m − 1, which is x itself where e = 0.
  i32x16 e = (as_i32(u) - 0x3f3504f3) >> 23;
  f32x16 f = as_f32(as_i32(u) - (e << 23)) - 1.0f;
  f = e == 0 ? x : f;
  f32x16 p = f_splat(-7.623956352e-02f);
  p = f_fma(p, f, f_splat(+1.290696710e-01f));
  p = f_fma(p, f, f_splat(-1.324338466e-01f));
  p = f_fma(p, f, f_splat(+1.418147236e-01f));
  p = f_fma(p, f, f_splat(-1.660899520e-01f));
  p = f_fma(p, f, f_splat(+2.000198811e-01f));
  p = f_fma(p, f, f_splat(-2.500158548e-01f));
  p = f_fma(p, f, f_splat(+3.333332539e-01f));
  p = f_fma(p, f, f_splat(-4.999998808e-01f));
  return f_fma(i_to_f(e), f_splat(0x1.62e43p-1f), f_fma(f * f, p, f));
}

INLINE void normal_pair(u32x16 a, u32x16 b, f32x16 *first, f32x16 *second) {
  f32x16 radius = f_sqrt(log_of_word(a) * -2.0f);
  // The nearest quarter turn, and what is left of the angle, at most π/4.
  u32x16 quarter = (b + (1u << 29)) >> 30;
  f32x16 r = (i_to_f((i32x16)(b - (quarter << 30))) + 0.5f) * 0x1.921fb6p-30f, square = r * r;
  f32x16 p = f_splat(-1.951525628e-04f);
  p = f_fma(p, square, f_splat(+8.332160302e-03f));
  p = f_fma(p, square, f_splat(-1.666665524e-01f));
  f32x16 sine = f_fma(r * square, p, r);
  f32x16 q = f_splat(+2.443312769e-05f);
  q = f_fma(q, square, f_splat(-1.388731645e-03f));
  q = f_fma(q, square, f_splat(+4.166664556e-02f));
  f32x16 cosine = f_fma(square * square, q, f_fma(square, f_splat(-0.5f), f_splat(1.0f)));
  i32x16 odd = (i32x16)(quarter << 31) >> 31;
  i32x16 along = odd ? as_i32(sine) : as_i32(cosine), across = odd ? as_i32(cosine) : as_i32(sine);
  *first = radius * as_f32(along ^ (i32x16)(((quarter + 1) & 2) << 30));
  *second = radius * as_f32(across ^ (i32x16)((quarter & 2) << 30));
}

HIDDEN void NAME(normals)(uint64_t key, uint64_t group, float deviation, float cut, int n, float *y) {
  ROLLED for (int i = 0; i < n; i += 64, group++) {
    f32x16 z[4] = {f_splat(0), f_splat(0), f_splat(0), f_splat(0)};
    i32x16 missing[4] = {i_splat(-1), i_splat(-1), i_splat(-1), i_splat(-1)};
    uint32_t attempt = 0;
    int again;
    // Numbers beyond the cut are drawn again, together with their neighbours, which keep what they have.
    do {
      u32x16 words[4];
      f32x16 drawn[4];
      random_words(key, group, attempt++, words);
      normal_pair(words[0], words[1], &drawn[0], &drawn[1]);
      normal_pair(words[2], words[3], &drawn[2], &drawn[3]);
      again = 0;
      UNROLL for (int j = 0; j < 4; j++) {
        z[j] = missing[j] ? drawn[j] : z[j];
        missing[j] = cut > 0 ? (i32x16)(f_abs(z[j]) > cut) : i_splat(0);
        again |= __builtin_reduce_or(missing[j]);
      }
    } while (again);
    for (int j = 0; j < 4 && i + 16 * j < n; j++) row_store(y + i + 16 * j, z[j] * deviation, n - i - 16 * j);
  }
}
