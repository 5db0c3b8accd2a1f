// Rows between float, half and bfloat16, and the key/value page.

#pragma once

INLINE f32x16 bf16_to_f32_16(u16x16 h) { return as_f32(__builtin_convertvector(h, i32x16) << 16); }

// To nearest, ties to even; NaN stays NaN (its top payload bit is set).
INLINE u16x16 f32_to_bf16_16(f32x16 x) {
  i32x16 bits = as_i32(x);
  i32x16 rounded = (i32x16)((u32x16)(bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  i32x16 quiet = ((bits >> 16) & 0xffff) | 0x40;
  i32x16 result = (bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded;
  return __builtin_convertvector(result, u16x16);
}

INLINE u16x16 h_load_n(const uint16_t *p, int n) {
  if (n >= 16) return h_load(p);
  uint16_t lanes[16] = {0};
  for (int i = 0; i < n; i++) lanes[i] = p[i];
  return h_load(lanes);
}

INLINE void h_store_n(uint16_t *p, u16x16 v, int n) {
  if (n >= 16) {
    __builtin_memcpy(p, &v, sizeof v);
  } else {
    uint16_t lanes[16];
    __builtin_memcpy(lanes, &v, sizeof v);
    for (int i = 0; i < n; i++) p[i] = lanes[i];
  }
}

HIDDEN void NAME(f16_to_f32)(const uint16_t *x, int n, float *y) {
  for (int i = 0; i < n; i += 16) row_store(y + i, half_to_f32(h_load_n(x + i, n - i)), n - i);
}

HIDDEN void NAME(bf16_to_f32)(const uint16_t *x, int n, float *y) {
  for (int i = 0; i < n; i += 16) row_store(y + i, bf16_to_f32_16(h_load_n(x + i, n - i)), n - i);
}

HIDDEN void NAME(f32_to_f16)(const float *x, int n, uint16_t *y) {
  for (int i = 0; i < n; i += 16) h_store_n(y + i, f32_to_half(row_load(x + i, n - i)), n - i);
}

HIDDEN void NAME(f32_to_bf16)(const float *x, int n, uint16_t *y) {
  for (int i = 0; i < n; i += 16) h_store_n(y + i, f32_to_bf16_16(row_load(x + i, n - i)), n - i);
}

// Activations of bfloat16 products: pairs swapped, so that slot 1 holds the even column.
HIDDEN void NAME(round_bf16)(const float *x, int k, void *row) {
  uint16_t *y = row;
  for (int i = 0; i < k; i += 16) {
    u16x16 v = f32_to_bf16_16(row_load(x + i, k - i));
    v = __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    h_store_n(y + i, v, (k - i + 1) & ~1);
  }
}

// One value in the page's format.
INLINE f32x16 kv_load(const enum apus_kv format, const uint8_t *page, size_t index) {
  if (format == APUS_KV_F32) return f_load((const float *)(const void *)page + index);
  u16x16 h = h_load((const uint16_t *)(const void *)page + index);
  return format == APUS_KV_F16 ? half_to_f32(h) : bf16_to_f32_16(h);
}

INLINE f32x16 kv_load_n(const enum apus_kv format, const uint8_t *page, size_t index, int n) {
  if (n >= 16) return kv_load(format, page, index);
  if (format == APUS_KV_F32) return f_load_n((const float *)(const void *)page + index, n);
  u16x16 h = h_load_n((const uint16_t *)(const void *)page + index, n);
  return format == APUS_KV_F16 ? half_to_f32(h) : bf16_to_f32_16(h);
}

HIDDEN void NAME(kv_store)(
    enum apus_kv format, int head_size, const float *k, const float *v, void *page, int slot) {
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
