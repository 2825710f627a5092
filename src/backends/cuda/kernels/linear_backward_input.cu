/**
 * dx [N,K] = dy' wT, with dy' = dy [N,M] or, where the layer ends in GELU, dy * gelu'(pre); w [K,M]. Policy: dx is written (=).
 * The product is cuBLASLt's. In bf16 it reads a copy of the weight in the workspace; dy', where it is not dy, lies there too.
 */
#include "convert.h"
#include "linear_gradient.h"

ARGUMENTS(linear_backward_input, {
  const void *output_gradient; /* [N, M], fp32 or bf16 by gradient_type */
  const act *preactivation;    /* [N, M], or null without GELU */
  const float *weight;         /* [K, M] */
  act *input_gradient;         /* [N, K] */
  act *workspace;              /* the weight [K, M], then from gradient_offset dy' [N, M] */
  int64_t in_features;         /* K */
  int64_t out_features;        /* M */
  int64_t gradient_type;       /* 0 fp32, 1 bf16 */
  int64_t gradient_offset;     /* in elements */
  int64_t gradient_rows;       /* of dy' that a block works out */
});

KERNEL(linear_backward_input_convert)(const linear_backward_input_arguments args, const extents active) {
  convert(args.weight, args.workspace, args.in_features * args.out_features);
}

KERNEL(__launch_bounds__(256) linear_backward_input_gradient)(const linear_backward_input_arguments args, const extents active) {
  act *to = args.workspace + args.gradient_offset;
  const int64_t N = rows_of(active), M = args.out_features, rows = args.gradient_rows;
  if (args.gradient_type == 0) product_gradient_of((const float *)args.output_gradient, args.preactivation, to, 0, N, M, rows);
  else product_gradient_of((const bf16 *)args.output_gradient, args.preactivation, to, 0, N, M, rows);
}
