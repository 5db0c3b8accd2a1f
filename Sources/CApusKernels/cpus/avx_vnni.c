// AVX2 with 8-bit dot products in 256 bits: the quantised products; everything else is avx2's.

#if defined(__x86_64__)

#include <immintrin.h>

#include "x86.h"

#define ISA avx_vnni
#define USE_AVXVNNI
#include "../kernels/tables.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#include "../isa/avx2.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/i8_group.h"
#pragma clang attribute pop

DECLARE_FLOAT(avx2)
DECLARE_I8(avx_vnni)
DECLARE_BF16(avx2)

static int supported(void) { return x86_features().avx_vnni; }

HIDDEN const struct apus_cpu apus_cpu_avx_vnni = {
    .name = "avx_vnni", .supported = supported, .vector_bits = VECTOR_BITS,
    FLOAT_TABLE(avx2), I8_TABLE(avx_vnni), BF16_TABLE(avx2)};

#endif
