/**
 * pre = x w + b; y = gelu(pre) where `pre` is kept (the GELU variant), else y = pre, for few rows and a weight packed once
 * in bf16 (packed.h). Policy: outputs are written (=).
 */
#include "packed.h"

ARGUMENTS(packed_linear, {
  const act *x;           /* [N, K] */
  const uint32_t *weight; /* [K, M], packed */
  const float *bias;      /* [M] */
  act *y;                 /* [N, M] */
  act *preactivation;     /* [N, M], or null without GELU */
  int64_t in_features;    /* K */
  int64_t out_features;   /* M */
});

void packed_linear(const packed_linear_arguments *args, const extents *active, team *team) {
  const destination c = {.values = args->y, .pre = args->preactivation, .bias = args->bias};
  multiply_packed(BF16_PAIRS, args->x, NULL, args->weight, &c, rows_of(active), args->in_features, args->out_features, team);
}
