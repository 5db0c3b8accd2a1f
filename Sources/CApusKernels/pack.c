// Packs 16 rows of GGUF blocks into a panel: the other half of kernels/unpack.h, where the bits are drawn.

#include "blocks.h"

static void pack_floats(
    enum apus_layout layout, const uint8_t *in, size_t stride, int rows, size_t k, uint8_t *panel) {
  const size_t width = file_block_bytes(layout);
  for (int r = 0; r < rows; r++) {
    const uint8_t *row = in + (size_t)r * stride;
    for (size_t i = 0; i < k; i++) {
      // bfloat16 keeps columns 2j and 2j + 1 beside each other, the even one in the upper slot.
      size_t at = layout == APUS_LAYOUT_BF16 ? (i / 2 * 16 + (size_t)r) * 2 + (1 - i % 2) : 16 * i + (size_t)r;
      __builtin_memcpy(panel + at * width, row + i * width, width);
    }
  }
}

static uint32_t word_at(const uint8_t *p) {
  uint32_t v;
  __builtin_memcpy(&v, p, 4);
  return v;
}

static void put_word(uint8_t *p, uint32_t v) { __builtin_memcpy(p, &v, 4); }

// One row of the integers of a chunk of 32 columns. `low` and `high` point at the chunk's vectors; word r of a
// vector belongs to row r.
static void put_nibbles(const uint8_t *q, int row, uint8_t *low) {
  for (int v = 0; v < 4; v++) {
    uint32_t even = word_at(q + 8 * v) & 0x0f0f0f0f, odd = word_at(q + 8 * v + 4) & 0x0f0f0f0f;
    put_word(low + 64 * v + 4 * row, even | odd << 4);
  }
}

static void put_pairs(const uint8_t *q, int shift, int row, uint8_t *pairs) {
  for (int v = 0; v < 2; v++) {
    uint32_t word = 0;
    for (int g = 0; g < 4; g++) word |= (word_at(q + 16 * v + 4 * g) >> shift & 0x03030303) << (2 * g);
    put_word(pairs + 64 * v + 4 * row, word);
  }
}

static void put_bits(const uint8_t *q, int shift, int row, uint8_t *bits) {
  uint32_t word = 0;
  for (int g = 0; g < 8; g++) word |= (word_at(q + 4 * g) >> shift & 0x01010101) << g;
  put_word(bits + 4 * row, word);
}

static void put_quants(enum apus_layout layout, const uint8_t *q, int row, uint8_t *out) {
  for (int c = 0; c < block_columns(layout) / 32; c++) {
    const uint8_t *chunk = q + 32 * c;
    switch (layout) {
    case APUS_LAYOUT_Q8_0:
      for (int g = 0; g < 8; g++) put_word(out + 64 * g + 4 * row, word_at(chunk + 4 * g));
      break;
    case APUS_LAYOUT_Q2_K: put_pairs(chunk, 0, row, out + 128 * c); break;
    case APUS_LAYOUT_Q3_K:
      put_pairs(chunk, 0, row, out + 128 * c);
      put_bits(chunk, 2, row, out + 1024 + 64 * c);
      break;
    case APUS_LAYOUT_Q5_0: case APUS_LAYOUT_Q5_1:
      put_nibbles(chunk, row, out);
      put_bits(chunk, 4, row, out + 256);
      break;
    case APUS_LAYOUT_Q5_K:
      put_nibbles(chunk, row, out + 256 * c);
      put_bits(chunk, 4, row, out + 2048 + 64 * c);
      break;
    case APUS_LAYOUT_Q6_K:
      put_nibbles(chunk, row, out + 256 * c);
      put_pairs(chunk, 4, row, out + 2048 + 128 * c);
      break;
    default: put_nibbles(chunk, row, out + 256 * c); break;
    }
  }
}

static void put_half(uint8_t *out, int row, uint16_t bits) { __builtin_memcpy(out + 2 * row, &bits, 2); }

static void put_scales(enum apus_layout layout, const struct block *b, int row, uint8_t *out) {
  if (layout == APUS_LAYOUT_MXFP4) {
    out[row] = (uint8_t)b->d;
    return;
  }
  put_half(out, row, b->d);
  if (block_columns(layout) == 32) {
    if (layout == APUS_LAYOUT_Q4_1 || layout == APUS_LAYOUT_Q5_1) put_half(out + 32, row, b->m);
    return;
  }
  const int subs = 256 / sub_block_columns(layout);
  for (int j = 0; j < subs; j++) {
    // Sub-blocks 2i and 2i + 1 of a row lie side by side.
    const int at = 32 * (j / 2) + 2 * row + j % 2;
    const uint8_t scale = (uint8_t)b->scale[j];
    switch (layout) {
    case APUS_LAYOUT_Q2_K: out[64 + at] = (uint8_t)(scale | b->least[j] << 4); break;
    case APUS_LAYOUT_Q3_K: {
      const int pair = j / 2, byte = 2 * row + j % 2;
      const unsigned stored = (unsigned)(b->scale[j] + 32);
      out[32 + 32 * (pair / 2) + byte] |= (uint8_t)((stored & 15) << (4 * (pair & 1)));
      out[160 + 32 * (pair / 4) + byte] |= (uint8_t)((stored >> 4) << (2 * (pair & 3)));
      break;
    }
    case APUS_LAYOUT_Q4_K: case APUS_LAYOUT_Q5_K:
      out[64 + at] = scale;
      out[192 + at] = b->least[j];
      break;
    default: out[32 + at] = scale; break;
    }
  }
  if (layout == APUS_LAYOUT_Q2_K || layout == APUS_LAYOUT_Q4_K || layout == APUS_LAYOUT_Q5_K)
    put_half(out + 32, row, b->m);
}

void apus_pack_panel(
    enum apus_layout layout, const void *rows_in, size_t stride, int rows, size_t k, void *panel) {
  const uint8_t *in = rows_in;
  uint8_t *out = panel;
  __builtin_memset(out, 0, apus_panel_bytes(layout, k));
  if (layout <= APUS_LAYOUT_BF16) {
    pack_floats(layout, in, stride, rows, k, out);
    return;
  }
  const size_t blocks = k / (size_t)block_columns(layout), width = file_block_bytes(layout), run = run_blocks(layout);
  struct block block = {0};
  for (size_t b = 0; b < blocks; b++) {
    uint8_t *start = out + b / run * run_bytes(layout);
    uint8_t *quants = start + b % run * quant_bytes(layout);
    uint8_t *scales = start + run * quant_bytes(layout) + b % run * scale_bytes(layout);
    for (int r = 0; r < rows; r++) {
      read_block(layout, in + (size_t)r * stride + b * width, &block);
      put_quants(layout, block.q, r, quants);
      put_scales(layout, &block, r, scales);
    }
  }
}
