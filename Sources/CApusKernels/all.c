// The ordered list of tables: portable first, each better than the ones before it.

#include "kernels/tables.h"

extern HIDDEN const struct apus_cpu apus_cpu_portable;
#if defined(__x86_64__)
extern HIDDEN const struct apus_cpu apus_cpu_avx2, apus_cpu_avx_vnni, apus_cpu_avx512, apus_cpu_avx512_vnni,
    apus_cpu_avx512_bf16;
#elif defined(__aarch64__)
extern HIDDEN const struct apus_cpu apus_cpu_neon, apus_cpu_neon_dotprod, apus_cpu_neon_i8mm;
#endif

static const struct apus_cpu *const tables[] = {
    &apus_cpu_portable,
#if defined(__x86_64__)
    &apus_cpu_avx2,
    &apus_cpu_avx_vnni,
    &apus_cpu_avx512,
    &apus_cpu_avx512_vnni,
    &apus_cpu_avx512_bf16,
#elif defined(__aarch64__)
    &apus_cpu_neon,
    &apus_cpu_neon_dotprod,
    &apus_cpu_neon_i8mm,
#endif
};

const struct apus_cpu *apus_cpu_at(int index) {
  const int count = (int)(sizeof tables / sizeof tables[0]);
  return index >= 0 && index < count ? tables[index] : 0;
}
