/**
 * Momentum as an exponential average (PyTorch's Muon), m = β m + (1-β) g, and the direction that looks ahead along it
 * (Nesterov), u = β m + (1-β) g, for a weight whose columns are `parts` matrices side by side. Gradients are first scaled
 * by the factor and are set to 0 as they are read. A negative factor skips the update: gradients are zeroed, the direction is
 * 0, the momentum stays.
 *
 * One pass, bound by memory; a block takes a row of a part. Policy: the direction is written (=), each part a dense matrix.
 */
#include "kernel.h"

ARGUMENTS(nesterov_momentum, {
  const float *factor; /* [1] */
  float *direction;    /* [parts, rows, columns] */
  float *gradients;    /* [rows, parts * columns], updated */
  float *momentum;     /* [rows, parts * columns], updated */
  int64_t parts;
  int64_t rows;
  int64_t columns;     /* of a part */
  double beta;
});

KERNEL(nesterov_momentum)(const nesterov_momentum_arguments args, const extents active) {
  const int64_t row = blockIdx.x, part = blockIdx.y, columns = args.columns;
  const int64_t at = (row * args.parts + part) * columns;
  float *u = args.direction + (part * args.rows + row) * columns, *g = args.gradients + at, *m = args.momentum + at;
  const float factor = *args.factor, beta = (float)args.beta;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    const float gradient = (1 - beta) * (g[i] * factor);
    g[i] = 0;
    if (factor < 0) {
      u[i] = 0;
      continue;
    }
    const float followed = beta * m[i] + gradient;
    m[i] = followed;
    u[i] = beta * followed + gradient;
  }
}
