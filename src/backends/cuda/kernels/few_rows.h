/**
 * Products of a few rows with a matrix whose columns lie one after another [M,K], as in generation, which does little but read
 * weights: a warp takes COLUMNS of them, reads each once from memory, and multiplies it with up to eight rows. A
 * sum has one order, so a row's bits depend on nothing of its neighbours.
 */
#pragma once
#include "block.h"
#include "vectors.h"

#define COLUMNS 2
#define FEW_ROWS_WIDTH 8

/**
 * Multiplies the `ROWS` rows of x at `places`, or as many of them as there are, with this warp's columns.
 *
 * @param write takes a row, a column, and the product
 */
template <int ROWS, typename W, typename Write>
static __device__ __forceinline__ void multiply_rows(const act *x, const int *places, int count, const W *w, int64_t column,
                                                     int64_t M, int64_t K, Write write) {
  const bool whole = K % FEW_ROWS_WIDTH == 0;
  const W *columns[COLUMNS];
  float sums[ROWS][COLUMNS];
#pragma unroll
  for (int j = 0; j < COLUMNS; j++) columns[j] = w + min64(column + j, M - 1) * K;
#pragma unroll
  for (int r = 0; r < ROWS; r++)
#pragma unroll
    for (int j = 0; j < COLUMNS; j++) sums[r][j] = 0;
#pragma unroll(ROWS <= 2 ? 2 : 1)
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
    for (int j = 0; j < COLUMNS; j++) {
      const float product = warp_sum(sums[r][j]);
      /* each lane writes one of them */
      if (lane_of_thread() == r * COLUMNS + j && r < count && column + j < M) write(r, column + j, product);
    }
}

/**
 * Multiplies the ROWS rows that blockIdx.y stands for with this warp's columns; blocks of columns are blockIdx.x.
 *
 * @param rows of all
 * @param place_of the place of a row in x
 * @param write takes a row, a column, and the product
 */
template <int ROWS, typename W, typename Place, typename Write>
static __device__ __forceinline__ void multiply_few_rows(const act *x, const W *w, int64_t rows, int64_t M, int64_t K,
                                                         Place place_of, Write write) {
  const int64_t first = (int64_t)blockIdx.y * ROWS;
  const int count = (int)min64(ROWS, rows - first);
  const int64_t column = ((int64_t)blockIdx.x * warps_of_block() + warp_of_thread()) * COLUMNS;
  if (column >= M) return;
  int places[ROWS];
#pragma unroll
  for (int r = 0; r < ROWS; r++) places[r] = place_of(first + min(r, count - 1));
  const auto write_row = [&](int row, int64_t at, float product) { write(first + row, at, product); };
  multiply_rows<ROWS>(x, places, count, w, column, M, K, write_row);
}

/** The kernels NAME_1, NAME_2, NAME_4 and NAME_8, by the rows that they take at once, of a template NAME_of. */
#define FEW_ROWS_KERNEL(name, rows)                                                                             \
  KERNEL(__launch_bounds__(128) name##_##rows)(const name##_arguments args, const extents active) {             \
    name##_of<rows>(args, active);                                                                              \
  }
#define FEW_ROWS_KERNELS(name) \
  FEW_ROWS_KERNEL(name, 1)     \
  FEW_ROWS_KERNEL(name, 2)     \
  FEW_ROWS_KERNEL(name, 4)     \
  FEW_ROWS_KERNEL(name, 8)
