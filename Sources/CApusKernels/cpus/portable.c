// The table that runs everywhere and defines the bits of the others.

#define ISA portable
#include "../kernels/tables.h"
#include "../isa/portable.h"
#include "../kernels/layout.h"
#include "../kernels/unpack.h"
#include "../kernels/gemm.h"
#include "../kernels/float_group.h"
#include "../kernels/i8_group.h"
#include "../kernels/bf16_group.h"

DECLARE_FLOAT(portable)
DECLARE_I8(portable)
DECLARE_BF16(portable)

static int supported(void) { return 1; }

HIDDEN const struct apus_cpu apus_cpu_portable = {
    .name = "portable", .supported = supported, .vector_bits = VECTOR_BITS,
    FLOAT_TABLE(portable), I8_TABLE(portable), BF16_TABLE(portable)};
