// The geometry of a panel: how many bytes of each kind a block of 16 rows takes, and where. What the bytes
// mean is said where they are read (unpack.h) and written (pack.c).
//
// A float panel is [k][16] (bfloat16: [k/2][16][2]). A quantised panel is a sequence of runs, each of so few blocks
// that it fills whole cache lines:
//
//   quants  [blocks of a run][quant bytes]    multiples of 64
//   scales  [blocks of a run][scale bytes]    d, then dmin or m, then sub-scales; zeros to the end of the line
//
// So a product of one token reads one ascending stream of memory, which is what processors fetch ahead of. (With all
// scales behind all quants, two streams that broke off at each panel, a product of 2,048 columns ran at 55 to 75 % of
// the memory's speed instead of at 95.)

#pragma once

#include "../include/apus_kernels.h"

#define CONSTANT static inline __attribute__((always_inline, unused))

enum { ROUND_TO_LINE = 63 };

CONSTANT size_t whole_lines(size_t bytes) { return (bytes + ROUND_TO_LINE) & ~(size_t)ROUND_TO_LINE; }

/// Columns of a block.
CONSTANT int block_columns(enum apus_layout layout) {
  return layout <= APUS_LAYOUT_BF16 ? 1 : layout <= APUS_LAYOUT_MXFP4 ? 32 : 256;
}

/// Bytes of the integers of 16 rows of a block.
CONSTANT size_t quant_bytes(enum apus_layout layout) {
  switch (layout) {
  case APUS_LAYOUT_Q8_0: return 512;
  case APUS_LAYOUT_Q4_0: case APUS_LAYOUT_Q4_1: case APUS_LAYOUT_IQ4_NL: case APUS_LAYOUT_MXFP4: return 256;
  case APUS_LAYOUT_Q5_0: case APUS_LAYOUT_Q5_1: return 256 + 64;
  case APUS_LAYOUT_Q2_K: return 1024;
  case APUS_LAYOUT_Q3_K: return 1024 + 512;
  case APUS_LAYOUT_Q4_K: case APUS_LAYOUT_IQ4_XS: return 2048;
  case APUS_LAYOUT_Q5_K: return 2048 + 512;
  case APUS_LAYOUT_Q6_K: return 2048 + 1024;
  default: return 0;
  }
}

/// Bytes of the scales of 16 rows of a block.
CONSTANT size_t scale_bytes(enum apus_layout layout) {
  switch (layout) {
  case APUS_LAYOUT_Q8_0: case APUS_LAYOUT_Q4_0: case APUS_LAYOUT_Q5_0: case APUS_LAYOUT_IQ4_NL: return 32;
  case APUS_LAYOUT_Q4_1: case APUS_LAYOUT_Q5_1: return 32 + 32;
  case APUS_LAYOUT_MXFP4: return 16;
  case APUS_LAYOUT_Q2_K: return 32 + 32 + 256;              // d, dmin, 4-bit scale | 4-bit minimum
  case APUS_LAYOUT_Q3_K: return 32 + 128 + 64;              // d, low 4 bits, high 2 bits
  case APUS_LAYOUT_Q4_K: case APUS_LAYOUT_Q5_K: return 32 + 32 + 128 + 128;  // d, dmin, scales, minima
  case APUS_LAYOUT_Q6_K: return 32 + 256;
  case APUS_LAYOUT_IQ4_XS: return 32 + 128;
  default: return 0;
  }
}

/// Blocks of a run.
CONSTANT size_t run_blocks(enum apus_layout layout) {
  return block_columns(layout) == 256 || scale_bytes(layout) >= 64 ? 1 : 64 / scale_bytes(layout);
}

/// Bytes of a run.
CONSTANT size_t run_bytes(enum apus_layout layout) {
  return whole_lines(run_blocks(layout) * (quant_bytes(layout) + scale_bytes(layout)));
}

/// Bytes of the panel before a column that starts a run.
CONSTANT size_t column_bytes(enum apus_layout layout, size_t column) {
  switch (layout) {
  case APUS_LAYOUT_F32: return 64 * column;
  case APUS_LAYOUT_F16: case APUS_LAYOUT_BF16: return 32 * column;
  default: return column / (size_t)block_columns(layout) / run_blocks(layout) * run_bytes(layout);
  }
}

