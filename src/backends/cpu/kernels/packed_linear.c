/**
 * pre = x w + b; y = gelu(pre) where `pre` is kept (the GELU variant), else y = pre, for few rows and a weight packed once
 * (packed.h). Policy: outputs are written (=).
 *
 * Work is claimed by the strip.
 */
#include "gemm.h"
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
  const act *x = args->x;
  const destination c = {.values = args->y, .pre = args->preactivation, .bias = args->bias};
  const int64_t K = args->in_features, M = args->out_features, N = rows_of(active), strips = packed_strips(M);
  float *sums = team->scratch;
  x_pair *pairs = (x_pair *)(sums + PACKED_ROWS * PACKED_COLUMNS);
  int64_t ready = -1;
  for (int64_t item; (item = team_claim(team, 0)) < blocks_in(N, PACKED_ROWS) * strips;) {
    const int64_t row = item / strips * PACKED_ROWS, strip = item % strips, column = strip * PACKED_COLUMNS;
    const int rows = (int)min64(PACKED_ROWS, N - row);
    if (ready != row)
      for (int64_t i = 0; i < rows * K / 2; i++) pairs[i] = pair_of(x + row * K + 2 * i);
    ready = row;
    multiply_strip(rows, pairs, packed_strip(args->weight, strip, K), K, sums);
    for (int r = 0; r < rows; r++)
      write_row(&c, (row + r) * M, column, sums + r * PACKED_COLUMNS, min64(PACKED_COLUMNS, M - column));
  }
}
