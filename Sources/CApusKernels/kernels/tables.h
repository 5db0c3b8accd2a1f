// The names a CPU's table is filled with, by the group of bodies they come from: FLOAT_TABLE(isa), I8_TABLE(isa) and
// BF16_TABLE(isa) list the functions that cpus/<isa>.c compiled. A table takes each group from the nearest
// file that has it.

#pragma once

#include "../include/apus_kernels.h"

#define HIDDEN __attribute__((visibility("hidden")))
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

#define DECLARE_FLOAT(isa)                                                                                    \
  HIDDEN apus_gemm_fn gemm_f32_##isa, gemm_f16_##isa;                                                         \
  HIDDEN apus_attention_fn attention_##isa;                                                                   \
  HIDDEN apus_attention_merge_fn attention_merge_##isa;                                                       \
  HIDDEN void rms_norm_##isa(const float *, const float *, int, float, float *);                              \
  HIDDEN void unit_norm_##isa(const float *, int, float *);                                                   \
  HIDDEN void layer_norm_##isa(const float *, const float *, const float *, int, float, float *);             \
  HIDDEN void add_##isa(const float *, const float *, int, float *);                                          \
  HIDDEN void mul_##isa(const float *, const float *, int, float *);                                          \
  HIDDEN void scale_##isa(const float *, float, int, float *);                                                \
  HIDDEN void softcap_##isa(const float *, float, int, float *);                                              \
  HIDDEN void unary_##isa(enum apus_unary, const float *, int, float *);                                      \
  HIDDEN void gated_##isa(enum apus_unary, const float *, const float *, int, float *);                       \
  HIDDEN void rope_##isa(const float *, const float *, int, int, float *);                                    \
  HIDDEN void rope_back_##isa(const float *, const float *, int, int, float *);                               \
  HIDDEN void quantize_q32_##isa(const float *, int, void *);                                                 \
  HIDDEN void quantize_rest_q32_##isa(const float *, int, const void *, void *);                              \
  HIDDEN void quantize_q256_##isa(const float *, int, void *);                                                \
  HIDDEN void round_bf16_##isa(const float *, int, void *);                                                   \
  HIDDEN void f16_to_f32_##isa(const uint16_t *, int, float *);                                               \
  HIDDEN void bf16_to_f32_##isa(const uint16_t *, int, float *);                                              \
  HIDDEN void f32_to_f16_##isa(const float *, int, uint16_t *);                                               \
  HIDDEN void f32_to_bf16_##isa(const float *, int, uint16_t *);                                              \
  HIDDEN void pack_floats_##isa(enum apus_layout, const float *, size_t, size_t, int, size_t, void *);        \
  HIDDEN void unpack_transposed_##isa(enum apus_layout, const void *, size_t, int, int, float *, size_t);     \
  HIDDEN void transpose_##isa(const float *, size_t, int, int, float *, size_t);                              \
  HIDDEN void kv_store_##isa(enum apus_kv, int, int, const float *, const float *, size_t, void *, int);      \
  HIDDEN int64_t argmax_##isa(const float *, int64_t);                                                        \
  HIDDEN void sum_exp_##isa(const float *, int, float *, float *);                                            \
  HIDDEN int all_finite_##isa(const float *, int64_t);                                                        \
  HIDDEN apus_outer_fn outer_f32_##isa;                                                                       \
  HIDDEN apus_attention_gradient_fn attention_gradient_##isa;                                                 \
  HIDDEN void unary_gradient_##isa(enum apus_unary, const float *, const float *, int, float *);              \
  HIDDEN void gated_gradient_##isa(                                                                           \
      enum apus_unary, const float *, const float *, const float *, int, float *, float *);                   \
  HIDDEN void softcap_gradient_##isa(const float *, float, const float *, int, float *);                      \
  HIDDEN void rms_norm_gradient_##isa(                                                                        \
      const float *, const float *, const float *, int, float, float *, float *);                             \
  HIDDEN void layer_norm_gradient_##isa(                                                                      \
      const float *, const float *, const float *, int, float, float *, float *);                             \
  HIDDEN void sum_rows_##isa(const float *, size_t, int, int, int, float *);                                  \
  HIDDEN void norm_weight_gradient_##isa(                                                                     \
      const float *, size_t, const float *, size_t, const float *, size_t, int, int, int, float *);           \
  HIDDEN void softmax_gradient_##isa(const float *, int64_t, float, float, float, float *);                   \
  HIDDEN void adamw_##isa(const struct apus_adamw *, int, float *, const float *, float *, float *);          \
  HIDDEN void adamw8_##isa(const struct apus_adamw *, uint64_t, uint64_t, int, float *, const float *, uint8_t *,\
                           uint8_t *, float *);                                                               \
  HIDDEN void sgd_##isa(const struct apus_sgd *, int, float *, const float *, float *);                       \
  HIDDEN void lion_##isa(const struct apus_lion *, int, float *, const float *, float *);                     \
  HIDDEN void adafactor_sums_##isa(const float *, float, int, int, float *, float *);                         \
  HIDDEN void adafactor_##isa(const struct apus_adafactor *, int, float *, const float *, const float *, float *);\
  HIDDEN void weighted_sum_##isa(float, const float *, float, const float *, int, float *);                   \
  HIDDEN double sum_squares_##isa(const float *, const float *, float, int64_t);                              \
  HIDDEN void normals_##isa(uint64_t, uint64_t, float, float, int, float *);                                  \
  HIDDEN double peak_f32_##isa(int64_t);                                                                      \
  HIDDEN double read_bytes_##isa(const void *, size_t);

