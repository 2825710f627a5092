/**
 * losses [N] = log-sum-exp of a row's logits minus the logit of its target, 0 where the target is -1; x [N,C], wte [V,C].
 * Policy: written (=). The evaluation form: per-token losses, no gradient. The products are cuBLASLt's, a slice of rows at a
 * time; a block takes a row of it.
 */
#include "convert.h"
#include "cross_entropy.h"

ARGUMENTS(cross_entropy, {
  const act *x;             /* [N, C] */
  const float *token_table; /* [V, C] */
  const int32_t *targets;   /* [N] */
  float *losses;            /* [N] */
  float *workspace;         /* logits [rows of a slice, stride], then from table_offset wte in bf16 [stride, C] */
  int64_t channels;         /* C */
  int64_t vocabulary_size;  /* V */
  int64_t stride;           /* of a row of logits */
  int64_t table_offset;     /* in fp32 elements */
  int64_t first_row;        /* of the slice */
});

KERNEL(cross_entropy_convert)(const cross_entropy_arguments args, const extents active) {
  const int64_t C = args.channels;
  convert_padded(args.token_table, (bf16 *)(args.workspace + args.table_offset), args.vocabulary_size * C, args.stride * C);
}

KERNEL(__launch_bounds__(1024) cross_entropy)(const cross_entropy_arguments args, const extents active) {
  __shared__ float shared[MAX_WARPS];
  const float *logits = args.workspace + blockIdx.x * args.stride;
  const int64_t n = args.first_row + blockIdx.x;
  const int target = args.targets[n];
  const float lse = target < 0 ? 0 : log_sum_exp(logits, (int)args.vocabulary_size, shared);
  if (threadIdx.x == 0) args.losses[n] = target < 0 ? 0 : lse - logits[target];
}
