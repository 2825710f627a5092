/**
 * What a step of a Newton-Schulz iteration needs besides its products (operations/newton-schulz-step.ts): c G + b I, which
 * times the Gram matrix G is c G^2 + b G, and a x, to which the product with x is added.
 */
#include "kernel.h"

ARGUMENTS(newton_schulz_step, {
  const float *x;   /* [parts, rows, columns] */
  float *y;         /* [parts, rows, columns] */
  float *workspace; /* [3, parts, side, side], side = min(rows, columns): Gram matrices, mixed, polynomials */
  int64_t parts;
  int64_t rows;
  int64_t columns;
  double a;
  double b;
  double c;
});

#define ELEMENTS 4

KERNEL(newton_schulz_step_mix)(const newton_schulz_step_arguments args, const extents active) {
  const int64_t side = min64(args.rows, args.columns), count = args.parts * side * side;
  const float *gram = args.workspace;
  float *mixed = args.workspace + count;
  const float b = (float)args.b, c = (float)args.c;
  const int64_t begin = blockIdx.x * (int64_t)(ELEMENTS * blockDim.x);
  for (int64_t i = begin + threadIdx.x; i < min64(begin + ELEMENTS * blockDim.x, count); i += blockDim.x)
    mixed[i] = c * gram[i] + (i % (side * side) % (side + 1) == 0 ? b : 0);
}

KERNEL(newton_schulz_step_scale)(const newton_schulz_step_arguments args, const extents active) {
  const int64_t count = args.parts * args.rows * args.columns;
  const float a = (float)args.a;
  const int64_t begin = blockIdx.x * (int64_t)(ELEMENTS * blockDim.x);
  for (int64_t i = begin + threadIdx.x; i < min64(begin + ELEMENTS * blockDim.x, count); i += blockDim.x)
    args.y[i] = a * args.x[i];
}
