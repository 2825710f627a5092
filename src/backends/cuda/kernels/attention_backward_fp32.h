/** The backward pass in fp32, for checking: 16×16 threads, each summing gradients of four of the block's 64 rows. */
#pragma once
#include "attention_backward.h"
#include "fp32_tiles.h"

#define ROWS_FOR(width) 64
/** Rows of the other side that are taken at a time. */
#define OTHERS_FOR(width) ((width) <= 64 ? 32 : 16)

static __device__ __forceinline__ float weight_of(float score, float log_sum_exp, float scale, bool seen) {
  return seen ? exp2f(score * scale - LOG2_E * log_sum_exp) : 0;
}

/** Gradients of the query rows first .. first + ROWS - 1, which see the keys up to their own row. */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void gradient_of_queries(const backward_head &head, int first) {
  constexpr int OTHERS = OTHERS_FOR(WIDTH);
  extern __shared__ __align__(16) float shared_floats[];
  float *queries = shared_floats, *gradients = queries + tile_floats<WIDTH>(ROWS);
  float *keys = gradients + tile_floats<WIDTH>(ROWS), *values = keys + tile_floats<WIDTH>(OTHERS);
  float *weights = values + tile_floats<WIDTH>(OTHERS), *deltas = weights + tile_floats<OTHERS>(ROWS);
  const int own = 4 * thread_row(), column = thread_column(), C = head.channels, D = head.head_size;
  const int all = min(first + ROWS, head.rows), query = first + own;
  const float scale = LOG2_E / sqrtf((float)D);
  fill_tile<WIDTH, ROWS>(queries, head.qkv + (int64_t)first * head.wide, head.wide, head.rows - first, D);
  fill_tile<WIDTH, ROWS>(gradients, head.out_gradient + (int64_t)first * C, C, head.rows - first, D);
  if (threadIdx.x < ROWS) {
    const int row = first + threadIdx.x;
    deltas[threadIdx.x] = row < head.rows ? delta_of(head, row) : 0;
    if (row < head.rows) head.delta[row] = deltas[threadIdx.x];
  }
  float log_sum[4];
  for (int i = 0; i < 4; i++) log_sum[i] = query + i < head.rows ? head.log_sum_exp[query + i] : 0;
  row_sums<WIDTH> sums = {};
  for (int key = 0; key < all; key += OTHERS) {
    const float *from = head.qkv + (int64_t)key * head.wide + C;
    __syncthreads();
    fill_tile<WIDTH, OTHERS>(keys, from, head.wide, all - key, D);
    fill_tile<WIDTH, OTHERS>(values, from + C, head.wide, all - key, D);
    __syncthreads();
    float scores[4][OTHERS / SIDE], products[4][OTHERS / SIDE];
    multiply_rows<WIDTH>(scores, queries + tile_floats<WIDTH>(own), keys + tile_floats<WIDTH>(column));
    multiply_rows<WIDTH>(products, gradients + tile_floats<WIDTH>(own), values + tile_floats<WIDTH>(column));
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
      for (int j = 0; j < OTHERS / SIDE; j++) {
        const float weight = weight_of(scores[i][j], log_sum[i], scale, key + column + SIDE * j <= query + i);
        weights[tile_floats<OTHERS>(own + i) + column + SIDE * j] = weight * (products[i][j] - deltas[own + i]);
      }
    __syncthreads();
    add_weighted_rows<WIDTH, OTHERS, tile_floats<OTHERS>(1), 1>(sums, keys, weights + tile_floats<OTHERS>(own));
  }
  const float factor = 1 / sqrtf((float)D);
  store_sums<WIDTH>(head.qkv_gradient + (int64_t)query * head.wide, head.wide, sums, {factor, factor, factor, factor},
                    head.rows - query, D);
}

/** Gradients of the key and value rows first .. first + ROWS - 1, seen by the queries from their own row on. */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void gradient_of_keys(const backward_head &head, int first) {
  constexpr int OTHERS = OTHERS_FOR(WIDTH);
  extern __shared__ __align__(16) float shared_floats[];
  float *keys = shared_floats, *values = keys + tile_floats<WIDTH>(ROWS);
  float *queries = values + tile_floats<WIDTH>(ROWS), *gradients = queries + tile_floats<WIDTH>(OTHERS);
  float *weights = gradients + tile_floats<WIDTH>(OTHERS), *score_gradients = weights + tile_floats<ROWS>(OTHERS);
  const int own = 4 * thread_row(), column = thread_column(), C = head.channels, D = head.head_size, key = first + own;
  const int others = OTHERS / SIDE * thread_row(); /* the queries of which the thread makes scores */
  const float scale = LOG2_E / sqrtf((float)D);
  const float *from = head.qkv + (int64_t)first * head.wide + C;
  fill_tile<WIDTH, ROWS>(keys, from, head.wide, head.rows - first, D);
  fill_tile<WIDTH, ROWS>(values, from + C, head.wide, head.rows - first, D);
  row_sums<WIDTH> key_sums = {}, value_sums = {};
  for (int query = first; query < head.rows; query += OTHERS) {
    __syncthreads();
    fill_tile<WIDTH, OTHERS>(queries, head.qkv + (int64_t)query * head.wide, head.wide, head.rows - query, D);
    fill_tile<WIDTH, OTHERS>(gradients, head.out_gradient + (int64_t)query * C, C, head.rows - query, D);
    __syncthreads();
    float scores[OTHERS / SIDE][ROWS / SIDE], products[OTHERS / SIDE][ROWS / SIDE];
    multiply_rows<WIDTH>(scores, queries + tile_floats<WIDTH>(others), keys + tile_floats<WIDTH>(column));
    multiply_rows<WIDTH>(products, gradients + tile_floats<WIDTH>(others), values + tile_floats<WIDTH>(column));
#pragma unroll
    for (int i = 0; i < OTHERS / SIDE; i++) {
      const int row = query + others + i;
      const float log_sum = row < head.rows ? head.log_sum_exp[row] : 0, delta = row < head.rows ? head.delta[row] : 0;
#pragma unroll
      for (int j = 0; j < ROWS / SIDE; j++) {
        const int at = tile_floats<ROWS>(others + i) + column + SIDE * j;
        const float weight = weight_of(scores[i][j], log_sum, scale, first + column + SIDE * j <= row);
        weights[at] = weight;
        score_gradients[at] = weight * (products[i][j] - delta);
      }
    }
    __syncthreads();
    add_weighted_rows<WIDTH, OTHERS, 1, tile_floats<ROWS>(1)>(value_sums, gradients, weights + own);
    add_weighted_rows<WIDTH, OTHERS, 1, tile_floats<ROWS>(1)>(key_sums, queries, score_gradients + own);
  }
  const float factor = 1 / sqrtf((float)D);
  float *to = head.qkv_gradient + (int64_t)key * head.wide + C;
  store_sums<WIDTH>(to, head.wide, key_sums, {factor, factor, factor, factor}, head.rows - key, D);
  store_sums<WIDTH>(to + C, head.wide, value_sums, {1, 1, 1, 1}, head.rows - key, D);
}
