// NEON with 8-bit dot products: the quantised products; everything else is neon's.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "arm.h"

#define ISA neon_dotprod
#define USE_DOTPROD
#include "../kernels/tables.h"

#pragma clang attribute push(__attribute__((target("+dotprod"))), apply_to = function)
#include "../isa/neon.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/i8_group.h"
#pragma clang attribute pop

DECLARE_FLOAT(neon)
DECLARE_I8(neon_dotprod)
DECLARE_BF16(neon)

static int supported(void) { return arm_has_dotprod(); }

HIDDEN const struct apus_cpu apus_cpu_neon_dotprod = {
    .name = "neon_dotprod", .supported = supported, .vector_bits = VECTOR_BITS,
    FLOAT_TABLE(neon), I8_TABLE(neon_dotprod), BF16_TABLE(neon)};

#endif
