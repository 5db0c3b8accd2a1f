// Lets the processor flush subnormal numbers while bfloat16 products are summed with plain fma: bit for bit what
// vdpbf16ps does without being asked.

#pragma once

// MXCSR with flush-to-zero and denormals-are-zero set; returns the state before. Loads cannot move above it.
INLINE unsigned flush_begin(void) {
  unsigned state, flushing;
  __asm__ volatile("stmxcsr %0" : "=m"(state) : : "memory");
  flushing = state | 0x8040;
  __asm__ volatile("ldmxcsr %0" : : "m"(flushing) : "memory");
  return state;
}

// The results are in memory before the state changes back.
INLINE void flush_end(unsigned state, const f32x16 *results) {
  __asm__ volatile("ldmxcsr %0" : : "m"(state), "r"(results) : "memory");
}
