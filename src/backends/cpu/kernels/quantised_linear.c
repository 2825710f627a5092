/**
 * pre = (x q) s + b; y = gelu(pre) where `pre` is kept (the GELU variant), else y = pre, for a weight quantised to int8
 * (packed.h) with a scale s for each column. Policy: outputs are written (=).
 *
 * A program compiled for up to PACKED_ROWS rows (generation) reads the strips once, in place; programs for more rows use
 * the packed product of gemm.h, however few are active. So a row's bits depend on nothing of its neighbours.
 */
#include "packed.h"

ARGUMENTS(quantised_linear, {
  const act *x;         /* [N, K] */
  const int8_t *weight; /* q [K, M], packed */
  const float *scales;  /* s [M] */
  const float *bias;    /* [M] */
  act *y;               /* [N, M] */
  act *preactivation;   /* [N, M], or null without GELU */
  int64_t in_features;  /* K */
  int64_t out_features; /* M */
  int64_t rows;         /* that the program was compiled for */
});

void quantised_linear(const quantised_linear_arguments *args, const extents *active, team *team) {
  const destination c = {
      .values = args->y, .pre = args->preactivation, .bias = args->bias, .scales = args->scales};
  const int64_t K = args->in_features, M = args->out_features, N = rows_of(active);
  if (args->rows <= PACKED_ROWS) {
    multiply_packed(INT8_ROWS, args->x, NULL, args->weight, &c, N, K, M, team);
    return;
  }
  const product p = {
      .m = N,
      .n = M,
      .k = K,
      .a = {args->x, sizeof(act) == 2, K, 1, NULL},
      .b = {.data = args->weight, .strip_stride = K * PACKED_COLUMNS},
      .c = c,
  };
  gemm(&p, team);
}
