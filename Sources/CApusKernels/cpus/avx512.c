// AVX-512 F, BW, DQ, VL: one register holds the 16 lanes.

#if defined(__x86_64__)

#include <immintrin.h>

#include "x86.h"

#define ISA avx512
#include "../kernels/tables.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)
#include "../isa/avx512.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/float_group.h"
#include "../kernels/i8_group.h"
#include "../kernels/bf16_group.h"
#pragma clang attribute pop

DECLARE_FLOAT(avx512)
DECLARE_I8(avx512)
DECLARE_BF16(avx512)

static int supported(void) { return x86_features().avx512; }

HIDDEN const struct apus_cpu apus_cpu_avx512 = {
    .name = "avx512", .supported = supported, .vector_bits = VECTOR_BITS,
    FLOAT_TABLE(avx512), I8_TABLE(avx512), BF16_TABLE(avx512)};

#endif
