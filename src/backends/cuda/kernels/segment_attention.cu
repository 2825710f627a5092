/**
 * Attention of segments packed into one row: out = softmax(q·kᵀ/√D)·v for every head, where a position sees the
 * prefix of its segment (a stretch of the row) and its own segment up to itself, and nothing else. For evaluation:
 * several continuations of one context, which is computed once.
 *
 * Keys are taken in blocks that are counted from the start of the prefix, so a segment's bits depend neither on where
 * it lies nor on what lies beside it.
 */
#include "attention_forward.h"

/** Rows of the whole: where a segment and its prefix begin, and how many rows each has. */
typedef struct {
  int32_t first, rows, prefix_first, prefix_rows;
} segment;

ARGUMENTS(segment_attention, {
  const act *qkv;          /* [N, 3C], as for attention */
  const segment *segments; /* [S], unused ones without rows */
  act *out;                /* [N, C] */
  int64_t heads;           /* H */
  int64_t head_size;       /* D */
  int64_t max_segments;    /* S */
});

#define ROWS 64 /* of a block */

/** A block of rows of a segment. */
typedef struct {
  int segment, block;
} segment_block;

/** Block `item` of all blocks of all segments, found by a warp; segment −1 when there are fewer. */
static __device__ segment_block find_block(const segment *segments, int count, int item) {
  for (int from = 0; from < count; from += WARP) {
    const int index = from + threadIdx.x % WARP, rows = index < count ? segments[index].rows : 0;
    const int blocks = (rows + ROWS - 1) / ROWS;
    int end = blocks; /* of this and all earlier lanes */
    for (int distance = 1; distance < WARP; distance *= 2) {
      const int before = __shfl_up_sync(FULL_WARP, end, distance);
      if (threadIdx.x % WARP >= distance) end += before;
    }
    const uint32_t beyond = __ballot_sync(FULL_WARP, item < end);
    if (beyond) {
      const int lane = __ffs(beyond) - 1;
      return {from + lane, item - __shfl_sync(FULL_WARP, end - blocks, lane)};
    }
    item -= __shfl_sync(FULL_WARP, end, WARP - 1);
  }
  return {-1, 0};
}

template <int WIDTH> static __device__ __forceinline__ void attend(const segment_attention_arguments &args) {
  const segment_block found = find_block(args.segments, args.max_segments, blockIdx.x);
  if (found.segment < 0) return;
  const segment own = args.segments[found.segment];
  const int H = args.heads, D = args.head_size, C = H * D, at = blockIdx.y * D;
  attention_head head;
  head.q = args.qkv + (int64_t)own.first * 3 * C + at;
  head.k = args.qkv + (int64_t)own.prefix_first * 3 * C + C + at;
  head.v = head.k + C;
  head.query_stride = head.key_stride = 3 * C;
  head.head_size = D;
  head.rows = own.rows;
  head.start = own.prefix_rows;
  head.gap = own.first - own.prefix_first - own.prefix_rows;
  head.out = args.out + (int64_t)own.first * C + at;
  head.out_stride = C;
  head.log_sum_exp = 0;
  attend_block<WIDTH, ROWS>(head, found.block * ROWS);
}

#define SEGMENT_ATTENTION(width)                                                                         \
  KERNEL(segment_attention_##width)(const segment_attention_arguments args, const extents active) { \
    attend<width>(args);                                                                                 \
  }

SEGMENT_ATTENTION(32)
SEGMENT_ATTENTION(64)
SEGMENT_ATTENTION(128)
