// bfloat16, the upper half of a float.

#pragma once

INLINE f32x16 bf16_to_f32_16(u16x16 h) { return as_f32(__builtin_convertvector(h, i32x16) << 16); }

// To nearest, ties to even; NaN stays NaN (its top payload bit is set).
INLINE u16x16 f32_to_bf16_16(f32x16 x) {
  i32x16 bits = as_i32(x);
  i32x16 rounded = (i32x16)((u32x16)(bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  i32x16 quiet = ((bits >> 16) & 0xffff) | 0x40;
  i32x16 result = (bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded;
  return __builtin_convertvector(result, u16x16);
}

// Zero for what is below 2⁻¹²⁶, as the bfloat16 dot product takes its inputs.
INLINE f32x16 without_subnormals(f32x16 x) {
  i32x16 bits = as_i32(x);
  return as_f32((bits & 0x7f800000) == 0 ? (bits & (i32x16)INT32_MIN) : bits);
}
