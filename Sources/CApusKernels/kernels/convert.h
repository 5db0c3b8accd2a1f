// Rows between float, half and bfloat16.

#pragma once

#include "bf16.h"

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
