// Products of bfloat16 weights.

#include "outer.h"

GEMM_F32(APUS_LAYOUT_BF16, bf16)

HIDDEN void NAME(outer_bf16)(const struct apus_outer *g) { outer(1, g); }

#define PEAK_BF16
#include "peaks.h"
#undef PEAK_BF16
