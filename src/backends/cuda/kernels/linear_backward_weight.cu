/**
 * dw [K,M] += xT dy' and db [M] += the column sums of dy', with dy' = dy [N,M] or, where the layer ends in GELU,
 * dy * gelu'(pre); x [N,K]. Policy: both are added to (+=). The product is cuBLASLt's, which adds to dw in fp32.
 */
#include "linear_gradient.h"

ARGUMENTS(linear_backward_weight, {
  const act *x;                /* [N, K] */
  const void *output_gradient; /* [N, M], fp32 or bf16 by gradient_type */
  const act *preactivation;    /* [N, M], or null without GELU */
  float *weight_gradient;      /* [K, M] (+=) */
  float *bias_gradient;        /* [M] (+=), or null */
  float *workspace;            /* sums of dy' by blocks of rows, then from gradient_offset dy' [N, M] where it is not dy */
  int64_t in_features;         /* K */
  int64_t out_features;        /* M */
  int64_t gradient_type;       /* 0 fp32, 1 bf16 */
  int64_t gradient_offset;     /* in fp32 elements; 0: dy' is dy */
  int64_t gradient_rows;       /* of a block */
});

KERNEL(__launch_bounds__(256) linear_backward_weight_gradient)(const linear_backward_weight_arguments args,
                                                               const extents active) {
  act *to = args.gradient_offset ? (act *)(args.workspace + args.gradient_offset) : 0;
  float *partial = args.bias_gradient ? args.workspace : 0;
  const int64_t N = rows_of(active), M = args.out_features, rows = args.gradient_rows;
  if (args.gradient_type == 0)
    product_gradient_of((const float *)args.output_gradient, args.preactivation, to, partial, N, M, rows);
  else product_gradient_of((const bf16 *)args.output_gradient, args.preactivation, to, partial, N, M, rows);
}

KERNEL(linear_backward_weight_bias)(const linear_backward_weight_arguments args, const extents active) {
  const int64_t blocks = (rows_of(active) + args.gradient_rows - 1) / args.gradient_rows;
  add_partial_sums(args.workspace, blocks, args.out_features, args.bias_gradient, args.out_features);
}
