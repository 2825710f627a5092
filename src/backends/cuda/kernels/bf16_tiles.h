/**
 * Tiles of bf16 in shared memory and products of them on tensor cores. A block has four warps; each owns 16·ROW_TILES
 * rows of its results, and the left operands of them, in registers, and reads the right operands from tiles that all
 * of them share.
 */
#pragma once
#include "attention.h"
#include "mma.h"

#define BLOCK_WARPS 4
#define BLOCK_THREADS (BLOCK_WARPS * WARP)
#define CHUNK 8 /* elements that are copied as one: 16 bytes */

/**
 * Which chunk of a row holds chunk 0, as the two exchange by exclusive or: the eight rows that a matrix is loaded
 * from then lie in different banks. WIDTH is 32, 64 or 128.
 */
template <int WIDTH> static __device__ __forceinline__ int chunk_turn(int row) {
  return WIDTH >= 64 ? row & 7 : row >> 1 & 3;
}

/** Byte offset of a chunk in a tile of rows of WIDTH elements. */
template <int WIDTH> static __device__ __forceinline__ uint32_t chunk_offset(int row, int chunk) {
  return row * WIDTH * 2 + (chunk ^ chunk_turn<WIDTH>(row)) * 16;
}

/**
 * Begins to copy ROWS rows of a tile, shared by the block's threads: `rows` of them and their first `columns`
 * elements exist, the rest is zeros. Rows lie `stride` elements apart, those from row `split` on another `gap`
 * elements further.
 */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void copy_rows(uint32_t tile, const bf16 *from, int stride, int rows, int columns,
                                                 int split = 0, int64_t gap = 0) {
  constexpr int CHUNKS = WIDTH / CHUNK, AT_ONCE = BLOCK_THREADS / CHUNKS; /* a multiple of 8 */
  const int row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
  const uint32_t to = tile + chunk_offset<WIDTH>(row, chunk);
  const bf16 *at = from + (int64_t)row * stride + chunk * CHUNK;
  const int end = chunk * CHUNK < columns ? rows : 0;
#pragma unroll
  for (int i = 0; i < ROWS; i += AT_ONCE, at += AT_ONCE * stride)
    copy_chunk(to + i * WIDTH * 2, row + i < split ? at : at + gap, row + i < end);
}

/**
 * A lane's addresses for loading 16×16 blocks of a tile as four 8×8 matrices: upper left, lower left, upper right,
 * lower right. The four are a left operand; transposed they are two right operands, 0 with 1 and 2 with 3, whose rows
 * are summed over; as they are, 0 with 2 and 1 with 3, columns are.
 */
template <int WIDTH> struct block_reader {
  uint32_t start, turn;

  /** A tile by its address in shared memory. */
  __device__ __forceinline__ block_reader(uint32_t tile) {
    const int row = lane_of_thread() % 16;
    start = tile + row * WIDTH * 2;
    turn = (lane_of_thread() / 16 ^ chunk_turn<WIDTH>(row)) * 16;
  }

  /** For the block whose first row is `row`, a multiple of 8, and whose first chunk 2·pair. */
  __device__ __forceinline__ uint32_t at(int row, int pair) const {
    return start + row * WIDTH * 2 + (turn ^ (uint32_t)(32 * pair));
  }
};

/** Loads a warp's own rows as left operands. */
template <int WIDTH, int ROW_TILES>
static __device__ __forceinline__ void load_left(uint32_t (&left)[ROW_TILES][WIDTH / 16][4], uint32_t tile) {
  const block_reader<WIDTH> reader(tile);
#pragma unroll
  for (int m = 0; m < ROW_TILES; m++)
#pragma unroll
    for (int k = 0; k < WIDTH / 16; k++) load_matrices(left[m][k], reader.at(16 * m, k));
}

