// NEON as every 64-bit Arm processor has it.

#if defined(__aarch64__)

#include <arm_neon.h>

#define ISA neon
#include "../kernels/tables.h"

#include "../isa/neon.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/float_group.h"
#include "../kernels/i8_group.h"
#include "../kernels/bf16_group.h"

DECLARE_FLOAT(neon)
DECLARE_I8(neon)
DECLARE_BF16(neon)

static int supported(void) { return 1; }

HIDDEN const struct apus_cpu apus_cpu_neon = {
    .name = "neon", .supported = supported, .vector_bits = VECTOR_BITS,
    FLOAT_TABLE(neon), I8_TABLE(neon), BF16_TABLE(neon)};

#endif
