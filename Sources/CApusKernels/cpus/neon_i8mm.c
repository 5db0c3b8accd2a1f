// NEON with dot products of unsigned by signed bytes (the i8mm extension): the quantised products; everything else is
// neon's.

#if defined(__aarch64__)

#include <arm_neon.h>

#include "arm.h"

#define ISA neon_i8mm
#define USE_DOTPROD
#define USE_I8MM
#include "../kernels/tables.h"

#pragma clang attribute push(__attribute__((target("+dotprod,+i8mm"))), apply_to = function)
#include "../isa/neon.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/i8_group.h"
#pragma clang attribute pop

DECLARE_FLOAT(neon)
DECLARE_I8(neon_i8mm)
DECLARE_BF16(neon)

static int supported(void) { return arm_has_dotprod() && arm_has_i8mm(); }

HIDDEN const struct apus_cpu apus_cpu_neon_i8mm = {
    .name = "neon_i8mm", .supported = supported, .vector_bits = VECTOR_BITS,
    FLOAT_TABLE(neon), I8_TABLE(neon_i8mm), BF16_TABLE(neon)};

#endif
