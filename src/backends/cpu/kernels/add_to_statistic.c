/**
 * total += value
 */
#include "kernel.h"

ARGUMENTS(add_to_statistic, {
  const float *value; /* [1] */
  float *total;       /* [1] (+=) */
});

void add_to_statistic(const add_to_statistic_arguments *args, const extents *active, team *team) {
  (void)active;
  if (team->thread == 0) *args->total += *args->value;
}
