/**
 * Causal softmax attention: out = softmax(q·kᵀ/√D)·v for every head. A block takes a block of queries of one head,
 * the longest first. log_sum_exp, the logarithm of each softmax's denominator, is what the backward pass recomputes
 * the weights from.
 */
#include "attention_forward.h"

ARGUMENTS(attention, {
  const act *qkv;     /* [N, 3C]: a row is q of all heads, then k, then v; head h at h·D */
  act *out;           /* [N, C] */
  float *log_sum_exp; /* [B, H, T] */
  int64_t heads;      /* H */
  int64_t head_size;  /* D */
});

template <int WIDTH, int ROWS>
static __device__ __forceinline__ void attend(const attention_arguments &args, extents active) {
  const int H = args.heads, D = args.head_size, C = H * D, T = active.length, blocks = (T + ROWS - 1) / ROWS;
  const work_item item = work_of(blockIdx.x, blocks, active.batch * H);
  const int b = item.head / H, h = item.head % H;
  attention_head head;
  head.q = args.qkv + (int64_t)b * T * 3 * C + h * D;
  head.k = head.q + C;
  head.v = head.k + C;
  head.query_stride = head.key_stride = 3 * C;
  head.head_size = D;
  head.rows = T;
  head.start = head.gap = 0;
  head.out = args.out + (int64_t)b * T * C + h * D;
  head.out_stride = C;
  head.log_sum_exp = args.log_sum_exp + (int64_t)item.head * T;
  attend_block<WIDTH, ROWS>(head, (blocks - 1 - item.block) * ROWS);
}

#define ATTENTION(width)                                                            \
  KERNEL(attention_##width)(const attention_arguments args, const extents active) { \
    attend<width, ROWS_FOR(width)>(args, active);                                   \
  }

ATTENTION(32)
ATTENTION(64)
ATTENTION(128)
