/**
 * Gradient of layer normalisation. With x̂ = (stream - mean)·rstd and g = dnormed·weight:
 * dx = rstd·(g - average(g) - x̂·average(g·x̂)) + dstream, dweight += Σ dnormed·x̂, dbias += Σ dnormed.
 *
 * A block takes a stretch of rows, ROWS at a time, of which a thread has the same few columns each: so it keeps
 * their dweight and dbias in registers, and every number is read from memory once.
 */
#include "column_sums.h"

ARGUMENTS(layer_norm_backward, {
  const act *normed_gradient;     /* [N, C] */
  const float *stream_gradient;   /* [N, C] or null */
  const float *stream;            /* [N, C] */
  const float *mean;              /* [N] */
  const float *inverse_deviation; /* [N] */
  const float *weight;            /* [C] */
  float *x_gradient;              /* [N, C] */
  float *weight_gradient;         /* [C] (+=) */
  float *bias_gradient;           /* [C] (+=) */
  float *workspace;               /* [blocks, 2, C]: dweight, dbias of the blocks */
  int64_t channels;               /* C */
  int64_t blocks;                 /* of rows */
});

#define WIDTH 4

/** GROUPS vectors of columns a thread, ROWS rows at a time. */
template <int GROUPS, int ROWS>
static __device__ __forceinline__ void backward_rows(const layer_norm_backward_arguments &args, const extents active) {
  __shared__ float shared[2][MAX_WARPS][2 * ROWS];
  const int C = (int)args.channels;
  const bool whole = C % WIDTH == 0;
  const int64_t N = rows_of(active), end = (blockIdx.x + 1) * N / gridDim.x;
  numbers<WIDTH> weight[GROUPS], dweight[GROUPS], dbias[GROUPS];
#pragma unroll
  for (int g = 0; g < GROUPS; g++) {
    const int c = (g * blockDim.x + threadIdx.x) * WIDTH;
    weight[g] = c < C ? load<WIDTH>(args.weight, c, C, whole) : zeros<WIDTH>();
    dweight[g] = dbias[g] = zeros<WIDTH>();
  }
  int turn = 0;
  for (int64_t first = blockIdx.x * N / gridDim.x; first < end; first += ROWS, turn ^= 1) {
    numbers<WIDTH> d[ROWS][GROUPS], normal[ROWS][GROUPS], dx[ROWS][GROUPS];
    float rstd[ROWS], sums[2 * ROWS];
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const int64_t n = first + r;
      const float mean = n < end ? args.mean[n] : 0;
      rstd[r] = n < end ? args.inverse_deviation[n] : 0;
#pragma unroll
      for (int g = 0; g < GROUPS; g++) {
        const int c = (g * blockDim.x + threadIdx.x) * WIDTH;
        const bool is_here = n < end && c < C;
        d[r][g] = is_here ? load<WIDTH>(args.normed_gradient + n * C, c, C, whole) : zeros<WIDTH>();
        normal[r][g] = is_here ? load<WIDTH>(args.stream + n * C, c, C, whole) : zeros<WIDTH>();
        dx[r][g] = is_here && args.stream_gradient ? load<WIDTH>(args.stream_gradient + n * C, c, C, whole) : zeros<WIDTH>();
#pragma unroll
        for (int k = 0; k < WIDTH; k++) normal[r][g].at[k] = (normal[r][g].at[k] - mean) * rstd[r];
      }
    }
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      sums[2 * r] = sums[2 * r + 1] = 0;
#pragma unroll
      for (int g = 0; g < GROUPS; g++)
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
          const float gradient = d[r][g].at[k], scaled = gradient * weight[g].at[k], x = normal[r][g].at[k];
          dweight[g].at[k] += gradient * x;
          dbias[g].at[k] += gradient;
          sums[2 * r] += scaled;
          sums[2 * r + 1] += scaled * x;
        }
    }
#pragma unroll
    for (int s = 0; s < 2 * ROWS; s++) sums[s] = warp_sum(sums[s]);
    if (lane_of_thread() == 0)
#pragma unroll
      for (int s = 0; s < 2 * ROWS; s++) shared[turn][warp_of_thread()][s] = sums[s];
    /* the other half is written in the next turn, when all have read this one's */
    __syncthreads();
#pragma unroll
    for (int s = 0; s < 2 * ROWS; s++) sums[s] = 0;
    for (int warp = 0; warp < warps_of_block(); warp++)
#pragma unroll
      for (int s = 0; s < 2 * ROWS; s++) sums[s] += shared[turn][warp][s];
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const int64_t n = first + r;
      if (n >= end) break;
      const float average_g = sums[2 * r] / C, average_gx = sums[2 * r + 1] / C;
#pragma unroll
      for (int g = 0; g < GROUPS; g++) {
        const int c = (g * blockDim.x + threadIdx.x) * WIDTH;
        if (c >= C) continue;
#pragma unroll
        for (int k = 0; k < WIDTH; k++) {
          const float scaled = d[r][g].at[k] * weight[g].at[k];
          dx[r][g].at[k] += (scaled - average_g - normal[r][g].at[k] * average_gx) * rstd[r];
        }
        store<WIDTH>(args.x_gradient + n * C, c, C, whole, dx[r][g]);
      }
    }
  }
  float *partial = args.workspace + blockIdx.x * (int64_t)2 * C;
#pragma unroll
  for (int g = 0; g < GROUPS; g++) {
    const int c = (g * blockDim.x + threadIdx.x) * WIDTH;
    if (c >= C) continue;
    store<WIDTH>(partial, c, C, whole, dweight[g]);
    store<WIDTH>(partial + C, c, C, whole, dbias[g]);
  }
}

/** Up to 2048 channels. */
KERNEL(__launch_bounds__(512) layer_norm_backward)(const layer_norm_backward_arguments args, const extents active) {
  backward_rows<1, 2>(args, active);
}

/** Up to 6144. */
KERNEL(__launch_bounds__(512) layer_norm_backward_wide)(const layer_norm_backward_arguments args, const extents active) {
  backward_rows<3, 1>(args, active);
}

KERNEL(layer_norm_backward_weight)(const layer_norm_backward_arguments args, const extents active) {
  add_partial_sums(args.workspace, args.blocks, 2 * args.channels, args.weight_gradient, args.channels);
}

KERNEL(layer_norm_backward_bias)(const layer_norm_backward_arguments args, const extents active) {
  add_partial_sums(args.workspace + args.channels, args.blocks, 2 * args.channels, args.bias_gradient, args.channels);
}
