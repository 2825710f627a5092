/**
 * Products of a few rows with a matrix whose columns lie one after another [M,K], as in generation, which does little but read
 * weights: a warp takes COLUMNS of them, reads each once from memory, and multiplies it with up to FEW_ROWS rows. A
 * sum has one order, so a row's bits depend on nothing of its neighbours.
 */
#pragma once
#include "block.h"
#include "vectors.h"

#define FEW_ROWS 8
#define COLUMNS 2
#define FEW_ROWS_WIDTH 8

/** Sums of the rows `places` of x, the same in every lane. */
template <int ROWS, typename W>
static __device__ __forceinline__ void dot_products(const act *x, const int *places, const W *w, int64_t column,
                                                    int64_t M, int64_t K, float sums[FEW_ROWS][COLUMNS]) {
  const bool whole = K % FEW_ROWS_WIDTH == 0;
  const W *columns[COLUMNS];
#pragma unroll
  for (int j = 0; j < COLUMNS; j++) columns[j] = w + min64(column + j, M - 1) * K;
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int j = 0; j < COLUMNS; j++) sums[r][j] = 0;
#pragma unroll 1
  for (int64_t k = lane_of_thread() * FEW_ROWS_WIDTH; k < K; k += WARP * FEW_ROWS_WIDTH) {
    numbers<FEW_ROWS_WIDTH> weights[COLUMNS];
#pragma unroll
    for (int j = 0; j < COLUMNS; j++) weights[j] = load<FEW_ROWS_WIDTH>(columns[j], k, K, whole);
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
      const numbers<FEW_ROWS_WIDTH> some = load<FEW_ROWS_WIDTH>(x + places[r] * K, k, K, whole);
#pragma unroll
      for (int j = 0; j < COLUMNS; j++)
#pragma unroll
        for (int i = 0; i < FEW_ROWS_WIDTH; i++) sums[r][j] += some.at[i] * weights[j].at[i];
    }
  }
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int j = 0; j < COLUMNS; j++) sums[r][j] = warp_sum(sums[r][j]);
}

/**
 * Multiplies the rows that blockIdx.y stands for with this warp's columns; blocks of columns are blockIdx.x.
 *
 * @param rows of all
 * @param row_of the place of a row in x
 * @param write takes a row, a column, and the product
 */
template <typename W, typename Row, typename Write>
static __device__ __forceinline__ void multiply_few_rows(const act *x, const W *w, int64_t rows, int64_t M, int64_t K,
                                                         Row row_of, Write write) {
  const int64_t first = (int64_t)blockIdx.y * FEW_ROWS, count = min64(FEW_ROWS, rows - first);
  const int64_t column = ((int64_t)blockIdx.x * warps_of_block() + warp_of_thread()) * COLUMNS;
  if (column >= M) return;
  int places[FEW_ROWS];
#pragma unroll
  for (int r = 0; r < FEW_ROWS; r++) places[r] = row_of(first + min64(r, count - 1));
  float sums[FEW_ROWS][COLUMNS];
  if (count == 1) dot_products<1>(x, places, w, column, M, K, sums);
  else if (count == 2) dot_products<2>(x, places, w, column, M, K, sums);
  else if (count <= 4) dot_products<4>(x, places, w, column, M, K, sums);
  else dot_products<8>(x, places, w, column, M, K, sums);
  /* each lane writes one of them */
#pragma unroll
  for (int r = 0; r < FEW_ROWS; r++)
#pragma unroll
    for (int j = 0; j < COLUMNS; j++)
      if (lane_of_thread() == r * COLUMNS + j && r < count && column + j < M) write(first + r, column + j, sums[r][j]);
}
