/**
 * Attention over a key-value cache. Keys and values of the new rows are written into the cache at their positions;
 * then row (b, t) attends to positions 0 .. positions[b,t] of its slot. The positions of a batch row ascend by 1.
 *
 * Decoding (T = 1) is bound by memory: blocks read SPLIT cached positions each, and a second kernel joins their
 * shares in order. Where a stream is split depends on nothing but its own position. A prompt (T > 1) takes the tiles
 * of training.
 */
#include "attention_forward.h"

ARGUMENTS(cached_attention, {
  const act *qkv;             /* [N, 3C] */
  const int32_t *positions;   /* [N] */
  const int32_t *slots;       /* [B] */
  act *out;                   /* [N, C] */
  act *cache;                 /* [S, 2, H, P, D], updated */
  float *workspace;           /* [B, H, P / SPLIT, 2 + D]: of each share its maximum, total and weighted values */
  int64_t heads;              /* H */
  int64_t head_size;          /* D */
  int64_t positions_per_slot; /* P */
});

#define ROWS 64 /* of a block of a prompt */
#define SPLIT 64
#define DECODE_WARPS 4
#define GRAIN 8 /* elements that a thread reads of a row */

/** GRAIN elements as they are stored. */
typedef struct __align__(16) {
  act elements[GRAIN];
} grain;

static __device__ __forceinline__ act *keys_of(const cached_attention_arguments &args, int b, int h) {
  return args.cache + ((int64_t)args.slots[b] * 2 * args.heads + h) * args.positions_per_slot * args.head_size;
}

/** From a slot's keys to its values. */
static __device__ __forceinline__ int64_t half_slot(const cached_attention_arguments &args) {
  return args.heads * args.positions_per_slot * args.head_size;
}

static __device__ __forceinline__ int splits_of(int64_t positions) { return (positions + SPLIT - 1) / SPLIT; }

static __device__ __forceinline__ float *share_of(const cached_attention_arguments &args, int b, int h, int split) {
  const int64_t index = (b * args.heads + h) * splits_of(args.positions_per_slot) + split;
  return args.workspace + index * (2 + args.head_size);
}

/**
 * One share of one stream's head. LANES threads hold a row together; all rows are asked for before any is used. The
 * new row is read from qkv, and written to the cache, by the block whose share it is.
 */
template <int WIDTH> static __device__ __forceinline__ void decode(const cached_attention_arguments &args) {
  constexpr int LANES = WIDTH <= 32 ? 4 : WIDTH <= 64 ? 8 : 16, ROWS_AT_ONCE = DECODE_WARPS * WARP / LANES;
  constexpr int PASSES = SPLIT / ROWS_AT_ONCE;
  const int split = blockIdx.x, h = blockIdx.y, b = blockIdx.z, first = split * SPLIT, position = args.positions[b];
  if (first > position) return;
  const int H = args.heads, D = args.head_size, C = H * D, d = threadIdx.x % LANES * GRAIN;
  const int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
  const act *q = args.qkv + (int64_t)b * 3 * C + h * D;
  act *cached = keys_of(args, b, h);
  const int64_t half = half_slot(args);

  grain query = {}, keys[PASSES] = {}, values[PASSES] = {};
  if (d < D) query = *(const grain *)(q + d);
#pragma unroll
  for (int pass = 0; pass < PASSES; pass++) {
    const int key = first + pass * ROWS_AT_ONCE + threadIdx.x / LANES;
    if (key > position || d >= D) continue;
    const bool is_new = key == position;
    act *at = cached + (int64_t)key * D + d;
    keys[pass] = *(const grain *)(is_new ? q + C + d : at);
    values[pass] = *(const grain *)(is_new ? q + 2 * C + d : at + half);
    if (!is_new) continue;
    *(grain *)at = keys[pass];
    *(grain *)(at + half) = values[pass];
  }

  __shared__ float maxima[DECODE_WARPS], totals[DECODE_WARPS], sums[DECODE_WARPS][WIDTH];
  float scores[PASSES], maximum = MINUS_INFINITY;
#pragma unroll
  for (int pass = 0; pass < PASSES; pass++) {
    float score = 0;
#pragma unroll
    for (int i = 0; i < GRAIN; i++) score += to_float(query.elements[i]) * to_float(keys[pass].elements[i]);
#pragma unroll
    for (int distance = LANES / 2; distance > 0; distance /= 2) score += __shfl_xor_sync(FULL_WARP, score, distance);
    const bool exists = first + pass * ROWS_AT_ONCE + (int)threadIdx.x / LANES <= position;
    scores[pass] = exists ? score * score_scale(D) : MINUS_INFINITY;
    maximum = fmaxf(maximum, scores[pass]);
  }
  maximum = warp_max(maximum);
  if (lane == 0) maxima[warp] = maximum;
  __syncthreads();
#pragma unroll
  for (int i = 0; i < DECODE_WARPS; i++) maximum = fmaxf(maximum, maxima[i]);

  float total = 0, sum[GRAIN] = {};
#pragma unroll
  for (int pass = 0; pass < PASSES; pass++) {
    const float weight = exp2_of(scores[pass] - maximum);
    total += weight;
#pragma unroll
    for (int i = 0; i < GRAIN; i++) sum[i] += weight * to_float(values[pass].elements[i]);
  }
#pragma unroll
  for (int distance = LANES; distance < WARP; distance *= 2) {
    total += __shfl_xor_sync(FULL_WARP, total, distance);
#pragma unroll
    for (int i = 0; i < GRAIN; i++) sum[i] += __shfl_xor_sync(FULL_WARP, sum[i], distance);
  }
  if (lane == 0) totals[warp] = total;
  if (lane < LANES && d < WIDTH)
#pragma unroll
    for (int i = 0; i < GRAIN; i++) sums[warp][d + i] = sum[i];
  __syncthreads();
  float *share = share_of(args, b, h, split);
  if (threadIdx.x == 0) {
    share[0] = maximum;
    share[1] = (totals[0] + totals[1]) + (totals[2] + totals[3]);
  }
  if (threadIdx.x < D)
    share[2 + threadIdx.x] =
        (sums[0][threadIdx.x] + sums[1][threadIdx.x]) + (sums[2][threadIdx.x] + sums[3][threadIdx.x]);
}

