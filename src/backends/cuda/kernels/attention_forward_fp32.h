/** The forward pass in fp32, for checking: 16×16 threads make 64×64 scores at a time, each those of four queries. */
#pragma once
#include "attention.h"
#include "fp32_tiles.h"

#define ROWS_FOR(width) 64
#define KEYS 64 /* of a block */

/** Over the sixteen threads of a row. */
static __device__ __forceinline__ float side_sum(float x) {
#pragma unroll
  for (int distance = SIDE / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(FULL_WARP, x, distance);
  return x;
}

static __device__ __forceinline__ float side_max(float x) {
#pragma unroll
  for (int distance = SIDE / 2; distance > 0; distance /= 2) x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, distance));
  return x;
}

template <int WIDTH, int ROWS>
static __device__ __forceinline__ void attend_block(const attention_head &head, int first) {
  static_assert(ROWS == 4 * SIDE, "a thread has four rows");
  extern __shared__ __align__(16) float shared_floats[];
  float *queries = shared_floats, *keys = queries + tile_floats<WIDTH>(ROWS); /* then values */
  float *weights = keys + tile_floats<WIDTH>(KEYS);
  const int own = 4 * thread_row(), column = thread_column(), D = head.head_size;
  const int all = head.start + min(first + ROWS, head.rows), position = head.start + first + own;
  const float scale = LOG2_E / sqrtf((float)D);
  fill_tile<WIDTH, ROWS>(queries, head.q + (int64_t)first * head.query_stride, head.query_stride, head.rows - first, D);
  row_sums<WIDTH> sums = {};
  float maximum[4], total[4] = {};
  for (int i = 0; i < 4; i++) maximum[i] = MINUS_INFINITY;
  for (int key = 0; key < all; key += KEYS) {
    const int64_t from = (int64_t)key * head.key_stride, gap = (int64_t)head.gap * head.key_stride;
    __syncthreads();
    fill_tile<WIDTH, KEYS>(keys, head.k + from, head.key_stride, all - key, D, head.start - key, gap);
    __syncthreads();
    float scores[4][KEYS / SIDE];
    multiply_rows<WIDTH>(scores, queries + tile_floats<WIDTH>(own), keys + tile_floats<WIDTH>(column));
#pragma unroll
    for (int i = 0; i < 4; i++) {
      float highest = maximum[i];
#pragma unroll
      for (int j = 0; j < KEYS / SIDE; j++) {
        const bool seen = key + column + SIDE * j <= position + i;
        scores[i][j] = seen ? scores[i][j] * scale : MINUS_INFINITY;
        highest = fmaxf(highest, scores[i][j]);
      }
      highest = side_max(highest);
      const float correction = exp2f(maximum[i] - highest);
      maximum[i] = highest;
      float sum = 0;
#pragma unroll
      for (int j = 0; j < KEYS / SIDE; j++) {
        const float weight = exp2f(scores[i][j] - highest);
        weights[tile_floats<KEYS>(own + i) + column + SIDE * j] = weight;
        sum += weight;
      }
      total[i] = total[i] * correction + side_sum(sum);
#pragma unroll
      for (int j = 0; j < WIDTH / 32; j++) {
        sums.at[i][j].x *= correction;
        sums.at[i][j].y *= correction;
      }
    }
    __syncthreads();
    fill_tile<WIDTH, KEYS>(keys, head.v + from, head.key_stride, all - key, D, head.start - key, gap);
    __syncthreads();
    add_weighted_rows<WIDTH, KEYS, tile_floats<KEYS>(1), 1>(sums, keys, weights + tile_floats<KEYS>(own));
  }
  const int left = head.rows - first - own;
  float inverse[4];
  for (int i = 0; i < 4; i++) {
    inverse[i] = 1 / total[i];
    if (head.log_sum_exp && column == 0 && i < left)
      head.log_sum_exp[first + own + i] = LN_2 * (maximum[i] + log2f(total[i]));
  }
  store_sums<WIDTH>(head.out + (int64_t)(first + own) * head.out_stride, head.out_stride, sums, inverse, left, D);
}
