// Everything a file of cpus/ compiles from float arithmetic: products of float layouts, attention, row kernels.

#include "math.h"
#include "elementwise.h"
#include "norm.h"
#include "convert.h"
#include "pack_float.h"
#include "unpack_transposed.h"
#include "quantize.h"
#include "kv_page.h"
#include "reduce.h"
#include "attention.h"
#include "attention_gradient.h"
#include "gradients.h"
#include "outer.h"
#include "adamw.h"
#include "optimizers.h"
#include "normals.h"

GEMM_F32(APUS_LAYOUT_F32, f32)
GEMM_F32(APUS_LAYOUT_F16, f16)

HIDDEN void NAME(outer_f32)(const struct apus_outer *g) { outer(0, g); }

#define PEAK_F32
#include "peaks.h"
#undef PEAK_F32
