/**
 * Momentum as an exponential average (PyTorch's Muon), m = β m + (1-β) g, and the direction that looks ahead along it
 * (Nesterov), u = β m + (1-β) g, for a weight whose columns are `parts` matrices side by side. Gradients are first scaled
 * by the factor and are set to 0 as they are read. A negative factor skips the update: gradients are zeroed, the direction is
 * 0, the momentum stays.
 *
 * One pass, bound by memory. Policy: the direction is written (=), each part of it a dense matrix.
 */
#include "kernel.h"

#include <string.h>

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

#define ELEMENTS_PER_CLAIM 16384

static void follow(float *restrict u, float *restrict g, float *restrict m, int64_t count, float factor, float beta) {
  for (int64_t i = 0; i < count; i++) {
    const float gradient = (1 - beta) * (g[i] * factor);
    g[i] = 0;
    m[i] = beta * m[i] + gradient;
    u[i] = beta * m[i] + gradient;
  }
}

void nesterov_momentum(const nesterov_momentum_arguments *args, const extents *active, team *team) {
  (void)active;
  const float factor = *args->factor, beta = (float)args->beta;
  float *direction = args->direction, *gradients = args->gradients, *momentum = args->momentum;
  const int64_t parts = args->parts, rows = args->rows, columns = args->columns;
  const int64_t claim = max64(1, ELEMENTS_PER_CLAIM / (parts * columns));
  for (int64_t begin; (begin = team_claim(team, 0) * claim) < rows;)
    for (int64_t row = begin; row < min64(begin + claim, rows); row++)
      for (int64_t part = 0; part < parts; part++) {
        const int64_t at = (row * parts + part) * columns;
        float *u = direction + (part * rows + row) * columns;
        if (factor >= 0) {
          follow(u, gradients + at, momentum + at, columns, factor, beta);
          continue;
        }
        memset(gradients + at, 0, (size_t)columns * sizeof(float));
        memset(u, 0, (size_t)columns * sizeof(float));
      }
}
