/**
 * total += the sum of the losses, added in double in index order by one thread: N additions take microseconds.
 */
#include "kernel.h"

ARGUMENTS(sum_losses, {
  const float *losses; /* [N] */
  float *total;        /* [1] (+=) */
});

void sum_losses(const sum_losses_arguments *args, const extents *active, team *team) {
  if (team->thread != 0) return;
  const float *losses = args->losses;
  float *total = args->total;
  const int64_t N = rows_of(active);
  double sum = 0;
  for (int64_t n = 0; n < N; n++) sum += losses[n];
  *total += (float)sum;
}
