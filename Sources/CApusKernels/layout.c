// Sizes of panels and activation rows, for the code that allocates them.

#include "kernels/layout.h"

enum apus_activation apus_layout_activation(enum apus_layout layout) {
  if (layout <= APUS_LAYOUT_F16) return APUS_X_F32;
  if (layout == APUS_LAYOUT_BF16) return APUS_X_BF16;
  return block_columns(layout) == 32 ? APUS_X_Q32 : APUS_X_Q256;
}

size_t apus_activation_bytes(enum apus_activation form, size_t k) {
  switch (form) {
  case APUS_X_F32: return whole_lines(4 * k);
  case APUS_X_BF16: return whole_lines(2 * (k + (k & 1)));
  case APUS_X_Q32: return q32_bytes(k);
  case APUS_X_Q256: return q256_bytes(k);
  }
  return 0;
}

size_t apus_layout_block(enum apus_layout layout) { return (size_t)block_columns(layout); }

size_t apus_row_bytes(enum apus_layout layout, size_t k) {
  return k / (size_t)block_columns(layout) * file_block_bytes(layout);
}

size_t apus_panel_bytes(enum apus_layout layout, size_t k) {
  switch (layout) {
  case APUS_LAYOUT_F32: return 64 * k;
  case APUS_LAYOUT_F16: return whole_lines(32 * k);
  case APUS_LAYOUT_BF16: return 32 * (k + (k & 1));
  default: {
    const size_t blocks = k / (size_t)block_columns(layout), run = run_blocks(layout);
    return (blocks + run - 1) / run * run_bytes(layout);
  }
  }
}

size_t apus_kv_page_bytes(enum apus_kv format, int head_size) {
  const size_t values = 2 * APUS_PAGE_KEYS * (size_t)head_size;
  switch (format) {
  case APUS_KV_F32: return 4 * values;
  case APUS_KV_F16: case APUS_KV_BF16: return 2 * values;
  case APUS_KV_Q8_0: return values + values / 32 * 2;
  }
  return 0;
}

size_t apus_attention_scratch(int rows, int head_size) {
  (void)rows;  // a block's worth serves any number of rows
  const size_t page = 4 * 2 * APUS_PAGE_KEYS * (size_t)head_size;  // a page of bytes, widened
  return 2 * ROW_BLOCK * whole_lines(4 * (size_t)head_size) + page;
}

size_t apus_attention_state(int head_size) { return whole_lines(4 * (size_t)head_size) / 4 + 16; }

size_t apus_outer_scratch(void) {
  // As in kernels/outer.h, with the narrowest strips, of which there are most.
  const size_t steps = 128, panels = 16, rows = 384;
  return 64 * steps * panels + rows * (4 * steps + 64);
}

size_t apus_attention_gradient_scratch(int rows, int head_size) {
  const size_t stride = ((size_t)head_size + 15) & ~(size_t)15;
  return 4 * ((((size_t)rows + 15) & ~(size_t)15) + 6 * APUS_PAGE_KEYS * stride);
}
