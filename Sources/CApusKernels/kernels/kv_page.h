// The key/value page: 64 positions of one sequence and one KV head, in the format keys and values are rounded to.
//
//   keys      [4 groups][head_size][16 keys]     lane = key: a score is a sum over d, lanes never meet
//   values    [64 keys][head_size]               lane = dimension
//   Q8_0 only, halves:
//   scales of keys      [4 groups][head_size / 32][16 keys]
//   scales of values    [64 keys][head_size / 32]
//
// What is loaded is the rounded value itself: 8 bits times a half have 19 bits, so q · d is exact.

#pragma once

enum { KV_BLOCK = 32 };

// Bytes of a value, its scale aside.
CONSTANT int kv_bytes(const enum apus_kv format) {
  return format == APUS_KV_F32 ? 4 : format == APUS_KV_Q8_0 ? 1 : 2;
}

// Values that share a scale.
CONSTANT int kv_block(const enum apus_kv format, int head_size) {
  return format == APUS_KV_Q8_0 ? KV_BLOCK : head_size;
}

INLINE const uint16_t *kv_key_scales(const uint8_t *page, int head_size) {
  return (const uint16_t *)(const void *)(page + 2 * APUS_PAGE_KEYS * head_size);
}

INLINE const uint16_t *kv_value_scales(const uint8_t *page, int head_size) {
  return kv_key_scales(page, head_size) + APUS_PAGE_KEYS * head_size / KV_BLOCK;
}

// Sixteen values, before their scale.
INLINE f32x16 kv_load(const enum apus_kv format, const uint8_t *page, size_t index) {
  if (format == APUS_KV_F32) return f_load((const float *)(const void *)page + index);
  if (format == APUS_KV_Q8_0) return i_to_f(__builtin_convertvector((i8x16)b16_load(page + index), i32x16));
  u16x16 h = h_load((const uint16_t *)(const void *)page + index);
  return format == APUS_KV_F16 ? half_to_f32(h) : bf16_to_f32_16(h);
}

INLINE f32x16 kv_load_n(const enum apus_kv format, const uint8_t *page, size_t index, int n) {
  if (n >= 16 || format == APUS_KV_Q8_0) return kv_load(format, page, index);
  if (format == APUS_KV_F32) return f_load_n((const float *)(const void *)page + index, n);
  u16x16 h = h_load_n((const uint16_t *)(const void *)page + index, n);
  return format == APUS_KV_F16 ? half_to_f32(h) : bf16_to_f32_16(h);
}

// One scale in all lanes.
INLINE f32x16 kv_scale(const uint16_t *scale) { return half_to_f32((u16x16)*scale); }

// One token's key and value as bytes: a scale per 32 values, d = max|x| / 127 as a half.
INLINE void kv_store_q8(int head_size, const float *k, const float *v, uint8_t *page, int slot) {
  const int blocks = head_size / KV_BLOCK;
  uint16_t *key_scales = (uint16_t *)(void *)(page + 2 * APUS_PAGE_KEYS * head_size);
  uint16_t *value_scales = key_scales + APUS_PAGE_KEYS * blocks;
  uint8_t *keys = page + slot / 16 * 16 * head_size + slot % 16;
  int8_t *values = (int8_t *)page + (APUS_PAGE_KEYS + slot) * head_size;
  for (int b = 0; b < blocks; b++) {
    int8_t q[KV_BLOCK];
    i32x16 sums = i_splat(0);
    float d = quantize_block(k + KV_BLOCK * b, 2, q, &sums);
    for (int i = 0; i < KV_BLOCK; i++) keys[16 * (KV_BLOCK * b + i)] = (uint8_t)q[i];
    key_scales[(slot / 16 * blocks + b) * 16 + slot % 16] = f32_to_half(f_splat(d))[0];
    d = quantize_block(v + KV_BLOCK * b, 2, values + KV_BLOCK * b, &sums);
    value_scales[slot * blocks + b] = f32_to_half(f_splat(d))[0];
  }
}

