// One row of GGUF blocks to floats, with the operations of the format's reference in their order.

#include "blocks.h"

#pragma STDC FP_CONTRACT OFF

static float exponent_scale(uint16_t e) {
  uint32_t bits = e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

static void dequantize_32(enum apus_layout layout, const struct block *b, float *y) {
  const float d = layout == APUS_LAYOUT_MXFP4 ? exponent_scale(b->d) : apus_half_to_float(b->d);
  const float m = apus_half_to_float(b->m);
  const int offset = weight_offset(layout);
  for (int i = 0; i < 32; i++) {
    const int q = layout == APUS_LAYOUT_IQ4_NL ? iq4_values[b->q[i]]
                  : layout == APUS_LAYOUT_MXFP4 ? mxfp4_values[b->q[i]]
                                                : b->q[i];
    const float value = d * (float)(q - offset);
    y[i] = layout == APUS_LAYOUT_Q4_1 || layout == APUS_LAYOUT_Q5_1 ? value + m : value;
  }
}

static void dequantize_256(enum apus_layout layout, const struct block *b, float *y) {
  const float d = apus_half_to_float(b->d), least = apus_half_to_float(b->m);
  const int offset = weight_offset(layout), sub = sub_block_columns(layout);
  const int minima = layout == APUS_LAYOUT_Q2_K || layout == APUS_LAYOUT_Q4_K || layout == APUS_LAYOUT_Q5_K;
  for (int j = 0; j < 256 / sub; j++) {
    const float scale = d * (float)b->scale[j], minimum = least * (float)b->least[j];
    for (int i = sub * j; i < sub * (j + 1); i++) {
      const int q = layout == APUS_LAYOUT_IQ4_XS ? iq4_values[b->q[i]] : b->q[i];
      const float value = scale * (float)(q - offset);
      y[i] = minima ? value - minimum : value;
    }
  }
}

void apus_dequantize_row(enum apus_layout layout, const void *row, size_t k, float *y) {
  const uint8_t *p = row;
  const size_t width = file_block_bytes(layout), columns = (size_t)block_columns(layout);
  struct block block = {0};
  for (size_t i = 0; i < k; i += columns, p += width) {
    uint16_t half = 0;
    switch (layout) {
    case APUS_LAYOUT_F32: __builtin_memcpy(y + i, p, 4); break;
    case APUS_LAYOUT_F16: case APUS_LAYOUT_BF16:
      __builtin_memcpy(&half, p, 2);
      y[i] = layout == APUS_LAYOUT_F16 ? apus_half_to_float(half) : apus_bfloat_to_float(half);
      break;
    default:
      read_block(layout, p, &block);
      if (columns == 32)
        dequantize_32(layout, &block, y + i);
      else
        dequantize_256(layout, &block, y + i);
    }
  }
}