/// Bytes of one row's block in a GGUF file.
CONSTANT size_t file_block_bytes(enum apus_layout layout) {
  switch (layout) {
  case APUS_LAYOUT_F32: return 4;
  case APUS_LAYOUT_F16: case APUS_LAYOUT_BF16: return 2;
  case APUS_LAYOUT_Q8_0: return 34;
  case APUS_LAYOUT_Q4_0: case APUS_LAYOUT_IQ4_NL: return 18;
  case APUS_LAYOUT_Q4_1: return 20;
  case APUS_LAYOUT_Q5_0: return 22;
  case APUS_LAYOUT_Q5_1: return 24;
  case APUS_LAYOUT_MXFP4: return 17;
  case APUS_LAYOUT_Q2_K: return 84;
  case APUS_LAYOUT_Q3_K: return 110;
  case APUS_LAYOUT_Q4_K: return 144;
  case APUS_LAYOUT_Q5_K: return 176;
  case APUS_LAYOUT_Q6_K: return 210;
  case APUS_LAYOUT_IQ4_XS: return 136;
  default: return 0;
  }
}

/// What is subtracted from a stored integer to get the weight (before scales).
CONSTANT int weight_offset(enum apus_layout layout) {
  switch (layout) {
  case APUS_LAYOUT_Q8_0: case APUS_LAYOUT_IQ4_NL: case APUS_LAYOUT_IQ4_XS: return 128;
  case APUS_LAYOUT_Q4_0: return 8;
  case APUS_LAYOUT_Q5_0: case APUS_LAYOUT_MXFP4: return 16;
  case APUS_LAYOUT_Q6_K: return 32;
  case APUS_LAYOUT_Q3_K: return 4;
  default: return 0;
  }
}

/// Values that share a sub-scale in a block of 256.
CONSTANT int sub_block_columns(enum apus_layout layout) {
  return layout == APUS_LAYOUT_Q2_K || layout == APUS_LAYOUT_Q3_K || layout == APUS_LAYOUT_Q6_K ? 16 : 32;
}

/// The values of a 4-bit index, with weight_offset added so that they are unsigned.
static const uint8_t iq4_values[16] = {
    128 - 127, 128 - 104, 128 - 83, 128 - 65, 128 - 49, 128 - 35, 128 - 22, 128 - 10,
    128 + 1,   128 + 13,  128 + 25, 128 + 38, 128 + 53, 128 + 69, 128 + 89, 128 + 113};
static const uint8_t mxfp4_values[16] = {
    16, 16 + 1, 16 + 2, 16 + 3, 16 + 4, 16 + 6, 16 + 8, 16 + 12,
    16, 16 - 1, 16 - 2, 16 - 3, 16 - 4, 16 - 6, 16 - 8, 16 - 12};

// A row of activations, k values. Sums are of the row's own integers.
//
//   Q32   q int8 [k] | d float [k/32]  | −8·Σ32 int32 [k/32] | −128·Σ32 int32 [k/32]
//   Q256  q int8 [k] | d float [k/256] | Σ16 int16 [k/16]    | Σ32 int16 [k/32]

CONSTANT size_t q32_bytes(size_t k) { return whole_lines(k + k / 32 * 12); }
CONSTANT size_t q256_bytes(size_t k) { return whole_lines(k + k / 256 * 4 + k / 16 * 2 + k / 32 * 2); }

CONSTANT size_t q32_d(size_t k) { return k; }
CONSTANT size_t q32_sum8(size_t k) { return k + k / 32 * 4; }
CONSTANT size_t q32_sum128(size_t k) { return k + k / 32 * 8; }
CONSTANT size_t q256_d(size_t k) { return k; }
CONSTANT size_t q256_sum16(size_t k) { return k + k / 256 * 4; }
CONSTANT size_t q256_sum32(size_t k) { return q256_sum16(k) + k / 16 * 2; }

/// Query rows of attention that run together; their running outputs are the scratch.
enum { ROW_BLOCK = 192 };
