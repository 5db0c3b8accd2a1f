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
    float d = quantize_block(k + KV_BLOCK * b, 2, q);
    for (int i = 0; i < KV_BLOCK; i++) keys[16 * (KV_BLOCK * b + i)] = (uint8_t)q[i];
    key_scales[(slot / 16 * blocks + b) * 16 + slot % 16] = f32_to_half(f_splat(d))[0];
    d = quantize_block(v + KV_BLOCK * b, 2, values + KV_BLOCK * b);
    value_scales[slot * blocks + b] = f32_to_half(f_splat(d))[0];
  }
}

HIDDEN void NAME(kv_store)(
    enum apus_kv format, int head_size, const float *k, const float *v, void *page, int slot) {
  if (format == APUS_KV_Q8_0) {
    kv_store_q8(head_size, k, v, page, slot);
    return;
  }
  size_t keys = (size_t)(slot / 16) * 16 * (size_t)head_size + (size_t)(slot % 16);
  size_t values = (size_t)(APUS_PAGE_KEYS + slot) * (size_t)head_size;
  for (int i = 0; i < head_size; i += 16) {
    int n = head_size - i < 16 ? head_size - i : 16;
    f32x16 key = row_load(k + i, n), value = row_load(v + i, n);
    if (format == APUS_KV_F32) {
      float *p = page;
      for (int d = 0; d < n; d++) p[keys + 16 * (size_t)(i + d)] = k[i + d];
      row_store(p + values + i, value, n);
    } else {
      uint16_t *p = page, lanes[16];
      u16x16 low = format == APUS_KV_F16 ? f32_to_half(key) : f32_to_bf16_16(key);
      __builtin_memcpy(lanes, &low, sizeof low);
      for (int d = 0; d < n; d++) p[keys + 16 * (size_t)(i + d)] = lanes[d];
      h_store_n(p + values + i, format == APUS_KV_F16 ? f32_to_half(value) : f32_to_bf16_16(value), n);
    }
  }
}
