// AVX2, FMA and F16C: x86-64 processors since 2013.

#if defined(__x86_64__)

#include <immintrin.h>

#include "x86.h"

#define ISA avx2
#include "../kernels/tables.h"

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "../isa/avx2.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/float_group.h"
#include "../kernels/i8_group.h"
#include "../kernels/bf16_group.h"
#pragma clang attribute pop

DECLARE_FLOAT(avx2)
DECLARE_I8(avx2)
DECLARE_BF16(avx2)

static int supported(void) { return x86_features().avx2; }

HIDDEN const struct apus_cpu apus_cpu_avx2 = {
    .name = "avx2", .supported = supported, .vector_bits = VECTOR_BITS,
    FLOAT_TABLE(avx2), I8_TABLE(avx2), BF16_TABLE(avx2)};

#endif
