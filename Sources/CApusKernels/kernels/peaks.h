// Ceilings of one core: as many independent operations as hide the latency, and a plain read of memory.
// Included once per group: PEAK_F32, PEAK_I8 and PEAK_BF16 choose.

#ifdef PEAK_F32
HIDDEN double NAME(peak_f32)(int64_t iterations) {
  // Zeros that the compiler cannot know to be zeros.
  volatile float unknown = 0;
  f32x16 a = f_splat(unknown), b = f_splat(unknown + 1), acc[PEAK_CHAINS];
  UNROLL for (int i = 0; i < PEAK_CHAINS; i++) acc[i] = f_splat((float)i);
  ROLLED for (int64_t n = 0; n < iterations; n++) {
    UNROLL for (int i = 0; i < PEAK_CHAINS; i++) acc[i] = f_fma(acc[i], a, b);
  }
  UNROLL for (int i = 1; i < PEAK_CHAINS; i++) acc[0] = acc[0] + acc[i];
  volatile float sink = f_sum(acc[0]);
  (void)sink;
  return (double)iterations * PEAK_CHAINS * 16 * 2;
}

HIDDEN double NAME(read_bytes)(const void *data, size_t bytes) {
  const uint8_t *p = data;
  u8x64 acc[8];
  UNROLL for (int i = 0; i < 8; i++) acc[i] = (u8x64)0;
  size_t at = 0;
  for (; at + 512 <= bytes; at += 512) {
    UNROLL for (int i = 0; i < 8; i++) {
      acc[i] ^= b_load(p + at + 64 * (size_t)i);
      prefetch(p + at + 64 * (size_t)i + 4096);
    }
  }
  UNROLL for (int i = 1; i < 8; i++) acc[0] ^= acc[i];
  volatile uint8_t sink = acc[0][0];
  (void)sink;
  return (double)at;
}
#endif

#ifdef PEAK_I8
HIDDEN double NAME(peak_i8)(int64_t iterations) {
  volatile int unknown = 0;
  const int x = unknown;
  i32x16 acc[PEAK_CHAINS];
  UNROLL for (int i = 0; i < PEAK_CHAINS; i++) acc[i] = i_splat(i);
  ROLLED for (int64_t n = 0; n < iterations; n++) {
    // Weights that change with every step, so that no product can be taken out of the loop.
    UNROLL for (int i = 0; i < PEAK_CHAINS; i++) acc[i] = dot_u7(acc[i], (u8x64)acc[i], x);
  }
  UNROLL for (int i = 1; i < PEAK_CHAINS; i++) acc[0] = acc[0] ^ acc[i];
  volatile int sink = i_sum(acc[0]);
  (void)sink;
  return (double)iterations * PEAK_CHAINS * 64 * 2;
}
#endif

#ifdef PEAK_BF16
HIDDEN double NAME(peak_bf16)(int64_t iterations) {
  volatile uint32_t unknown = 0;
  u32x16 w = (u32x16)unknown;
  uint32_t x = unknown;
  f32x16 acc[PEAK_CHAINS];
  UNROLL for (int i = 0; i < PEAK_CHAINS; i++) acc[i] = f_splat((float)i);
  ROLLED for (int64_t n = 0; n < iterations; n++) {
    UNROLL for (int i = 0; i < PEAK_CHAINS; i++) acc[i] = dot_bf16(acc[i], w, x);
  }
  UNROLL for (int i = 1; i < PEAK_CHAINS; i++) acc[0] = acc[0] + acc[i];
  volatile float sink = f_sum(acc[0]);
  (void)sink;
  return (double)iterations * PEAK_CHAINS * 16 * 4;
}
#endif
