/**
 * pre = x w + b; y = gelu(pre) where `pre` is kept (the GELU variant), else y = pre, for few rows and a weight packed once
 * (pack_weight.cu). Policy: outputs are written (=). More than eight rows of bf16 are a product of cuBLASLt, which reads a copy of
 * the bias in the workspace.
 */
#include "convert.h"
#include "few_rows.h"
#include "gelu.h"

ARGUMENTS(packed_linear, {
  const act *x;         /* [N, K] */
  const bf16 *weight;   /* [M, K], packed */
  const float *bias;    /* [M] */
  act *y;               /* [N, M] */
  act *preactivation;   /* [N, M], or null without GELU */
  bf16 *workspace;      /* the bias [M] */
  int64_t in_features;  /* K */
  int64_t out_features; /* M */
});

template <int ROWS>
static __device__ __forceinline__ void packed_linear_of(const packed_linear_arguments &args, const extents active) {
  const int64_t M = args.out_features;
  const auto place_of = [](int64_t n) { return (int)n; };
  const auto write = [&](int64_t n, int64_t column, float product) {
    const float pre = product + args.bias[column];
    if (args.preactivation) args.preactivation[n * M + column] = from_float<act>(pre);
    args.y[n * M + column] = from_float<act>(args.preactivation ? gelu_of(pre) : pre);
  };
  multiply_few_rows<ROWS>(args.x, args.weight, rows_of(active), M, args.in_features, place_of, write);
}

FEW_ROWS_KERNELS(packed_linear)

KERNEL(packed_linear_convert_bias)(const packed_linear_arguments args, const extents active) {
  convert(args.bias, args.workspace, args.out_features);
}

KERNEL(packed_linear_gelu)(const packed_linear_arguments args, const extents active) {
  apply_gelu(args.preactivation, args.y, rows_of(active) * args.out_features);
}