#define DECLARE_I8(isa)                                                                                       \
  HIDDEN apus_gemm_fn gemm_q8_0_##isa, gemm_q4_0_##isa, gemm_q4_1_##isa, gemm_q5_0_##isa, gemm_q5_1_##isa,    \
      gemm_iq4_nl_##isa, gemm_mxfp4_##isa, gemm_q2_k_##isa, gemm_q3_k_##isa, gemm_q4_k_##isa,                 \
      gemm_q5_k_##isa, gemm_q6_k_##isa, gemm_iq4_xs_##isa;                                                    \
  HIDDEN apus_gemm_fn gemm_coarse_q8_0_##isa, gemm_coarse_q4_0_##isa, gemm_coarse_q4_1_##isa,                 \
      gemm_coarse_q5_0_##isa, gemm_coarse_q5_1_##isa, gemm_coarse_iq4_nl_##isa, gemm_coarse_mxfp4_##isa;      \
  HIDDEN double peak_i8_##isa(int64_t);

#define DECLARE_BF16(isa)                                                                                     \
  HIDDEN apus_outer_fn outer_bf16_##isa;                                                                      \
  HIDDEN apus_gemm_fn gemm_bf16_##isa;                                                                        \
  HIDDEN double peak_bf16_##isa(int64_t);

