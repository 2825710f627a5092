/**
 * Gradient of the embedding: dwte[tokens[n]] += dx[n], dwpe[positions[n]] += dx[n]. Policy: added to (+=).
 *
 * Rows are sorted by token, stably (LSD radix sort, eight bits a pass), and summed by tiles of the sorted order: a run of
 * equal tokens within a tile is added to its row of dwte at once; of a run that crosses tiles each tile leaves its part in the
 * workspace, and the parts are then added in order. So no two threads add to one place, and all orders are fixed. Without
 * positions those of a batch of length T are 0 .. T, and no sorting is needed.
 */
#include "block.h"
#include "vectors.h"

ARGUMENTS(embedding_backward, {
  const int32_t *tokens;          /* [N] */
  const int32_t *positions;       /* [N], or null: then n % T */
  const float *x_gradient;        /* [N, C] */
  float *token_table_gradient;    /* [V, C] (+=) */
  float *position_table_gradient; /* [P, C] (+=) */
  char *workspace;                /* int2 [2, N], then counts, then parts of runs */
  int64_t channels;               /* C */
  int64_t second_offset;          /* of the other half of the pairs, in bytes */
  int64_t counts_offset;          /* of uint32 [BINS, blocks] */
  int64_t parts_offset;           /* of float [tiles, 2, C] */
  int64_t by_position;            /* whether positions are sorted and summed, not tokens */
  int64_t pass;                   /* of sorting; in summing, the number of passes */
});

#define BINS 256
#define DIGIT_BITS 8
#define SORTED 2048 /* rows that a block of BINS threads sorts */
#define TILE 64     /* sorted rows that a warp sums */
#define AT_ONCE 4   /* of them, in flight */
#define WIDTH 4

/** A row and the index it is sorted by. */
typedef int2 pair;

static __device__ __forceinline__ pair *pairs_of(const embedding_backward_arguments &args, int64_t pass) {
  return (pair *)(args.workspace + (pass % 2 ? args.second_offset : 0));
}

/** Pair n as pass `pass` finds it. */
static __device__ __forceinline__ pair pair_before(const embedding_backward_arguments &args, int64_t n) {
  if (args.pass > 0) return pairs_of(args, args.pass - 1)[n];
  return make_int2(args.by_position ? args.positions[n] : args.tokens[n], (int)n);
}

static __device__ __forceinline__ int digit_of(const embedding_backward_arguments &args, pair some) {
  return (some.x >> (DIGIT_BITS * args.pass)) & (BINS - 1);
}

/** How often each digit occurs in a block's rows. */
KERNEL(__launch_bounds__(BINS) embedding_backward_count)(const embedding_backward_arguments args, const extents active) {
  __shared__ uint32_t counts[BINS];
  const int64_t begin = blockIdx.x * (int64_t)SORTED, end = min64(begin + SORTED, rows_of(active));
  counts[threadIdx.x] = 0;
  __syncthreads();
  for (int64_t n = begin + threadIdx.x; n < end; n += BINS) atomicAdd(&counts[digit_of(args, pair_before(args, n))], 1u);
  __syncthreads();
  ((uint32_t *)(args.workspace + args.counts_offset))[threadIdx.x * gridDim.x + blockIdx.x] = counts[threadIdx.x];
}

/** Counts become places: the sum of all before them, by digit and then by block. One block. */
KERNEL(__launch_bounds__(1024) embedding_backward_scan)(const embedding_backward_arguments args, const extents active) {
  __shared__ uint32_t shared[MAX_WARPS];
  uint32_t *counts = (uint32_t *)(args.workspace + args.counts_offset);
  const int64_t size = BINS * ((rows_of(active) + SORTED - 1) / SORTED), each = (size + blockDim.x - 1) / blockDim.x;
  const int64_t begin = min64(threadIdx.x * each, size), end = min64(begin + each, size);
  uint32_t sum = 0;
  for (int64_t i = begin; i < end; i++) sum += counts[i];
  uint32_t place = block_sum_before(sum, shared);
  for (int64_t i = begin; i < end; i++) {
    const uint32_t count = counts[i];
    counts[i] = place;
    place += count;
  }
}

/** Moves a block's rows to their places, those of equal digits in their order. */
KERNEL(__launch_bounds__(BINS) embedding_backward_scatter)(const embedding_backward_arguments args, const extents active) {
  enum { WARPS = BINS / WARP, OF_A_WARP = SORTED / WARPS };
  __shared__ uint32_t places[WARPS][BINS];
  const int lane = lane_of_thread(), warp = warp_of_thread();
  const int64_t N = rows_of(active), begin = blockIdx.x * (int64_t)SORTED + warp * OF_A_WARP, end = begin + OF_A_WARP;
  for (int w = 0; w < WARPS; w++) places[w][threadIdx.x] = 0;
  __syncthreads();
  for (int64_t n = begin + lane; n < min64(end, N); n += WARP) atomicAdd(&places[warp][digit_of(args, pair_before(args, n))], 1u);
  __syncthreads();
  uint32_t place = ((uint32_t *)(args.workspace + args.counts_offset))[threadIdx.x * gridDim.x + blockIdx.x];
  for (int w = 0; w < WARPS; w++) {
    const uint32_t count = places[w][threadIdx.x];
    places[w][threadIdx.x] = place;
    place += count;
  }
  __syncthreads();
  for (int64_t n = begin + lane; n < end; n += WARP) {
    const bool is_row = n < N;
    const pair some = is_row ? pair_before(args, n) : make_int2(0, 0);
    const int digit = digit_of(args, some);
    uint32_t equal = __ballot_sync(FULL_WARP, is_row);
    for (int bit = 0; bit < DIGIT_BITS; bit++) {
      const uint32_t set = __ballot_sync(FULL_WARP, (digit >> bit) & 1);
      equal &= (digit >> bit) & 1 ? set : ~set;
    }
    const int first = __ffs(equal) - 1;
    uint32_t start = 0;
    if (is_row && lane == first) start = atomicAdd(&places[warp][digit], (uint32_t)__popc(equal));
    start = __shfl_sync(FULL_WARP, start, is_row ? first : 0);
    if (is_row) pairs_of(args, args.pass)[start + __popc(equal & ((1u << lane) - 1))] = some;
    __syncwarp();
  }
}

