/**
 * The backward pass on tensor cores. In both kernels a warp holds the rows that it sums gradients for, and their
 * sums, in registers; the block's four warps share tiles of the other side, of which the next is copied while one is
 * used. Scores are made with the warp's own rows on the left, so that they are left operands of the next product
 * where they are: against queries they are transposed.
 */
#pragma once
#include "attention_backward.h"
#include "bf16_tiles.h"

/** Rows of a block: with more, the registers would not hold wide heads. */
#define ROWS_FOR(width) ((width) <= 64 ? 128 : 64)
#define AT_ONCE 16 /* rows of the other side that scores are made with at a time */
#define TILE 64 /* rows of the other side that are copied at a time */

/** Stores a warp's sums, scaled, through its own rows of a tile. */
template <int WIDTH, int ROW_TILES>
static __device__ __forceinline__ void store_sums(bf16 *to, int64_t stride, uint8_t *tile,
                                                  const float (&sums)[ROW_TILES][WIDTH / 8][4], float scale, int rows,
                                                  int columns) {
  __syncwarp();
#pragma unroll
  for (int m = 0; m < ROW_TILES; m++) put_results<WIDTH>(tile + 16 * m * WIDTH * 2, sums[m], {scale, scale});
  __syncwarp();
  store_rows<WIDTH, ROW_TILES * 16>(to, stride, tile, rows, columns);
}

/** Gradients of the query rows first .. first + ROWS - 1, which see the keys up to their own row. */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void gradient_of_queries(const backward_head &head, int first) {
  constexpr int ROW_TILES = ROWS / BLOCK_WARPS / 16, OWN_BYTES = ROWS * WIDTH * 2, TILE_BYTES = TILE * WIDTH * 2;
  extern __shared__ __align__(16) uint8_t shared[];
  float *deltas = (float *)(shared + 2 * OWN_BYTES + 4 * TILE_BYTES);
  const uint32_t query_tile = shared_address(shared), gradient_tile = query_tile + OWN_BYTES;
  const uint32_t key_tiles = gradient_tile + OWN_BYTES, value_tiles = key_tiles + 2 * TILE_BYTES;
  const int own = threadIdx.x / WARP * ROW_TILES * 16, group = lane_of_thread() / 4, pair = lane_of_thread() % 4;
  const int C = head.channels, D = head.head_size, all = min(first + ROWS, head.rows), query = first + own;
  const float scale = score_scale(D);

  const auto copy_keys = [&](int key, int stage) {
    const bf16 *from = head.qkv + (int64_t)key * head.wide + C;
    copy_rows<WIDTH, TILE>(key_tiles + stage * TILE_BYTES, from, head.wide, all - key, D);
    copy_rows<WIDTH, TILE>(value_tiles + stage * TILE_BYTES, from + C, head.wide, all - key, D);
    commit_copies();
  };
  copy_rows<WIDTH, ROWS>(query_tile, head.qkv + (int64_t)first * head.wide, head.wide, head.rows - first, D);
  copy_rows<WIDTH, ROWS>(gradient_tile, head.out_gradient + (int64_t)first * C, C, head.rows - first, D);
  copy_keys(0, 0);
  for (int row = threadIdx.x; row < ROWS; row += BLOCK_THREADS) {
    deltas[row] = first + row < head.rows ? delta_of(head, first + row) : 0;
    if (first + row < head.rows) head.delta[first + row] = deltas[row];
  }

  float sums[ROW_TILES][WIDTH / 8][4] = {}, log_sum[ROW_TILES][2], delta[ROW_TILES][2];
  uint32_t queries[ROW_TILES][WIDTH / 16][4], gradients[ROW_TILES][WIDTH / 16][4];
  for (int key = 0, stage = 0; key < all; key += TILE, stage ^= 1) {
    wait_for_copies<0>();
    __syncthreads();
    if (key == 0) {
      load_left<WIDTH>(queries, query_tile + own * WIDTH * 2);
      load_left<WIDTH>(gradients, gradient_tile + own * WIDTH * 2);
#pragma unroll
      for (int m = 0; m < ROW_TILES; m++)
#pragma unroll
        for (int half = 0; half < 2; half++) {
          const int row = own + 16 * m + 8 * half + group;
          log_sum[m][half] = first + row < head.rows ? LOG2_E * head.log_sum_exp[first + row] : 0;
          delta[m][half] = deltas[row];
        }
    }
    if (key + TILE < all) copy_keys(key + TILE, stage ^ 1);
    const block_reader<WIDTH> keys(key_tiles + stage * TILE_BYTES);
    const block_reader<WIDTH> values(value_tiles + stage * TILE_BYTES);
#pragma unroll
    for (int part = 0; part < TILE; part += AT_ONCE) {
      /* a warp without queries, or whose queries see none of these keys */
      if (query >= head.rows || key + part > query + ROW_TILES * 16 - 1) break;
      float weights[ROW_TILES][AT_ONCE / 8][4] = {}, products[ROW_TILES][AT_ONCE / 8][4] = {};
      multiply_rows<WIDTH>(weights, queries, keys, part);
      multiply_rows<WIDTH>(products, gradients, values, part);
      if (key + part + AT_ONCE - 1 > query)
#pragma unroll
        for (int m = 0; m < ROW_TILES; m++) hide_beyond(weights[m], query + 16 * m - key - part);
#pragma unroll
      for (int m = 0; m < ROW_TILES; m++)
#pragma unroll
        for (int n = 0; n < AT_ONCE / 8; n++)
#pragma unroll
          for (int i = 0; i < 4; i++) {
            const float weight = exp2_of(weights[m][n][i] * scale - log_sum[m][i / 2]);
            weights[m][n][i] = weight * (products[m][n][i] - delta[m][i / 2]);
          }
      add_weighted_rows<WIDTH>(sums, weights, keys, part);
    }
  }
  store_sums<WIDTH>(head.qkv_gradient + (int64_t)query * head.wide, head.wide, shared + own * WIDTH * 2, sums,
                    rsqrtf(D), head.rows - query, D);
}

