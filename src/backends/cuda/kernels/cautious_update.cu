/**
 * A step of a weight whose columns are `parts` matrices side by side, with cautious weight decay (Chen et al. 2025):
 * p -= rate (scale u + decay p [u p >= 0]), so that decay never works against the step. A negative factor skips the update.
 *
 * One pass, bound by memory; a block takes a row of a part.
 */
#include "kernel.h"

ARGUMENTS(cautious_update, {
  const float *factor;        /* [1] */
  const float *learning_rate; /* [1] */
  const float *direction;     /* [parts, rows, columns] */
  float *parameters;          /* [rows, parts * columns], updated */
  int64_t parts;
  int64_t rows;
  int64_t columns;            /* of a part */
  double scale;
  double weight_decay;
});

KERNEL(cautious_update)(const cautious_update_arguments args, const extents active) {
  if (*args.factor < 0) return;
  const int64_t row = blockIdx.x, part = blockIdx.y, columns = args.columns;
  const double rate = *args.learning_rate;
  const float step_size = (float)(rate * args.scale), decay = (float)(rate * args.weight_decay);
  const float *u = args.direction + (part * args.rows + row) * columns;
  float *p = args.parameters + (row * args.parts + part) * columns;
  for (int64_t i = threadIdx.x; i < columns; i += blockDim.x)
    p[i] -= step_size * u[i] + (u[i] * p[i] >= 0 ? decay * p[i] : 0);
}