#define FLOAT_TABLE(isa)                                                                                      \
  .attention = attention_##isa, .attention_merge = attention_merge_##isa, .rms_norm = rms_norm_##isa, .unit_norm = unit_norm_##isa, .layer_norm = layer_norm_##isa, .add = add_##isa, \
  .mul = mul_##isa, .scale = scale_##isa, .softcap = softcap_##isa, .unary = unary_##isa,                     \
  .gated = gated_##isa, .rope = rope_##isa, .rope_back = rope_back_##isa, .quantize_q32 = quantize_q32_##isa, .quantize_rest_q32 = quantize_rest_q32_##isa,                               \
  .quantize_q256 = quantize_q256_##isa, .round_bf16 = round_bf16_##isa, .f16_to_f32 = f16_to_f32_##isa,       \
  .bf16_to_f32 = bf16_to_f32_##isa, .f32_to_f16 = f32_to_f16_##isa, .f32_to_bf16 = f32_to_bf16_##isa,         \
  .pack_floats = pack_floats_##isa, .unpack_transposed = unpack_transposed_##isa, .transpose = transpose_##isa, .kv_store = kv_store_##isa,                 \
  .argmax = argmax_##isa, .sum_exp = sum_exp_##isa,                                                           \
  .adamw = adamw_##isa, .adamw8 = adamw8_##isa, .sgd = sgd_##isa, .lion = lion_##isa,                         \
  .adafactor_sums = adafactor_sums_##isa, .adafactor = adafactor_##isa, .weighted_sum = weighted_sum_##isa,   \
  .sum_squares = sum_squares_##isa, .normals = normals_##isa,                                                 \
  .all_finite = all_finite_##isa, .peak_f32 = peak_f32_##isa, .read_bytes = read_bytes_##isa,                 \
  .outer_f32 = outer_f32_##isa, .attention_gradient = attention_gradient_##isa,                               \
  .unary_gradient = unary_gradient_##isa, .gated_gradient = gated_gradient_##isa,                             \
  .softcap_gradient = softcap_gradient_##isa, .rms_norm_gradient = rms_norm_gradient_##isa,                   \
  .layer_norm_gradient = layer_norm_gradient_##isa, .sum_rows = sum_rows_##isa,                               \
  .norm_weight_gradient = norm_weight_gradient_##isa, .softmax_gradient = softmax_gradient_##isa,             \
  .gemm[APUS_LAYOUT_F32] = gemm_f32_##isa, .gemm[APUS_LAYOUT_F16] = gemm_f16_##isa

#define I8_TABLE(isa)                                                                                         \
  .gemm_coarse[APUS_LAYOUT_Q8_0] = gemm_coarse_q8_0_##isa,                                                    \
  .gemm_coarse[APUS_LAYOUT_Q4_0] = gemm_coarse_q4_0_##isa,                                                    \
  .gemm_coarse[APUS_LAYOUT_Q4_1] = gemm_coarse_q4_1_##isa,                                                    \
  .gemm_coarse[APUS_LAYOUT_Q5_0] = gemm_coarse_q5_0_##isa,                                                    \
  .gemm_coarse[APUS_LAYOUT_Q5_1] = gemm_coarse_q5_1_##isa,                                                    \
  .gemm_coarse[APUS_LAYOUT_IQ4_NL] = gemm_coarse_iq4_nl_##isa,                                                \
  .gemm_coarse[APUS_LAYOUT_MXFP4] = gemm_coarse_mxfp4_##isa,                                                  \
  .peak_i8 = peak_i8_##isa, .gemm[APUS_LAYOUT_Q8_0] = gemm_q8_0_##isa,                                        \
  .gemm[APUS_LAYOUT_Q4_0] = gemm_q4_0_##isa, .gemm[APUS_LAYOUT_Q4_1] = gemm_q4_1_##isa,                       \
  .gemm[APUS_LAYOUT_Q5_0] = gemm_q5_0_##isa, .gemm[APUS_LAYOUT_Q5_1] = gemm_q5_1_##isa,                       \
  .gemm[APUS_LAYOUT_IQ4_NL] = gemm_iq4_nl_##isa, .gemm[APUS_LAYOUT_MXFP4] = gemm_mxfp4_##isa,                 \
  .gemm[APUS_LAYOUT_Q2_K] = gemm_q2_k_##isa, .gemm[APUS_LAYOUT_Q3_K] = gemm_q3_k_##isa,                       \
  .gemm[APUS_LAYOUT_Q4_K] = gemm_q4_k_##isa, .gemm[APUS_LAYOUT_Q5_K] = gemm_q5_k_##isa,                       \
  .gemm[APUS_LAYOUT_Q6_K] = gemm_q6_k_##isa, .gemm[APUS_LAYOUT_IQ4_XS] = gemm_iq4_xs_##isa

// `.peak_bf16` is listed by the tables that have the instruction.
#define BF16_TABLE(isa) .outer_bf16 = outer_bf16_##isa, .gemm[APUS_LAYOUT_BF16] = gemm_bf16_##isa

// A file of cpus/ sets ISA and includes groups; NAME(add) is add_avx2 there.
#define NAME(name) JOIN(name, ISA)