/** Gradients of the key and value rows first .. first + ROWS - 1, seen by the queries from their own row on. */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void gradient_of_keys(const backward_head &head, int first) {
  constexpr int ROW_TILES = ROWS / BLOCK_WARPS / 16, OWN_BYTES = ROWS * WIDTH * 2, TILE_BYTES = TILE * WIDTH * 2;
  extern __shared__ __align__(16) uint8_t shared[];
  /* [stage][log_sum_exp, delta][TILE] */
  const float *numbers = (const float *)(shared + 2 * OWN_BYTES + 4 * TILE_BYTES);
  const uint32_t key_tile = shared_address(shared), value_tile = key_tile + OWN_BYTES;
  const uint32_t query_tiles = value_tile + OWN_BYTES, gradient_tiles = query_tiles + 2 * TILE_BYTES;
  const uint32_t number_tiles = gradient_tiles + 2 * TILE_BYTES;
  const int own = threadIdx.x / WARP * ROW_TILES * 16, group = lane_of_thread() / 4, pair = lane_of_thread() % 4;
  const int key = first + own;
  const float scale = score_scale(head.head_size);

  const auto copy_queries = [&](int query, int stage) {
    const int rows = head.rows - query, C = head.channels, D = head.head_size;
    copy_rows<WIDTH, TILE>(query_tiles + stage * TILE_BYTES, head.qkv + (int64_t)query * head.wide, head.wide, rows, D);
    copy_rows<WIDTH, TILE>(gradient_tiles + stage * TILE_BYTES, head.out_gradient + (int64_t)query * C, C, rows, D);
    const int row = threadIdx.x % TILE;
    const float *from = (threadIdx.x < TILE ? head.log_sum_exp : head.delta) + query + row;
    copy_word(number_tiles + (stage * 2 * TILE + threadIdx.x) * 4, from, row < rows);
    commit_copies();
  };
  const auto copy_own = [&](uint32_t tile, int channel) {
    const int stride = head.wide;
    const bf16 *from = head.qkv + (int64_t)first * stride + channel;
    copy_rows<WIDTH, ROWS>(tile, from, stride, head.rows - first, head.head_size);
  };
  copy_own(key_tile, head.channels);
  copy_own(value_tile, 2 * head.channels);
  copy_queries(first, 0);

  float key_sums[ROW_TILES][WIDTH / 8][4] = {}, value_sums[ROW_TILES][WIDTH / 8][4] = {};
  uint32_t keys[ROW_TILES][WIDTH / 16][4], values[ROW_TILES][WIDTH / 16][4];
  for (int query = first, stage = 0; query < head.rows; query += TILE, stage ^= 1) {
    wait_for_copies<0>();
    __syncthreads();
    if (query == first) {
      load_left<WIDTH>(keys, key_tile + own * WIDTH * 2);
      load_left<WIDTH>(values, value_tile + own * WIDTH * 2);
    }
    if (query + TILE < head.rows) copy_queries(query + TILE, stage ^ 1);
    const block_reader<WIDTH> queries(query_tiles + stage * TILE_BYTES);
    const block_reader<WIDTH> gradients(gradient_tiles + stage * TILE_BYTES);
#pragma unroll
    for (int part = 0; part < TILE; part += AT_ONCE) {
      /* a warp without keys, or queries that see none of its keys */
      if (key >= head.rows) break;
      if (query + part + AT_ONCE - 1 < key) continue;
      float weights[ROW_TILES][AT_ONCE / 8][4] = {};
      multiply_rows<WIDTH>(weights, keys, queries, part);
      if (query + part < key + ROW_TILES * 16 - 1)
#pragma unroll
        for (int m = 0; m < ROW_TILES; m++) hide_below(weights[m], query + part - key - 16 * m);
      const float *log_sums = numbers + stage * 2 * TILE + part + 2 * pair, *deltas = log_sums + TILE;
#pragma unroll
      for (int n = 0; n < AT_ONCE / 8; n++) {
        const float2 log_sum = *(const float2 *)(log_sums + 8 * n);
#pragma unroll
        for (int m = 0; m < ROW_TILES; m++)
#pragma unroll
          for (int i = 0; i < 4; i++) {
            const float exponent = weights[m][n][i] * scale - LOG2_E * (i % 2 ? log_sum.y : log_sum.x);
            weights[m][n][i] = exp2_of(exponent);
          }
      }
      add_weighted_rows<WIDTH>(value_sums, weights, gradients, part);
      float products[ROW_TILES][AT_ONCE / 8][4] = {};
      multiply_rows<WIDTH>(products, values, gradients, part);
#pragma unroll
      for (int n = 0; n < AT_ONCE / 8; n++) {
        const float2 delta = *(const float2 *)(deltas + 8 * n);
#pragma unroll
        for (int m = 0; m < ROW_TILES; m++)
#pragma unroll
          for (int i = 0; i < 4; i++)
            products[m][n][i] = weights[m][n][i] * (products[m][n][i] - (i % 2 ? delta.y : delta.x));
      }
      add_weighted_rows<WIDTH>(key_sums, products, queries, part);
    }
  }
  const auto store_own = [&](uint8_t *tile, const float (&sums)[ROW_TILES][WIDTH / 8][4], float factor, int channel) {
    const int stride = head.wide;
    store_sums<WIDTH>(head.qkv_gradient + (int64_t)key * stride + channel, stride, tile + own * WIDTH * 2, sums, factor,
                      head.rows - key, head.head_size);
  };
  store_own(shared, key_sums, rsqrtf(head.head_size), head.channels);
  store_own(shared + OWN_BYTES, value_sums, 1, 2 * head.channels);
}
