/**
 * dx [N,K] = dy' wT, with dy' = dy [N,M] or, where the layer ends in GELU, dy * gelu'(pre); w [K,M]. Policy: dx is written (=).
 * The derivative is applied while dy is packed, so no dy' is stored.
 */
#include "gemm.h"

ARGUMENTS(linear_backward_input, {
  const void *output_gradient; /* [N, M], f32 or bf16 by gradient_type */
  const act *preactivation;    /* [N, M], or null without GELU */
  const float *weight;         /* [K, M] */
  act *input_gradient;         /* [N, K] */
  int64_t in_features;         /* K */
  int64_t out_features;        /* M */
  int64_t gradient_type;       /* 0 f32, 1 bf16 */
});

void linear_backward_input(const linear_backward_input_arguments *args, const extents *active, team *team) {
  int64_t k = args->in_features, m = args->out_features, dy_is_bf16 = args->gradient_type;
  product p = {
      .m = rows_of(active),
      .n = k,
      .k = m,
      .a = {args->output_gradient, dy_is_bf16 == 1, m, 1, args->preactivation},
      .b = {args->weight, 0, m, 1, NULL},
      .c = {.values = args->input_gradient},
  };
  gemm(&p, team);
}
