/**
 * Tiles of fp32 in shared memory and products of them without tensor cores, for a block of 16×16 threads. A tile's
 * rows lie WIDTH + 4 floats apart, so that sixteen rows read at once lie in different banks.
 */
#pragma once
#include "kernel.h"

#define SIDE 16

template <int WIDTH> static __device__ constexpr int tile_floats(int rows) { return rows * (WIDTH + 4); }

static __device__ __forceinline__ int thread_row(void) { return threadIdx.x / SIDE; }
static __device__ __forceinline__ int thread_column(void) { return threadIdx.x % SIDE; }

/**
 * Fills a tile: `rows` of its ROWS rows and their first `columns` elements exist, the rest is zeros. Rows lie `stride`
 * elements apart, those from row `split` on another `gap` elements further.
 */
template <int WIDTH, int ROWS>
static __device__ __forceinline__ void fill_tile(float *tile, const float *from, int stride, int rows, int columns,
                                                 int split = 0, int64_t gap = 0) {
  for (int i = threadIdx.x; i < ROWS * WIDTH / 4; i += SIDE * SIDE) {
    const int row = i / (WIDTH / 4), d = i % (WIDTH / 4) * 4;
    const bool exists = row < rows && d < columns;
    const int64_t at = (int64_t)row * stride + d + (row < split ? 0 : gap);
    *(float4 *)(tile + tile_floats<WIDTH>(row) + d) = exists ? *(const float4 *)(from + at) : make_float4(0, 0, 0, 0);
  }
}

/** sums[i][j] = row i of `left` · row 16·j of `right`. */
template <int WIDTH, int LEFT, int RIGHT>
static __device__ __forceinline__ void multiply_rows(float (&sums)[LEFT][RIGHT], const float *left,
                                                     const float *right) {
#pragma unroll
  for (int i = 0; i < LEFT; i++)
#pragma unroll
    for (int j = 0; j < RIGHT; j++) sums[i][j] = 0;
#pragma unroll 4
  for (int d = 0; d < WIDTH; d += 4) {
    float4 a[LEFT];
#pragma unroll
    for (int i = 0; i < LEFT; i++) a[i] = *(const float4 *)(left + tile_floats<WIDTH>(i) + d);
#pragma unroll
    for (int j = 0; j < RIGHT; j++) {
      const float4 b = *(const float4 *)(right + tile_floats<WIDTH>(SIDE * j) + d);
#pragma unroll
      for (int i = 0; i < LEFT; i++) {
        sums[i][j] += a[i].x * b.x;
        sums[i][j] += a[i].y * b.y;
        sums[i][j] += a[i].z * b.z;
        sums[i][j] += a[i].w * b.w;
      }
    }
  }
}

/** A thread's share of WIDTH sums of four rows: columns 2·thread_column() + 32·j and the next. */
template <int WIDTH> struct row_sums {
  float2 at[4][WIDTH / 32];
};

/** sums[i] += Σ weights[i·OWN + row·OTHER] · row of the tile, for its first COUNT rows. */
template <int WIDTH, int COUNT, int OWN, int OTHER>
static __device__ __forceinline__ void add_weighted_rows(row_sums<WIDTH> &sums, const float *tile, const float *weights) {
#pragma unroll 4
  for (int row = 0; row < COUNT; row++) {
    float own[4];
#pragma unroll
    for (int i = 0; i < 4; i++) own[i] = weights[i * OWN + row * OTHER];
#pragma unroll
    for (int j = 0; j < WIDTH / 32; j++) {
      const float2 values = *(const float2 *)(tile + tile_floats<WIDTH>(row) + 2 * thread_column() + 32 * j);
#pragma unroll
      for (int i = 0; i < 4; i++) {
        sums.at[i][j].x += own[i] * values.x;
        sums.at[i][j].y += own[i] * values.y;
      }
    }
  }
}

/** Writes sums of four rows, scaled; `rows` of them and their first `columns` elements exist. */
template <int WIDTH>
static __device__ __forceinline__ void store_sums(float *to, int64_t stride, const row_sums<WIDTH> &sums,
                                                  const float (&factors)[4], int rows, int columns) {
#pragma unroll
  for (int i = 0; i < 4; i++)
#pragma unroll
    for (int j = 0; j < WIDTH / 32; j++) {
      const int d = 2 * thread_column() + 32 * j;
      if (i < rows && d < columns)
        *(float2 *)(to + i * stride + d) = make_float2(sums.at[i][j].x * factors[i], sums.at[i][j].y * factors[i]);
    }
}
