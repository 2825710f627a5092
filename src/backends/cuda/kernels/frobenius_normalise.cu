/**
 * y = x / (safety ‖x‖) for each of some matrices, ‖x‖ the Frobenius norm; 0 for a matrix of zeros. Squares are summed in
 * double, a chunk by a block; the sums of the chunks are then added in order. The scale stays in double, for a float32 does not
 * hold that of the smallest numbers. Policy: y is written (=).
 */
#include "block.h"

ARGUMENTS(frobenius_normalise, {
  const float *x;    /* [parts, count] */
  float *y;          /* [parts, count] */
  double *workspace; /* [parts, ceil(count / chunk)] */
  int64_t parts;
  int64_t count;     /* elements of a matrix */
  int64_t chunk;     /* elements whose squares a block sums */
  double safety;
});

KERNEL(frobenius_normalise_squares)(const frobenius_normalise_arguments args, const extents active) {
  __shared__ double shared[MAX_WARPS];
  const float *x = args.x + blockIdx.y * args.count;
  const int64_t begin = blockIdx.x * args.chunk, end = min64(begin + args.chunk, args.count);
  double sum = 0;
  for (int64_t i = begin + threadIdx.x; i < end; i += blockDim.x) sum += (double)x[i] * x[i];
  sum = block_sum(sum, shared);
  if (threadIdx.x == 0) args.workspace[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

KERNEL(frobenius_normalise_scale)(const frobenius_normalise_arguments args, const extents active) {
  const float *x = args.x + blockIdx.y * args.count;
  float *y = args.y + blockIdx.y * args.count;
  const int64_t begin = blockIdx.x * args.chunk, end = min64(begin + args.chunk, args.count);
  double squares = 0;
  for (int chunk = 0; chunk < gridDim.x; chunk++) squares += args.workspace[blockIdx.y * gridDim.x + chunk];
  const double scale = squares > 0 ? 1 / (args.safety * sqrt(squares)) : 0;
  for (int64_t i = begin + threadIdx.x; i < end; i += blockDim.x) y[i] = (float)(x[i] * scale);
}
