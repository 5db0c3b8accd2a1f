// Which instructions this processor has and this operating system saves the registers of.

#pragma once

#include <cpuid.h>
#include <stdint.h>

struct x86_features {
  int avx2, avx512, vnni, bf16, avx_vnni;
};

static inline int x86_bit(unsigned word, int bit) { return (int)((word >> bit) & 1); }

static inline struct x86_features x86_features(void) {
  struct x86_features f = {0, 0, 0, 0, 0};
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return f;
  const int fma = x86_bit(c, 12), f16c = x86_bit(c, 29), osxsave = x86_bit(c, 27), avx = x86_bit(c, 28);
  if (!osxsave || !avx || !fma || !f16c) return f;
  // xgetbv, spelled as an instruction: the intrinsic would need a target attribute.
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const int ymm = (low & 0x06) == 0x06, zmm = (low & 0xe6) == 0xe6;
  if (!ymm || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return f;
  f.avx2 = x86_bit(b, 5);
  f.avx512 = f.avx2 && zmm && x86_bit(b, 16) && x86_bit(b, 17) && x86_bit(b, 30) && x86_bit(b, 31);
  f.vnni = f.avx512 && x86_bit(c, 11);
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) {
    f.avx_vnni = f.avx2 && x86_bit(a, 4);
    f.bf16 = f.vnni && x86_bit(a, 5);
  }
  return f;
}
