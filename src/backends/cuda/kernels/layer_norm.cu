/**
 * Layer normalisation with the residual add before it: stream = x + branch (just x without a branch),
 * normed = (stream - mean)·rstd·weight + bias, with the statistics of each row in fp32.
 *
 * A warp takes a row, which it reads from memory once and keeps in shared memory, each lane its own columns. The variance is
 * taken about the mean, not by the cancelling E[x²] - E[x]².
 */
#include "block.h"
#include "vectors.h"

ARGUMENTS(layer_norm, {
  const float *x;           /* [N, C] */
  const act *branch;        /* [N, C] or null */
  const float *weight;      /* [C] */
  const float *bias;        /* [C] */
  act *normed;              /* [N, C] */
  float *mean;              /* [N] */
  float *inverse_deviation; /* [N] */
  float *stream;            /* [N, C], only with a branch */
  int64_t channels;         /* C */
  double epsilon;
});

#define WIDTH 4

KERNEL(layer_norm)(const layer_norm_arguments args, const extents active) {
  extern __shared__ float4 shared[]; /* a row for each warp, in whole vectors */
  const int C = (int)args.channels, vectors = (C + WIDTH - 1) / WIDTH, lane = lane_of_thread();
  const bool whole = C % WIDTH == 0;
  float *row = (float *)(shared + warp_of_thread() * vectors);
  const int64_t n = (int64_t)blockIdx.x * warps_of_block() + warp_of_thread();
  if (n >= rows_of(active)) return;

  const float *x = args.x + n * C;
  float sum = 0;
  if (args.branch) {
#pragma unroll 4
    for (int c = lane * WIDTH; c < C; c += WARP * WIDTH) {
      numbers<WIDTH> v = load<WIDTH>(x, c, C, whole);
      const numbers<WIDTH> branch = load<WIDTH>(args.branch + n * C, c, C, whole);
#pragma unroll
      for (int k = 0; k < WIDTH; k++) sum += v.at[k] += branch.at[k];
      store<WIDTH>(args.stream + n * C, c, C, whole, v);
      store<WIDTH>(row + c, v);
    }
  } else {
#pragma unroll 4
    for (int c = lane * WIDTH; c < C; c += WARP * WIDTH) {
      const numbers<WIDTH> v = load<WIDTH>(x, c, C, whole);
#pragma unroll
      for (int k = 0; k < WIDTH; k++) sum += v.at[k];
      store<WIDTH>(row + c, v);
    }
  }
  const float mean = warp_sum(sum) / C;

  float squares = 0;
  for (int c = lane * WIDTH; c < C; c += WARP * WIDTH) {
    const numbers<WIDTH> v = load<WIDTH>(row + c);
#pragma unroll
    for (int k = 0; k < WIDTH; k++)
      if (whole || c + k < C) squares += (v.at[k] - mean) * (v.at[k] - mean);
  }
  const float rstd = 1 / sqrtf(warp_sum(squares) / C + (float)args.epsilon);

#pragma unroll 2
  for (int c = lane * WIDTH; c < C; c += WARP * WIDTH) {
    numbers<WIDTH> v = load<WIDTH>(row + c);
    const numbers<WIDTH> weight = load<WIDTH>(args.weight, c, C, whole), bias = load<WIDTH>(args.bias, c, C, whole);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) v.at[k] = (v.at[k] - mean) * rstd * weight.at[k] + bias.at[k];
    store<WIDTH>(args.normed + n * C, c, C, whole, v);
  }
  if (lane == 0) {
    args.mean[n] = mean;
    args.inverse_deviation[n] = rstd;
  }
}
