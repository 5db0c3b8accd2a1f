// AVX-512 with 8-bit dot products: the quantised products; everything else is avx512's.

#if defined(__x86_64__)

#include <immintrin.h>

#include "x86.h"

#define ISA avx512_vnni
#define USE_VNNI
#include "../kernels/tables.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma,f16c"))), apply_to = function)
#include "../isa/avx512.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/i8_group.h"
#pragma clang attribute pop

DECLARE_FLOAT(avx512)
DECLARE_I8(avx512_vnni)
DECLARE_BF16(avx512)

static int supported(void) { return x86_features().vnni; }

HIDDEN const struct apus_cpu apus_cpu_avx512_vnni = {
    .name = "avx512_vnni", .supported = supported, .vector_bits = VECTOR_BITS,
    FLOAT_TABLE(avx512), I8_TABLE(avx512_vnni), BF16_TABLE(avx512)};

#endif
