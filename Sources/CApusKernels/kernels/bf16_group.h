// Products of bfloat16 weights.

GEMM_F32(APUS_LAYOUT_BF16, bf16)

#define PEAK_BF16
#include "peaks.h"
#undef PEAK_BF16
