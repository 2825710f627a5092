/**
 * Gradients of biases and of LayerNorm's parameters are sums over all rows. Blocks of rows sum their own, each into a row of
 * `partial`, in a fixed order; then the columns of `partial` are added up. The number of blocks depends on the number of rows
 * alone, so the same rows give the same bits on any GPU.
 */
#pragma once
#include "block.h"
#include "vectors.h"

#define SUMMED_TOGETHER 32 /* rows of partial sums, by as many warps */

/** target[c] += Σ partial[b][c] over `count` rows of `stride`, for WARP columns a block of SUMMED_TOGETHER warps. */
static __device__ __forceinline__ void add_partial_sums(const float *partial, int64_t count, int64_t stride, float *target,
                                                        int64_t columns) {
  __shared__ float shared[SUMMED_TOGETHER][WARP];
  const int lane = lane_of_thread(), warp = warp_of_thread();
  const int64_t c = (int64_t)blockIdx.x * WARP + lane;
  float sum = 0;
  if (c < columns)
    for (int64_t b = warp; b < count; b += SUMMED_TOGETHER) sum += partial[b * stride + c];
  shared[warp][lane] = sum;
  __syncthreads();
  if (warp > 0 || c >= columns) return;
  for (int w = 1; w < SUMMED_TOGETHER; w++) sum += shared[w][lane];
  target[c] += sum;
}
