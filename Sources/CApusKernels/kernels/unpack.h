// Weights of a quantised panel as bytes: group g of chunk c is 4 columns of 16 rows, [16][4] unsigned bytes.
//
// A chunk is 32 columns = 8 groups. Bits of a chunk (bit 7 … 0 of byte [row][j], j = column within the group):
//
//   8-bit      vector g:       w w w w w w w w
//   4-bit      vector g / 2:   odd group (4) | even group (4)
//   2-bit      vector g / 4:   group 3 (2) | group 2 | group 1 | group 0     of the half chunk
//   high 2     vector g / 4:   the same, above the 4 low bits
//   high 1     one vector:     bit g is the top bit of group g

#pragma once

// Shifts of bytes; the bits that enter from the neighbour are masked by the caller.
INLINE u8x64 b_right(u8x64 v, int n) { return (u8x64)((u16x32)v >> (uint16_t)n); }
INLINE u8x64 b_left(u8x64 v, int n) { return (u8x64)((u16x32)v << (uint16_t)n); }

INLINE u8x64 nibbles(const uint8_t *chunk, int g) {
  u8x64 v = b_load(chunk + 64 * (g / 2));
  return (g & 1 ? b_right(v, 4) : v) & 15;
}

// Bit or bits of group g moved so that the lowest lands on bit `to`.
INLINE u8x64 high_bits(u8x64 v, int from, int to, uint8_t mask) {
  return (from > to ? b_right(v, from - to) : from < to ? b_left(v, to - from) : v) & (uint8_t)(mask << to);
}

INLINE u8x64 weights(const enum apus_layout layout, const uint8_t *quants, int c, int g) {
  const uint8_t *chunk4 = quants + 256 * c;
  switch (layout) {
  case APUS_LAYOUT_Q8_0: return b_load(quants + 512 * c + 64 * g);
  case APUS_LAYOUT_Q4_0: case APUS_LAYOUT_Q4_1: case APUS_LAYOUT_Q4_K: return nibbles(chunk4, g);
  case APUS_LAYOUT_IQ4_NL: case APUS_LAYOUT_IQ4_XS: return b_lookup(iq4_values, nibbles(chunk4, g));
  case APUS_LAYOUT_MXFP4: return b_lookup(mxfp4_values, nibbles(chunk4, g));
  case APUS_LAYOUT_Q5_0: case APUS_LAYOUT_Q5_1: return nibbles(chunk4, g) | high_bits(b_load(quants + 256), g, 4, 1);
  case APUS_LAYOUT_Q5_K: return nibbles(chunk4, g) | high_bits(b_load(quants + 2048 + 64 * c), g, 4, 1);
  case APUS_LAYOUT_Q6_K:
    return nibbles(chunk4, g) | high_bits(b_load(quants + 2048 + 128 * c + 64 * (g / 4)), 2 * (g & 3), 4, 3);
  case APUS_LAYOUT_Q2_K: return high_bits(b_load(quants + 128 * c + 64 * (g / 4)), 2 * (g & 3), 0, 3);
  case APUS_LAYOUT_Q3_K:
    return high_bits(b_load(quants + 128 * c + 64 * (g / 4)), 2 * (g & 3), 0, 3) |
           high_bits(b_load(quants + 1024 + 64 * c), g, 2, 1);
  default: return (u8x64)0;
  }
}

#ifndef HAS_SHORT_SUMS
// acc + Σ w·x of four columns. Where the layout's bytes may exceed 127 they are signed weights + 128.
INLINE i32x16 dot_layout(const enum apus_layout layout, i32x16 acc, u8x64 w, int32_t x) {
  return weight_offset(layout) == 128 ? dot_s8(acc, w, x) : dot_u7(acc, w, x);
}
#endif

// What is left to subtract, in units of Σx, after dot_layout.
INLINE int offset_left(const enum apus_layout layout) {
  return weight_offset(layout) == 128 && CENTRED ? 0 : weight_offset(layout);
}

// Block scales as floats.

INLINE f32x16 half_scale(const uint8_t *p) { return half_to_f32(h_load((const uint16_t *)(const void *)p)); }

// 2^(e − 128): half of the power of two that e8m0 names, because the table holds doubled values.
INLINE f32x16 e8m0_scale(const uint8_t *p) {
  i32x16 e = __builtin_convertvector(b16_load(p), i32x16);
  return as_f32(e < 2 ? i_splat(0x00200000) << e : (e - 1) << 23);
}

INLINE f32x16 block_scale(const enum apus_layout layout, const uint8_t *scales) {
  return layout == APUS_LAYOUT_MXFP4 ? e8m0_scale(scales) : half_scale(scales);
}

// Sub-scales and minima of sub-blocks 2i and 2i + 1, interleaved: [16 rows][2] bytes, widened to 16 bits.

INLINE i16x32 widen_u8(u8x32 v) { return __builtin_convertvector(v, i16x32); }
INLINE i16x32 widen_i8(u8x32 v) { return __builtin_convertvector((i8x32)v, i16x32); }

INLINE i16x32 scale_pair(const enum apus_layout layout, const uint8_t *scales, int i) {
  switch (layout) {
  case APUS_LAYOUT_Q2_K: return widen_u8(b32_load(scales + 64 + 32 * i) & 15);
  case APUS_LAYOUT_Q3_K: {
    u8x32 low = b32_load(scales + 32 + 32 * (i / 2)), high = b32_load(scales + 160 + 32 * (i / 4));
    low = (low >> (uint8_t)(4 * (i & 1))) & 15;
    high = (high >> (uint8_t)(2 * (i & 3))) & 3;
    return widen_u8(low | (high << 4)) - 32;
  }
  case APUS_LAYOUT_Q4_K: case APUS_LAYOUT_Q5_K: return widen_u8(b32_load(scales + 64 + 32 * i));
  default: return widen_i8(b32_load(scales + 32 + 32 * i));
  }
}

INLINE i16x32 minimum_pair(const enum apus_layout layout, const uint8_t *scales, int i) {
  if (layout == APUS_LAYOUT_Q2_K) return widen_u8(b32_load(scales + 64 + 32 * i) >> 4);
  return widen_u8(b32_load(scales + 192 + 32 * i));
}

// One sub-block's scale per lane.
INLINE i32x16 scale_of(i16x32 pair, int h) {
  i32x16 both = (i32x16)pair;
  return h ? both >> 16 : (both << 16) >> 16;
}

INLINE int has_minimum(const enum apus_layout layout) {
  return layout == APUS_LAYOUT_Q4_1 || layout == APUS_LAYOUT_Q5_1 || layout == APUS_LAYOUT_Q2_K ||
         layout == APUS_LAYOUT_Q4_K || layout == APUS_LAYOUT_Q5_K;
}
