// Dot products of bytes for x86 processors whose widest step is two of them in 16 bits (AVX2, AVX-512 without VNNI).
//
//   pairs   w₀·x₀ + w₁·x₁ in 16 bits, one instruction           at most 2 · largest · 127
//   sum     of as many groups of four columns as fit in 16 bits: eight for weights of 4 bits, two for 6
//   lanes   sum · m, two neighbours added to 32 bits, one instruction; m is 1 or the sub-block's scale
//
// Weights of 8 bits are two of 4 bits, w = 16·high + low, and the upper sum is multiplied by 16·m. Every step is exact.

#pragma once

#ifdef HAS_SHORT_SUMS

INLINE i16x32 short_ones(void) { return (i16x32)i_splat(0x00010001); }

// A sub-block's scale in both halves of its lane.
INLINE i16x32 both_halves(i16x32 pair, int h) {
  i32x16 scale = scale_of(pair, h);
  return (i16x32)((scale & 0xffff) | scale << 16);
}

// Groups whose sums of pairs stay below 2¹⁵.
INLINE int short_groups(const enum apus_layout layout) {
  switch (layout) {
  case APUS_LAYOUT_Q6_K: return 2;
  case APUS_LAYOUT_Q5_0: case APUS_LAYOUT_Q5_1: case APUS_LAYOUT_Q5_K: case APUS_LAYOUT_MXFP4: return 4;
  default: return 8;
  }
}

// The lower and the upper four bits of iq4_values.
static const uint8_t iq4_low[16] = {1, 8, 13, 15, 15, 13, 10, 6, 1, 13, 9, 6, 5, 5, 9, 1};
static const uint8_t iq4_high[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 12, 13, 15};

// Group `g` after the first, for one part of the rows.
INLINE void add_group(
    const enum apus_layout layout, const int T, const uint8_t *quants, int chunk, int first, int g, const int part,
    const uint8_t *const *x, short_part *low, short_part *high) {
  const int split = weight_offset(layout) == 128;
  short_part lower, upper;
  if (layout == APUS_LAYOUT_IQ4_NL || layout == APUS_LAYOUT_IQ4_XS) {
    u8x64 index = nibbles(quants + 256 * chunk, first + g);
    lower = part_of(b_lookup(iq4_low, index), part);
    upper = part_of(b_lookup(iq4_high, index), part);
  } else {
    short_part w = part_of(weights(layout, quants, chunk, first + g), part);
    lower = split ? low_nibbles(w) : w;
    upper = high_nibbles(w);
  }
  UNROLL for (int t = 0; t < T; t++) {
    int32_t four = load_i32(x[t] + 4 * g);
    low[t] = add_pairs(low[t], lower, four);
    if (split) high[t] = add_pairs(high[t], upper, four);
  }
}

// s[t] += m · Σ w·x over `groups` groups from `first` on of a chunk; x[t] is at the first of their columns. m is the
// same in both halves of a lane, at most 127 in size.
INLINE void short_sums(
    const enum apus_layout layout, const int T, const uint8_t *quants, int chunk, int first, const int groups,
    const uint8_t *const *x, i16x32 m, i32x16 *s) {
  const int split = weight_offset(layout) == 128, run = short_groups(layout) < groups ? short_groups(layout) : groups;
  UNROLL for (int part = 0; part < SHORT_PARTS; part++)
    UNROLL for (int start = 0; start < groups; start += run) {
      short_part low[MAX_TOKENS], high[MAX_TOKENS];
      UNROLL for (int t = 0; t < T; t++) low[t] = high[t] = short_zero();
      if (split)
        // A loop, or the compiler unpacks all groups into the stack first.
        ROLLED for (int g = start; g < start + run; g += 2)
          UNROLL for (int j = 0; j < 2; j++) add_group(layout, T, quants, chunk, first, g + j, part, x, low, high);
      else
        UNROLL for (int g = start; g < start + run; g++)
          add_group(layout, T, quants, chunk, first, g, part, x, low, high);
      UNROLL for (int t = 0; t < T; t++) {
        s[t] = add_lanes(s[t], low[t], part_of((u8x64)m, part), part);
        if (split) s[t] = add_lanes(s[t], high[t], part_of((u8x64)(m << 4), part), part);
      }
    }
}

#endif
