// The quantised blocks of a GGUF file, read into one common form. Only what a block's bytes mean is known here.

#pragma once

#include "kernels/layout.h"

/// One block of one row. The weight of column i is
///   d · (q[i] − offset) [+ m]                          blocks of 32
///   (d · scale[j]) · (q[i] − offset) − (m · least[j])  blocks of 256, j the sub-block of i
/// with offset = weight_offset(layout). d and m are half bits; MXFP4's d is the e8m0 exponent.
struct block {
  uint16_t d, m;
  int8_t scale[16];
  uint8_t least[16];
  uint8_t q[256];
};

static inline uint16_t half_at(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

// The 4-bit values of 16 bytes: low nibbles, then high ones.
static inline void read_nibbles(const uint8_t *bytes, uint8_t *q) {
  for (int i = 0; i < 16; i++) {
    q[i] = bytes[i] & 15;
    q[16 + i] = bytes[i] >> 4;
  }
}

static inline void read_fifth_bits(const uint8_t *bytes, uint8_t *q) {
  for (int i = 0; i < 32; i++) q[i] |= (uint8_t)(((bytes[i / 8] >> (i % 8)) & 1) << 4);
}

// Eight 6-bit scales and eight 6-bit minima in 12 bytes.
static inline void read_k_scales(const uint8_t *bytes, struct block *b) {
  for (int j = 0; j < 4; j++) {
    b->scale[j] = (int8_t)(bytes[j] & 63);
    b->least[j] = bytes[4 + j] & 63;
    b->scale[4 + j] = (int8_t)((bytes[8 + j] & 15) | (bytes[j] >> 6) << 4);
    b->least[4 + j] = (uint8_t)((bytes[8 + j] >> 4) | (bytes[4 + j] >> 6) << 4);
  }
}

// Sixteen 6-bit scales with an offset of 32 in 12 bytes: low halves in the first eight, high pairs in the rest.
static inline void read_q3_scales(const uint8_t *bytes, int8_t *scale) {
  for (int j = 0; j < 16; j++) {
    int low = j < 8 ? bytes[j] & 15 : bytes[j - 8] >> 4;
    int high = (bytes[8 + j % 4] >> (2 * (j / 4))) & 3;
    scale[j] = (int8_t)((low | high << 4) - 32);
  }
}

// Columns 64 c … 64 c + 63 share 32 bytes: low nibbles first.
static inline void read_k_nibbles(const uint8_t *bytes, uint8_t *q) {
  for (int c = 0; c < 4; c++)
    for (int i = 0; i < 32; i++) {
      q[64 * c + i] = bytes[32 * c + i] & 15;
      q[64 * c + 32 + i] = bytes[32 * c + i] >> 4;
    }
}

// Columns 128 n + 32 j + i are bits 2j of byte 32 n + i.
static inline void read_k_pairs(const uint8_t *bytes, uint8_t *q) {
  for (int n = 0; n < 2; n++)
    for (int j = 0; j < 4; j++)
      for (int i = 0; i < 32; i++) q[128 * n + 32 * j + i] = (bytes[32 * n + i] >> (2 * j)) & 3;
}

static inline void read_block(enum apus_layout layout, const uint8_t *p, struct block *b) {
  switch (layout) {
  case APUS_LAYOUT_Q8_0:
    b->d = half_at(p);
    for (int i = 0; i < 32; i++) b->q[i] = p[2 + i] ^ 0x80;
    break;
  case APUS_LAYOUT_Q4_0:
    b->d = half_at(p);
    read_nibbles(p + 2, b->q);
    break;
  case APUS_LAYOUT_Q4_1:
    b->d = half_at(p);
    b->m = half_at(p + 2);
    read_nibbles(p + 4, b->q);
    break;
  case APUS_LAYOUT_Q5_0:
    b->d = half_at(p);
    read_nibbles(p + 6, b->q);
    read_fifth_bits(p + 2, b->q);
    break;
  case APUS_LAYOUT_Q5_1:
    b->d = half_at(p);
    b->m = half_at(p + 2);
    read_nibbles(p + 8, b->q);
    read_fifth_bits(p + 4, b->q);
    break;
  case APUS_LAYOUT_IQ4_NL:
    b->d = half_at(p);
    read_nibbles(p + 2, b->q);
    break;
  case APUS_LAYOUT_MXFP4:
    b->d = p[0];
    read_nibbles(p + 1, b->q);
    break;
  case APUS_LAYOUT_Q2_K:
    b->d = half_at(p + 80);
    b->m = half_at(p + 82);
    for (int j = 0; j < 16; j++) {
      b->scale[j] = p[j] & 15;
      b->least[j] = p[j] >> 4;
    }
    read_k_pairs(p + 16, b->q);
    break;
  case APUS_LAYOUT_Q3_K:
    b->d = half_at(p + 108);
    read_q3_scales(p + 96, b->scale);
    read_k_pairs(p + 32, b->q);
    for (int i = 0; i < 256; i++) b->q[i] |= (uint8_t)(((p[i % 32] >> (i / 32)) & 1) << 2);
    break;
  case APUS_LAYOUT_Q4_K:
    b->d = half_at(p);
    b->m = half_at(p + 2);
    read_k_scales(p + 4, b);
    read_k_nibbles(p + 16, b->q);
    break;
  case APUS_LAYOUT_Q5_K:
    b->d = half_at(p);
    b->m = half_at(p + 2);
    read_k_scales(p + 4, b);
    read_k_nibbles(p + 48, b->q);
    for (int i = 0; i < 256; i++) b->q[i] |= (uint8_t)(((p[16 + i % 32] >> (i / 32)) & 1) << 4);
    break;
  case APUS_LAYOUT_Q6_K:
    b->d = half_at(p + 208);
    __builtin_memcpy(b->scale, p + 192, 16);
    for (int n = 0; n < 2; n++)
      for (int j = 0; j < 4; j++)
        for (int i = 0; i < 32; i++) {
          uint8_t low = (uint8_t)(p[64 * n + 32 * (j & 1) + i] >> (4 * (j >> 1))) & 15;
          uint8_t high = (p[128 + 32 * n + i] >> (2 * j)) & 3;
          b->q[128 * n + 32 * j + i] = (uint8_t)(low | high << 4);
        }
    break;
  case APUS_LAYOUT_IQ4_XS:
    b->d = half_at(p);
    for (int j = 0; j < 8; j++) {
      int low = (p[4 + j / 2] >> (4 * (j & 1))) & 15, high = (half_at(p + 2) >> (2 * j)) & 3;
      b->scale[j] = (int8_t)((low | high << 4) - 32);
      read_nibbles(p + 8 + 16 * j, b->q + 32 * j);
    }
    break;
  default: break;
  }
}
