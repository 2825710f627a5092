/**
 * The gradient that reaches the product of a linear layer, for both of its gradients to read, and that of its bias:
 * dy' = dy [N,M] or, where the layer ends in GELU, dy * gelu'(pre), as activations; db [M] += the column sums of dy'. Policy: dy' is
 * written (=) where it is not dy itself, db is added to (+=).
 */
#include "linear_gradient.h"

ARGUMENTS(linear_backward_bias, {
  const void *output_gradient; /* [N, M], fp32 or bf16 by gradient_type */
  const act *preactivation;    /* [N, M], or null without GELU */
  act *product_gradient;       /* [N, M], or null where it is the output gradient */
  float *bias_gradient;        /* [M] (+=), or null */
  float *workspace;            /* sums of dy' by blocks of rows */
  int64_t out_features;        /* M */
  int64_t gradient_type;       /* 0 fp32, 1 bf16 */
  int64_t gradient_rows;       /* of a block */
});

KERNEL(__launch_bounds__(256) linear_backward_bias_gradient)(const linear_backward_bias_arguments args, const extents active) {
  const int64_t N = rows_of(active), M = args.out_features, rows = args.gradient_rows;
  const act *pre = args.preactivation;
  float *partial = args.bias_gradient ? args.workspace : 0;
  if (args.gradient_type == 0)
    product_gradient_of((const float *)args.output_gradient, pre, args.product_gradient, partial, N, M, rows);
  else product_gradient_of((const bf16 *)args.output_gradient, pre, args.product_gradient, partial, N, M, rows);
}

KERNEL(linear_backward_bias_sums)(const linear_backward_bias_arguments args, const extents active) {
  const int64_t blocks = (rows_of(active) + args.gradient_rows - 1) / args.gradient_rows;
  add_partial_sums(args.workspace, blocks, args.out_features, args.bias_gradient, args.out_features);
}