/** sums += left · rowsᵀ for rows `row` .. row + 8·COUNT - 1 of a tile. */
template <int WIDTH, int ROW_TILES, int COUNT>
static __device__ __forceinline__ void multiply_rows(float (&sums)[ROW_TILES][COUNT][4],
                                                     const uint32_t (&left)[ROW_TILES][WIDTH / 16][4],
                                                     const block_reader<WIDTH> tile, int row) {
#pragma unroll
  for (int k = 0; k < WIDTH / 16; k++)
#pragma unroll
    for (int n = 0; n < COUNT / 2; n++) {
      uint32_t right[4];
      load_matrices(right, tile.at(row + 16 * n, k));
#pragma unroll
      for (int m = 0; m < ROW_TILES; m++) {
        multiply_add(sums[m][2 * n], left[m][k], right[0], right[2]);
        multiply_add(sums[m][2 * n + 1], left[m][k], right[1], right[3]);
      }
    }
}

/** sums += weights · the rows `row` .. row + 8·COUNT - 1 of a tile. */
template <int WIDTH, int ROW_TILES, int COUNT>
static __device__ __forceinline__ void add_weighted_rows(float (&sums)[ROW_TILES][WIDTH / 8][4],
                                                         const float (&weights)[ROW_TILES][COUNT][4],
                                                         const block_reader<WIDTH> tile, int row) {
#pragma unroll
  for (int k = 0; k < COUNT / 2; k++) {
    uint32_t left[ROW_TILES][4];
#pragma unroll
    for (int m = 0; m < ROW_TILES; m++) as_left_operand(left[m], weights[m][2 * k], weights[m][2 * k + 1]);
#pragma unroll
    for (int n = 0; n < WIDTH / 16; n++) {
      uint32_t right[4];
      load_matrices_transposed(right, tile.at(row + 16 * k, n));
#pragma unroll
      for (int m = 0; m < ROW_TILES; m++) {
        multiply_add(sums[m][2 * n], left[m], right[0], right[1]);
        multiply_add(sums[m][2 * n + 1], left[m], right[2], right[3]);
      }
    }
  }
}

/** Hides of each row r of 16 the scores of columns beyond limit + r. */
template <int COUNT> static __device__ __forceinline__ void hide_beyond(float (&scores)[COUNT][4], int limit) {
  const int beyond = lane_of_thread() % 4 * 2 - lane_of_thread() / 4 - limit;
#pragma unroll
  for (int n = 0; n < COUNT; n++)
#pragma unroll
    for (int i = 0; i < 4; i++)
      if (beyond > i / 2 * 8 - 8 * n - i % 2) scores[n][i] = MINUS_INFINITY;
}

/** Hides of each column c the scores of rows beyond limit + c. */
template <int COUNT> static __device__ __forceinline__ void hide_below(float (&scores)[COUNT][4], int limit) {
  const int below = lane_of_thread() / 4 - lane_of_thread() % 4 * 2 - limit;
#pragma unroll
  for (int n = 0; n < COUNT; n++)
#pragma unroll
    for (int i = 0; i < 4; i++)
      if (below > 8 * n + i % 2 - i / 2 * 8) scores[n][i] = MINUS_INFINITY;
}

/** Puts 16 rows of results, scaled, into a tile as bf16; `factors` are those of rows g and g + 8. */
template <int WIDTH>
static __device__ __forceinline__ void put_results(uint8_t *tile, const float (&results)[WIDTH / 8][4],
                                                   const float (&factors)[2]) {
#pragma unroll
  for (int half = 0; half < 2; half++)
#pragma unroll
    for (int n = 0; n < WIDTH / 8; n++)
      *(uint32_t *)(tile + chunk_offset<WIDTH>(8 * half + lane_of_thread() / 4, n) + lane_of_thread() % 4 * 4) =
          bf16_pair(results[n][2 * half] * factors[half], results[n][2 * half + 1] * factors[half]);
}

/** A warp writes ROWS rows of a tile to memory, `rows` of them and their first `columns` elements. */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void store_rows(bf16 *to, int64_t stride, const uint8_t *tile, int rows,
                                                  int columns) {
#pragma unroll
  for (int i = lane_of_thread(); i < ROWS * WIDTH / CHUNK; i += WARP) {
    const int row = i / (WIDTH / CHUNK), chunk = i % (WIDTH / CHUNK);
    if (row < rows && chunk * CHUNK < columns)
      *(uint4 *)(to + row * stride + chunk * CHUNK) = *(const uint4 *)(tile + chunk_offset<WIDTH>(row, chunk));
  }
}
