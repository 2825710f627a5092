/**
 * Log-probabilities of targets at chosen rows: values[i] = log softmax(x[rows[i]] wteT)[targets[i]] for i < count, 0
 * where the target is -1; and, if K > 0, the K most likely tokens there with theirs, most likely first, the lower id
 * first in a tie. Policy: written (=). Chosen rows are gathered a slice at a time, so rows that nobody asks about cost no
 * logits. The products are cuBLASLt's; a block takes a row.
 */
#include "convert.h"
#include "cross_entropy.h"
#include "top_tokens.h"

ARGUMENTS(log_likelihoods, {
  const act *x;             /* [N, C] */
  const float *token_table; /* [V, C] */
  const int32_t *rows;      /* [R] */
  const int32_t *targets;   /* [R] */
  const int32_t *count;     /* [1], rows that count */
  float *values;            /* [R] */
  int32_t *top_ids;         /* [R, K] or null */
  float *top_values;        /* [R, K] or null */
  float *workspace;         /* logits [rows of a slice, stride], gathered act [rows of a slice, C], wte in bf16 [stride, C] */
  int64_t channels;         /* C */
  int64_t vocabulary_size;  /* V */
  int64_t top;              /* K */
  int64_t stride;           /* of a row of logits */
  int64_t gathered_offset;  /* in fp32 elements */
  int64_t table_offset;     /* in fp32 elements */
  int64_t first_row;        /* of the slice, among the chosen */
});

KERNEL(log_likelihoods_convert)(const log_likelihoods_arguments args, const extents active) {
  const int64_t C = args.channels;
  convert_padded(args.token_table, (bf16 *)(args.workspace + args.table_offset), args.vocabulary_size * C, args.stride * C);
}

/** A block copies a chosen row; those that do not count become 0. */
KERNEL(log_likelihoods_gather)(const log_likelihoods_arguments args, const extents active) {
  const int64_t C = args.channels, i = args.first_row + blockIdx.x;
  act *to = (act *)(args.workspace + args.gathered_offset) + blockIdx.x * C;
  const act *from = i < *args.count ? args.x + args.rows[i] * C : 0;
  for (int64_t c = threadIdx.x; c < C; c += blockDim.x) to[c] = from ? from[c] : from_float<act>(0);
}

KERNEL(__launch_bounds__(1024) log_likelihoods)(const log_likelihoods_arguments args, const extents active) {
  __shared__ float shared[MAX_WARPS];
  __shared__ token shared_tokens[MAX_WARPS];
  const int V = (int)args.vocabulary_size;
  const int64_t i = args.first_row + blockIdx.x, K = args.top;
  if (i >= *args.count) return;
  const float *logits = args.workspace + blockIdx.x * args.stride;
  const float total = log_sum_exp(logits, V, shared);
  const int target = args.targets[i];
  if (threadIdx.x == 0) args.values[i] = target < 0 ? 0 : logits[target] - total;
  token last;
  for (int64_t k = 0; k < K; k++) {
    last = next_token(logits, V, k > 0 ? &last : 0, shared_tokens);
    if (threadIdx.x > 0) continue;
    args.top_ids[i * K + k] = last.id;
    args.top_values[i * K + k] = last.logit - total;
  }
}
