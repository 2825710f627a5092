/**
 * pre = x [N,K] w [K,M] + b; y = gelu(pre) where `pre` is kept (the GELU variant), else y = pre. Policy: outputs are written (=).
 * The product is cuBLASLt's. In bf16 it reads copies of the weight and the bias in the workspace.
 */
#include "convert.h"
#include "gelu.h"

ARGUMENTS(linear, {
  const act *x;         /* [N, K] */
  const float *weight;  /* [K, M] */
  const float *bias;    /* [M], or null */
  act *y;               /* [N, M] */
  act *preactivation;   /* [N, M], or null without GELU */
  act *workspace;       /* the weight [K, M], then from bias_offset the bias [M] */
  int64_t in_features;  /* K */
  int64_t out_features; /* M */
  int64_t rows;         /* that the program was compiled for */
  int64_t bias_offset;  /* in elements */
});

KERNEL(linear_convert_weight)(const linear_arguments args, const extents active) {
  convert(args.weight, args.workspace, args.in_features * args.out_features);
}

KERNEL(linear_convert_bias)(const linear_arguments args, const extents active) {
  convert(args.bias, args.workspace + args.bias_offset, args.out_features);
}

KERNEL(linear_gelu)(const linear_arguments args, const extents active) {
  apply_gelu(args.preactivation, args.y, rows_of(active) * args.out_features);
}
