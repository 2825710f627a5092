/** Gradient of causal attention (FlashAttention-2, Dao 2023), see attention_backward.h. The longest blocks come first. */
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

static __device__ __forceinline__ backward_head head_of(const attention_backward_arguments &args, extents active,
                                                        int index) {
  const int H = args.heads, D = args.head_size, C = H * D, T = active.length;
  const int64_t row = (int64_t)(index / H) * T;
  backward_head head;
  head.qkv = args.qkv + row * 3 * C + index % H * D;
  head.qkv_gradient = args.qkv_gradient + row * 3 * C + index % H * D;
  head.out = args.out + row * C + index % H * D;
  head.out_gradient = args.output_gradient + row * C + index % H * D;
  head.log_sum_exp = args.log_sum_exp + (int64_t)index * T;
  head.delta = args.workspace + (int64_t)index * T;
  head.channels = C;
  head.head_size = D;
  head.rows = T;
  return head;
}

#define ATTENTION_BACKWARD(width)                                                                                      \
  KERNEL(attention_backward_queries_##width)(const attention_backward_arguments args, const extents active) {          \
    constexpr int ROWS = ROWS_FOR(width);                                                                              \
    const int blocks = (active.length + ROWS - 1) / ROWS;                                                              \
    const work_item item = work_of(blockIdx.x, blocks, active.batch * (int)args.heads);                                \
    gradient_of_queries<width, ROWS>(head_of(args, active, item.head), (blocks - 1 - item.block) * ROWS);              \
  }                                                                                                                    \
  KERNEL(attention_backward_keys_##width)(const attention_backward_arguments args, const extents active) {             \
    constexpr int ROWS = ROWS_FOR(width);                                                                              \
    const int blocks = (active.length + ROWS - 1) / ROWS;                                                              \
    const work_item item = work_of(blockIdx.x, blocks, active.batch * (int)args.heads);                                \
    gradient_of_keys<width, ROWS>(head_of(args, active, item.head), item.block * ROWS);                                \
  }

ATTENTION_BACKWARD(32)
ATTENTION_BACKWARD(64)
ATTENTION_BACKWARD(96)
ATTENTION_BACKWARD(128)
