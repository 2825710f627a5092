/**
 * packed [M,K] = wT in bf16, for w fp32 [K,M], or w itself where it is [M,K] (the tied head): column after column, as products
 * of few rows read them. Policy: the packed copy is written over (=), with zeros behind its last column.
 */
#include "convert.h"

ARGUMENTS(pack_weight, {
  const float *weight;  /* [K, M], or [M, K] if transposed */
  bf16 *packed;         /* [columns, K] */
  int64_t in_features;  /* K */
  int64_t out_features; /* M */
  int64_t transposed;   /* 0 or 1 */
  int64_t columns;      /* M and what pads it */
});

#define TILE 32

/** A block of TILE x 8 threads turns a tile of TILE x TILE. */
KERNEL(pack_weight)(const pack_weight_arguments args, const extents active) {
  __shared__ float tile[TILE][TILE + 1];
  const int64_t K = args.in_features, M = args.out_features;
  const int64_t first_k = (int64_t)blockIdx.x * TILE, first_column = (int64_t)blockIdx.y * TILE;
  const int x = threadIdx.x % TILE;
  for (int y = threadIdx.x / TILE; y < TILE; y += blockDim.x / TILE) {
    const int64_t k = first_k + y, column = first_column + x;
    tile[y][x] = k < K && column < M ? args.weight[k * M + column] : 0;
  }
  __syncthreads();
  for (int y = threadIdx.x / TILE; y < TILE; y += blockDim.x / TILE) {
    const int64_t k = first_k + x, column = first_column + y;
    if (k < K && column < args.columns) args.packed[column * K + k] = to_bf16(tile[x][y]);
  }
}

KERNEL(pack_weight_transposed)(const pack_weight_arguments args, const extents active) {
  const int64_t K = args.in_features;
  convert_padded(args.weight, args.packed, args.out_features * K, args.columns * K);
}
