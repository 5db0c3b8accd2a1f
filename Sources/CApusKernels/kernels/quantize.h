// Activations as 8-bit integers: q = round(x · 127 / max|x|) to nearest even, d = max|x| / 127.
//
// A block with a value that is not finite gets d = NaN and q = 0, so that every product with it is NaN. A
// block whose largest magnitude is below 2⁻¹⁰⁰ counts as zero: d = 0, q = 0 (127 / max could overflow).

#pragma once

// Quantises `count` vectors of 16; returns d, and adds the integers to the lanes of `sums`.
INLINE float quantize_block(const float *x, const int count, int8_t *q, i32x16 *sums) {
  i32x16 most = i_splat(0);
  ROLLED for (int i = 0; i < count; i++) {
    i32x16 bits = as_i32(f_load(x + 16 * i)) & 0x7fffffff;
    most = most > bits ? most : bits;
  }
  int32_t largest = i_max_lane(most);
  float magnitude, d, factor;
  __builtin_memcpy(&magnitude, &largest, sizeof magnitude);
  int finite = largest < 0x7f800000, zero = !(magnitude >= 0x1p-100f);
  factor = !finite || zero ? 0.0f : 127.0f / magnitude;
  d = !finite ? __builtin_nanf("") : zero ? 0.0f : magnitude / 127.0f;
  const f32x16 shifter = f_splat(0x1.8p23f);
  ROLLED for (int i = 0; i < count; i++) {
    i32x16 n = as_i32(f_load(x + 16 * i) * factor + shifter) - as_i32(shifter);
    if (!finite) n = i_splat(0);
    *sums = *sums + n;
    i8x16 bytes = __builtin_convertvector(n, i8x16);
    __builtin_memcpy(q + 16 * i, &bytes, sizeof bytes);
  }
  return d;
}

INLINE int32_t sum_of_16(const int8_t *q) {
  i8x16 bytes;
  __builtin_memcpy(&bytes, q, sizeof bytes);
  return i_sum(__builtin_convertvector(bytes, i32x16));
}

// Block b of a row of k values.
INLINE void quantize_q32_block(const float *x, int k, int b, void *row) {
  int8_t *q = (int8_t *)row + 32 * b;
  float *d = (float *)(void *)((uint8_t *)row + q32_d((size_t)k));
  int32_t *sum8 = (int32_t *)(void *)((uint8_t *)row + q32_sum8((size_t)k));
  int32_t *sum128 = (int32_t *)(void *)((uint8_t *)row + q32_sum128((size_t)k));
  i32x16 sums = i_splat(0);
  d[b] = quantize_block(x, 2, q, &sums);
  int32_t sum = i_sum(sums);
  sum8[b] = -8 * sum;
  sum128[b] = -128 * sum;
}

HIDDEN void NAME(quantize_q32)(const float *x, int k, void *row) {
  for (int b = 0; b < k / 32; b++) quantize_q32_block(x + 32 * b, k, b, row);
}

HIDDEN void NAME(quantize_rest_q32)(const float *x, int k, const void *row, void *rest) {
  const float *d = (const float *)(const void *)((const uint8_t *)row + q32_d((size_t)k));
  for (int b = 0; b < k / 32; b++) {
    float left[32];
    for (int i = 0; i < 32; i += 16) {
      i8x16 q;
      __builtin_memcpy(&q, (const int8_t *)row + 32 * b + i, sizeof q);
      f32x16 value = i_to_f(__builtin_convertvector(q, i32x16));
      f_store(left + i, f_fma(value, f_splat(-d[b]), f_load(x + 32 * b + i)));
    }
    quantize_q32_block(left, k, b, rest);
  }
}

HIDDEN void NAME(quantize_q256)(const float *x, int k, void *row) {
  int8_t *q = row;
  float *d = (float *)(void *)((uint8_t *)row + q256_d((size_t)k));
  int16_t *sum16 = (int16_t *)(void *)((uint8_t *)row + q256_sum16((size_t)k));
  int16_t *sum32 = (int16_t *)(void *)((uint8_t *)row + q256_sum32((size_t)k));
  i32x16 sums = i_splat(0);
  for (int b = 0; b < k / 256; b++) d[b] = quantize_block(x + 256 * b, 16, q + 256 * b, &sums);
  for (int i = 0; i < k / 16; i++) sum16[i] = (int16_t)sum_of_16(q + 16 * i);
  for (int i = 0; i < k / 32; i++) sum32[i] = (int16_t)(sum16[2 * i] + sum16[2 * i + 1]);
}
