// AVX-512 with bfloat16 dot products: those products; everything else is avx512_vnni's.

#if defined(__x86_64__)

#include <immintrin.h>

#include "x86.h"

#define ISA avx512_bf16
#define USE_BF16
#include "../kernels/tables.h"

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,f16c"))), apply_to = function)
#include "../isa/avx512.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/bf16_group.h"
#pragma clang attribute pop

DECLARE_FLOAT(avx512)
DECLARE_I8(avx512_vnni)
DECLARE_BF16(avx512_bf16)

static int supported(void) { return x86_features().bf16; }

HIDDEN const struct apus_cpu apus_cpu_avx512_bf16 = {
    .name = "avx512_bf16", .supported = supported, .vector_bits = VECTOR_BITS,
    .peak_bf16 = peak_bf16_avx512_bf16,
    FLOAT_TABLE(avx512), I8_TABLE(avx512_vnni), BF16_TABLE(avx512_bf16)};

#endif
