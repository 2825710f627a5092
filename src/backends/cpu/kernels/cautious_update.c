/**
 * A step of a weight whose columns are `parts` matrices side by side, with cautious weight decay (Chen et al. 2025):
 * p -= rate (scale u + decay p [u p >= 0]), so that decay never works against the step. A negative factor skips the update.
 *
 * One pass, bound by memory.
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

#define ELEMENTS_PER_CLAIM 16384

static void step(float *restrict p, const float *restrict u, int64_t count, float step_size, float decay) {
  for (int64_t i = 0; i < count; i++) p[i] -= step_size * u[i] + (u[i] * p[i] >= 0 ? decay * p[i] : 0);
}

void cautious_update(const cautious_update_arguments *args, const extents *active, team *team) {
  (void)active;
  if (*args->factor < 0) return;
  const double rate = *args->learning_rate;
  const float step_size = (float)(rate * args->scale), decay = (float)(rate * args->weight_decay);
  const float *direction = args->direction;
  float *parameters = args->parameters;
  const int64_t parts = args->parts, rows = args->rows, columns = args->columns;
  const int64_t claim = max64(1, ELEMENTS_PER_CLAIM / (parts * columns));
  for (int64_t begin; (begin = team_claim(team, 0) * claim) < rows;)
    for (int64_t row = begin; row < min64(begin + claim, rows); row++)
      for (int64_t part = 0; part < parts; part++)
        step(parameters + (row * parts + part) * columns, direction + (part * rows + row) * columns, columns, step_size, decay);
}
