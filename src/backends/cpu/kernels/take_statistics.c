/**
 * taken = statistics; statistics = 0
 */
#include "kernel.h"

#include <string.h>

ARGUMENTS(take_statistics, {
  float *taken;      /* [count] */
  float *statistics; /* [count], updated */
  int64_t count;
});

void take_statistics(const take_statistics_arguments *args, const extents *active, team *team) {
  (void)active;
  if (team->thread != 0) return;
  const size_t bytes = (size_t)args->count * sizeof(float);
  memcpy(args->taken, args->statistics, bytes);
  memset(args->statistics, 0, bytes);
}
