/**
 * The gradient dy' that reaches the product of a linear layer: dy, or dy * gelu'(pre) where the layer ends in GELU, rounded to
 * what matrix products read; and the column sums of dy', by blocks of rows (column_sums.h). One pass over memory.
 */
#pragma once
#include "column_sums.h"
#include "gelu.h"

#define GRADIENT_WIDTH 8
#define GRADIENT_COLUMNS (WARP * GRADIENT_WIDTH) /* of a block, whose warps take different rows */
#define GRADIENT_WARPS 8

/**
 * @param dy T [N, M]
 * @param pre [N, M], or null without GELU
 * @param product_gradient dy' [N, M], or null where dy itself is
 * @param partial [gridDim.y, M], or null
 * @param rows of a block
 */
template <typename T>
static __device__ __forceinline__ void product_gradient_of(const T *dy, const act *pre, act *product_gradient, float *partial,
                                                           int64_t N, int64_t M, int64_t rows) {
  __shared__ float shared[GRADIENT_WARPS][GRADIENT_COLUMNS];
  const int lane = lane_of_thread(), warp = warp_of_thread();
  const int64_t c = (int64_t)blockIdx.x * GRADIENT_COLUMNS + lane * GRADIENT_WIDTH;
  const bool whole = M % GRADIENT_WIDTH == 0;
  numbers<GRADIENT_WIDTH> sum = zeros<GRADIENT_WIDTH>();
  const int64_t end = min64((blockIdx.y + 1) * rows, N);
  if (c < M) {
#pragma unroll 4
    for (int64_t n = blockIdx.y * rows + warp; n < end; n += GRADIENT_WARPS) {
      numbers<GRADIENT_WIDTH> gradient = load<GRADIENT_WIDTH>(dy + n * M, c, M, whole);
      if (pre) {
        const numbers<GRADIENT_WIDTH> x = load<GRADIENT_WIDTH>(pre + n * M, c, M, whole);
#pragma unroll
        for (int k = 0; k < GRADIENT_WIDTH; k++) gradient.at[k] *= gelu_derivative(x.at[k]);
      }
      if (product_gradient) store<GRADIENT_WIDTH>(product_gradient + n * M, c, M, whole, gradient);
#pragma unroll
      for (int k = 0; k < GRADIENT_WIDTH; k++) sum.at[k] += gradient.at[k];
    }
  }
  if (!partial) return;
  store<GRADIENT_WIDTH>(shared[warp] + lane * GRADIENT_WIDTH, sum);
  __syncthreads();
  for (int i = threadIdx.x; i < GRADIENT_COLUMNS; i += blockDim.x) {
    const int64_t column = (int64_t)blockIdx.x * GRADIENT_COLUMNS + i;
    float total = 0;
    for (int w = 0; w < GRADIENT_WARPS; w++) total += shared[w][i];
    if (column < M) partial[blockIdx.y * M + column] = total;
  }
}
