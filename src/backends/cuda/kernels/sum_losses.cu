/** total += the sum of the losses, added in double by one block, in a fixed order. */
#include "block.h"

ARGUMENTS(sum_losses, {
  const float *losses; /* [N] */
  float *total;        /* [1] (+=) */
});

KERNEL(sum_losses)(const sum_losses_arguments args, const extents active) {
  __shared__ double shared[MAX_WARPS];
  const int64_t N = rows_of(active);
  double sum = 0;
#pragma unroll 4
  for (int64_t n = threadIdx.x; n < N; n += blockDim.x) sum += args.losses[n];
  sum = block_sum(sum, shared);
  if (threadIdx.x == 0) *args.total += (float)sum;
}
