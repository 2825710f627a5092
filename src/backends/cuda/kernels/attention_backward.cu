/**
 * Gradient of causal attention (FlashAttention-2, Dao 2023), see attention_backward.h. The longest blocks come first.
 */
#ifdef ACT_BF16
#include "attention_backward_bf16.h"
#else
#include "attention_backward_fp32.h"
#endif

ARGUMENTS(attention_backward, {
  const act *output_gradient; /* [N, C] */
  const act *qkv;             /* [N, 3C] */
  const act *out;             /* [N, C] */
  const float *log_sum_exp;   /* [B, H, T] */
  act *qkv_gradient;          /* [N, 3C], not overlapping qkv */
  float *workspace;           /* [B, H, T]: delta */
  int64_t heads;              /* H */
  int64_t head_size;          /* D */
});

static __device__ __forceinline__ backward_head head_of(const attention_backward_arguments &args, int T, int index) {
  const int H = args.heads, D = args.head_size, C = H * D;
  const int64_t row = (int64_t)(index / H) * T;
  backward_head head;
  head.qkv = args.qkv + row * 3 * C + index % H * D;
  head.qkv_gradient = args.qkv_gradient + row * 3 * C + index % H * D;
  head.out = args.out + row * C + index % H * D;
  head.out_gradient = args.output_gradient + row * C + index % H * D;
  head.log_sum_exp = args.log_sum_exp + (int64_t)index * T;
  head.delta = args.workspace + (int64_t)index * T;
  head.channels = C;
  head.wide = 3 * C;
  head.head_size = D;
  head.rows = T;
  return head;
}

/** Takes the block's work; the head goes to shared memory, as it is wanted too rarely for registers. */
template <int ROWS>
static __device__ __forceinline__ int take_work(backward_head &head, const attention_backward_arguments &args,
                                                extents active) {
  const work_item item = work_of(blockIdx.x, (active.length + ROWS - 1) / ROWS, active.batch * (int)args.heads);
  if (threadIdx.x == 0) head = head_of(args, active.length, item.head);
  __syncthreads();
  return item.block * ROWS;
}

#define ATTENTION_BACKWARD(width)                                                                                  \
  KERNEL(attention_backward_queries_##width)(const attention_backward_arguments args, const extents active) {      \
    constexpr int ROWS = ROWS_FOR(width);                                                                          \
    __shared__ backward_head head;                                                                                 \
    const int from_end = take_work<ROWS>(head, args, active);                                                      \
    gradient_of_queries<width, ROWS>(head, (active.length - 1) / ROWS * ROWS - from_end);                          \
  }                                                                                                                \
  KERNEL(attention_backward_keys_##width)(const attention_backward_arguments args, const extents active) {         \
    constexpr int ROWS = ROWS_FOR(width);                                                                          \
    __shared__ backward_head head;                                                                                 \
    gradient_of_keys<width, ROWS>(head, take_work<ROWS>(head, args, active));                                      \
  }

ATTENTION_BACKWARD(32)
ATTENTION_BACKWARD(64)
ATTENTION_BACKWARD(128)