static __device__ __forceinline__ float *table_of(const embedding_backward_arguments &args) {
  return args.by_position ? args.position_table_gradient : args.token_table_gradient;
}

static __device__ __forceinline__ void add_to(float *row, int64_t c, int64_t C, bool whole, const numbers<WIDTH> &sum) {
  numbers<WIDTH> total = load<WIDTH>(row, c, C, whole);
#pragma unroll
  for (int k = 0; k < WIDTH; k++) total.at[k] += sum.at[k];
  store<WIDTH>(row, c, C, whole, total);
}

/** Sums a tile: blockIdx.x its number, a warp for each WARP * WIDTH columns. */
KERNEL(embedding_backward_tiles)(const embedding_backward_arguments args, const extents active) {
  const int64_t C = args.channels, N = rows_of(active), tile = blockIdx.x;
  const int64_t c = ((int64_t)(blockIdx.y * warps_of_block() + warp_of_thread()) * WARP + lane_of_thread()) * WIDTH;
  const int64_t begin = tile * TILE, end = min64(begin + TILE, N);
  const pair *sorted = pairs_of(args, args.pass - 1);
  const bool whole = C % WIDTH == 0;
  if (c >= C) return;
  float *table = table_of(args), *parts = (float *)(args.workspace + args.parts_offset) + tile * 2 * C;
  const int before = begin > 0 ? sorted[begin - 1].x : -1, after = end < N ? sorted[end].x : -1;
  numbers<WIDTH> sum = zeros<WIDTH>();
  int index = sorted[begin].x;
  bool is_crossing = index == before;
  for (int64_t n = begin; n < end; n += AT_ONCE) {
    numbers<WIDTH> rows[AT_ONCE];
    int indices[AT_ONCE];
#pragma unroll
    for (int i = 0; i < AT_ONCE; i++) {
      const pair some = sorted[min64(n + i, end - 1)];
      indices[i] = some.x;
      rows[i] = load<WIDTH>(args.x_gradient + some.y * C, c, C, whole);
    }
#pragma unroll
    for (int i = 0; i < AT_ONCE; i++) {
      if (n + i >= end) break;
      if (indices[i] != index) {
        if (is_crossing) store<WIDTH>(parts, c, C, whole, sum);
        else add_to(table + index * C, c, C, whole, sum);
        sum = zeros<WIDTH>();
        index = indices[i];
        is_crossing = false;
      }
#pragma unroll
      for (int k = 0; k < WIDTH; k++) sum.at[k] += rows[i].at[k];
    }
  }
  /* the first part of a tile belongs to a run from before it, the second to one that begins in it */
  if (is_crossing) store<WIDTH>(parts, c, C, whole, sum);
  else if (index == after) store<WIDTH>(parts + C, c, C, whole, sum);
  else add_to(table + index * C, c, C, whole, sum);
}

/** Adds up the parts of the run that begins in tile blockIdx.x and goes on behind it, if there is one. */
KERNEL(embedding_backward_runs)(const embedding_backward_arguments args, const extents active) {
  const int64_t C = args.channels, N = rows_of(active), begin = (int64_t)blockIdx.x * TILE;
  const int64_t c = ((int64_t)(blockIdx.y * warps_of_block() + warp_of_thread()) * WARP + lane_of_thread()) * WIDTH;
  const pair *sorted = pairs_of(args, args.pass - 1);
  const bool whole = C % WIDTH == 0;
  if (c >= C || begin + TILE >= N) return;
  const int index = sorted[begin + TILE - 1].x;
  if (sorted[begin + TILE].x != index || (begin > 0 && sorted[begin - 1].x == index)) return;
  const float *parts = (const float *)(args.workspace + args.parts_offset);
  numbers<WIDTH> sum = load<WIDTH>(parts + (2 * blockIdx.x + 1) * C, c, C, whole);
  for (int64_t next = begin + TILE; next < N && sorted[next].x == index; next += TILE) {
    const numbers<WIDTH> part = load<WIDTH>(parts + next / TILE * 2 * C, c, C, whole);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) sum.at[k] += part.at[k];
  }
  add_to(table_of(args) + index * C, c, C, whole, sum);
}

/** dwpe of position t: the sum over the batch, in its order. A warp for each WARP * WIDTH columns. */
KERNEL(embedding_backward_positions)(const embedding_backward_arguments args, const extents active) {
  const int64_t C = args.channels, t = blockIdx.x, T = active.length;
  const int64_t c = ((int64_t)(blockIdx.y * warps_of_block() + warp_of_thread()) * WARP + lane_of_thread()) * WIDTH;
  const bool whole = C % WIDTH == 0;
  if (c >= C) return;
  numbers<WIDTH> sum = zeros<WIDTH>();
#pragma unroll 4
  for (int b = 0; b < active.batch; b++) {
    const numbers<WIDTH> row = load<WIDTH>(args.x_gradient + (b * T + t) * C, c, C, whole);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) sum.at[k] += row.at[k];
  }
  add_to(args.position_table_gradient + t * C, c, C, whole, sum);
}
