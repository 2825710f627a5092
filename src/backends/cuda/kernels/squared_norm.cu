/**
 * The sum of squares of the flat gradient buffer: one pass over memory. Squares are summed in double, a chunk by a block; one
 * block then adds the sums of the chunks. Both orders are fixed.
 */
#include "block.h"
#include "vectors.h"

ARGUMENTS(squared_norm, {
  const float *gradients; /* [count] */
  double *squared_norm;   /* [1] */
  double *workspace;      /* [ceil(count / chunk)] */
  int64_t count;
  int64_t chunk;          /* elements whose squares a block sums: a multiple of WIDTH */
});

#define WIDTH 4

KERNEL(squared_norm_chunks)(const squared_norm_arguments args, const extents active) {
  __shared__ double shared[MAX_WARPS];
  const int64_t begin = blockIdx.x * args.chunk, end = min64(begin + args.chunk, args.count);
  double sum = 0;
  int64_t i = begin + threadIdx.x * WIDTH;
#pragma unroll 4
  for (; i + WIDTH <= end; i += blockDim.x * WIDTH) {
    const numbers<WIDTH> some = load<WIDTH>(args.gradients + i);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) sum += (double)some.at[k] * some.at[k];
  }
  for (; i < end; i++) sum += (double)args.gradients[i] * args.gradients[i];
  sum = block_sum(sum, shared);
  if (threadIdx.x == 0) args.workspace[blockIdx.x] = sum;
}

KERNEL(squared_norm_total)(const squared_norm_arguments args, const extents active) {
  __shared__ double shared[MAX_WARPS];
  const int64_t chunks = (args.count + args.chunk - 1) / args.chunk;
  double sum = 0;
  for (int64_t chunk = threadIdx.x; chunk < chunks; chunk += blockDim.x) sum += args.workspace[chunk];
  sum = block_sum(sum, shared);
  if (threadIdx.x == 0) *args.squared_norm = sum;
}
