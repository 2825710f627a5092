/**
 * The training form of the head: losses as in cross_entropy.cu (not scaled), and with
 * dlogits = scale[0] (softmax(logits) - onehot(target)), 0 where the target is -1:
 * dx [N,C] = dlogits wte, dwte [V,C] += dlogitsT x. Policy: losses and dx are written (=), dwte is added to (+=).
 *
 * The products are cuBLASLt's, a slice of rows at a time; dlogits take the place of the logits. A block takes a row.
 */
#include "convert.h"
#include "cross_entropy.h"

ARGUMENTS(cross_entropy_with_gradient, {
  const act *x;                /* [N, C] */
  const float *token_table;    /* [V, C] */
  const int32_t *targets;      /* [N] */
  const float *scale;          /* [1] */
  float *losses;               /* [N] */
  act *x_gradient;             /* [N, C] */
  float *token_table_gradient; /* [V, C] (+=) */
  act *workspace;              /* logits [rows of a slice, stride], then from table_offset wte in bf16 [stride, C] */
  int64_t channels;            /* C */
  int64_t vocabulary_size;     /* V */
  int64_t stride;              /* of a row of logits */
  int64_t table_offset;        /* in elements */
  int64_t first_row;           /* of the slice */
});

KERNEL(cross_entropy_with_gradient_convert)(const cross_entropy_with_gradient_arguments args, const extents active) {
  const int64_t C = args.channels;
  convert_padded(args.token_table, args.workspace + args.table_offset, args.vocabulary_size * C, args.stride * C);
}

KERNEL(__launch_bounds__(1024) cross_entropy_with_gradient)(const cross_entropy_with_gradient_arguments args,
                                                            const extents active) {
  __shared__ float shared[MAX_WARPS];
  act *logits = args.workspace + blockIdx.x * args.stride;
  const int V = (int)args.vocabulary_size, stride = (int)args.stride;
  const int64_t n = args.first_row + blockIdx.x;
  const int target = args.targets[n];
  if (target < 0) {
    for (int v = threadIdx.x * LOGITS_WIDTH; v < stride; v += blockDim.x * LOGITS_WIDTH)
      store<LOGITS_WIDTH>(logits + v, zeros<LOGITS_WIDTH>());
    if (threadIdx.x == 0) args.losses[n] = 0;
    return;
  }
  const float logit = to_float(logits[target]); /* before the barriers, so before it is written */
  const float lse = log_sum_exp(logits, V, shared);
  soften(logits, V, stride, lse, target, *args.scale);
  if (threadIdx.x == 0) args.losses[n] = lse - logit;
}