// A vector of 16 values in the rounding of the format, and its first n written to element `at` of the page.
INLINE void kv_put(const enum apus_kv format, void *page, size_t at, f32x16 v, int n) {
  if (format == APUS_KV_F32) return row_store((float *)page + at, v, n);
  h_store_n((uint16_t *)page + at, format == APUS_KV_F16 ? f32_to_half(v) : f32_to_bf16_16(v), n);
}

// A key of one token, value by value.
INLINE void kv_store_key(const enum apus_kv format, int head_size, const float *k, void *page, size_t at) {
  for (int d = 0; d < head_size; d += 16) {
    const int n = head_size - d < 16 ? head_size - d : 16;
    f32x16 key = row_load(k + d, n);
    if (format == APUS_KV_F32) {
      for (int i = 0; i < n; i++) ((float *)page)[at + 16 * (size_t)(d + i)] = k[d + i];
      continue;
    }
    uint16_t lanes[16];
    u16x16 low = format == APUS_KV_F16 ? f32_to_half(key) : f32_to_bf16_16(key);
    __builtin_memcpy(lanes, &low, sizeof low);
    for (int i = 0; i < n; i++) ((uint16_t *)page)[at + 16 * (size_t)(d + i)] = lanes[i];
  }
}

// Keys of up to 16 consecutive tokens, turned in registers so that whole vectors are written: one token alone would
// touch a cache line for each of its values.
INLINE void kv_store_keys(
    const enum apus_kv format, int head_size, int tokens, const float *k, size_t stride, void *page, int slot) {
  const size_t keys = (size_t)(slot / 16) * 16 * (size_t)head_size + (size_t)(slot % 16);
  if (tokens < 4) {
    for (int t = 0; t < tokens; t++)
      kv_store_key(format, head_size, k + (size_t)t * stride, page, keys + (size_t)t);
    return;
  }
  for (int d = 0; d < head_size; d += 16) {
    f32x16 v[16];
    const int n = head_size - d < 16 ? head_size - d : 16;
    load_block(k + d, stride, tokens, n, v);
    transpose_16(v);
    for (int i = 0; i < n; i++) kv_put(format, page, keys + 16 * (size_t)(d + i), v[i], tokens);
  }
}

INLINE void kv_store_run(
    const enum apus_kv format, int head_size, int tokens, const float *k, const float *v, size_t stride, void *page,
    int slot) {
  kv_store_keys(format, head_size, tokens, k, stride, page, slot);
  for (int t = 0; t < tokens; t++) {
    const size_t values = (size_t)(APUS_PAGE_KEYS + slot + t) * (size_t)head_size;
    for (int i = 0; i < head_size; i += 16)
      kv_put(format, page, values + (size_t)i, row_load(v + (size_t)t * stride + i, head_size - i), head_size - i);
  }
}

HIDDEN void NAME(kv_store)(
    enum apus_kv format, int head_size, int tokens, const float *k, const float *v, size_t stride, void *page,
    int slot) {
  for (int t = 0; t < tokens;) {
    const int room = 16 - (slot + t) % 16, run = tokens - t < room ? tokens - t : room;
    const float *key = k + (size_t)t * stride, *value = v + (size_t)t * stride;
    if (format == APUS_KV_F32) kv_store_run(APUS_KV_F32, head_size, run, key, value, stride, page, slot + t);
    else if (format == APUS_KV_F16) kv_store_run(APUS_KV_F16, head_size, run, key, value, stride, page, slot + t);
    else if (format == APUS_KV_BF16) kv_store_run(APUS_KV_BF16, head_size, run, key, value, stride, page, slot + t);
    else
      for (int i = 0; i < run; i++)
        kv_store_q8(head_size, key + (size_t)i * stride, value + (size_t)i * stride, page, slot + t + i);
    t += run;
  }
}