/** Joins the shares of a stream's head in their order; a thread for each element. */
KERNEL(cached_attention_join)(const cached_attention_arguments args, const extents active) {
  const int h = blockIdx.x, b = blockIdx.y, d = threadIdx.x, D = args.head_size;
  if (d >= D) return;
  const int splits = splits_of(args.positions[b] + 1);
  const float *shares = share_of(args, b, h, 0);
  float maximum = MINUS_INFINITY, total = 0, sum = 0;
  for (int i = 0; i < splits; i++) maximum = fmaxf(maximum, shares[i * (2 + D)]);
  for (int i = 0; i < splits; i++) {
    const float *share = shares + i * (2 + D);
    const float factor = exp2_of(share[0] - maximum);
    total += factor * share[1];
    sum += factor * share[2 + d];
  }
  args.out[(b * args.heads + h) * D + d] = from_float<act>(sum / total);
}

/** Writes the new rows of a prompt into the cache; a thread for each grain of keys and its values. */
KERNEL(cached_attention_write)(const cached_attention_arguments args, const extents active) {
  const int D = args.head_size, C = args.heads * D, grains = C / GRAIN;
  const int64_t item = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, n = item / grains;
  if (n >= rows_of(active)) return;
  const int c = item % grains * GRAIN;
  const act *k = args.qkv + n * 3 * C + C + c;
  act *to = keys_of(args, n / active.length, c / D) + (int64_t)args.positions[n] * D + c % D;
  *(grain *)to = *(const grain *)k;
  *(grain *)(to + half_slot(args)) = *(const grain *)(k + C);
}

template <int WIDTH>
static __device__ __forceinline__ void prefill(const cached_attention_arguments &args, extents active) {
  const int H = args.heads, D = args.head_size, C = H * D, T = active.length, blocks = (T + ROWS - 1) / ROWS;
  const work_item item = work_of(blockIdx.x, blocks, active.batch * H);
  const int b = item.head / H, h = item.head % H;
  attention_head head;
  head.q = args.qkv + (int64_t)b * T * 3 * C + h * D;
  head.k = keys_of(args, b, h);
  head.v = head.k + half_slot(args);
  head.query_stride = 3 * C;
  head.key_stride = head.head_size = D;
  head.rows = T;
  head.start = args.positions[(int64_t)b * T];
  head.gap = 0;
  head.out = args.out + (int64_t)b * T * C + h * D;
  head.out_stride = C;
  head.log_sum_exp = 0;
  attend_block<WIDTH, ROWS>(head, (blocks - 1 - item.block) * ROWS);
}

#define CACHED_ATTENTION(width)                                                                                 \
  KERNEL(cached_attention_decode_##width)(const cached_attention_arguments args, const extents active) {        \
    decode<width>(args);                                                                                        \
  }                                                                                                             \
  KERNEL(cached_attention_prefill_##width)(const cached_attention_arguments args, const extents active) {       \
    prefill<width>(args, active);                                                                               \
  }

CACHED_ATTENTION(32)
CACHED_ATTENTION(64)
CACHED_ATTENTION(128)
