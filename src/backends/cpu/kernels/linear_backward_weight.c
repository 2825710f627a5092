/**
 * dw [K,M] += xT dy' and db [M] += the column sums of dy', with dy' = dy [N,M] or, where the layer ends in GELU,
 * dy * gelu'(pre); x [N,K]. Policy: both are added to (+=). The column sums are taken from the packed panels of dy', which are
 * at hand, instead of reading dy and forming the derivative again.
 */
#include "gemm.h"

ARGUMENTS(linear_backward_weight, {
  const act *x;                /* [N, K] */
  const void *output_gradient; /* [N, M], f32 or bf16 by gradient_type */
  const act *preactivation;    /* [N, M], or null without GELU */
  float *weight_gradient;      /* [K, M] */
  float *bias_gradient;        /* [M] */
  int64_t in_features;         /* K */
  int64_t out_features;        /* M */
  int64_t gradient_type;       /* 0 f32, 1 bf16 */
});

void linear_backward_weight(const linear_backward_weight_arguments *args, const extents *active, team *team) {
  int64_t k = args->in_features, m = args->out_features, dy_is_bf16 = args->gradient_type;
  product p = {
      .m = k,
      .n = m,
      .k = rows_of(active),
      .a = {args->x, sizeof(act) == 2, 1, k, NULL},
      .b = {args->output_gradient, dy_is_bf16 == 1, 1, m, args->preactivation},
      .c = {.sums = args->weight_gradient, .accumulate = 1},
      .column_sums = args->bias_gradient,
  };
  gemm(&p, team);
}
