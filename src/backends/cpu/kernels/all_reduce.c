/**
 * all_reduce(active i32[1] | | gradients f32[count] (updated) | count, bucket, function, context)
 *
 * A bucket of gradients is complete: in the last micro-step of a step the communicator's function begins to sum it over
 * the ranks. In a world of one there is no function and nothing to sum.
 */
#include "kernel.h"

typedef void reduce(void *context, int64_t bucket, float *data, int64_t count);

void all_reduce(const word *args, const extents *active, team *team) {
  (void)active;
  const int32_t *last = args[0].p;
  reduce *begin = (reduce *)args[4].p;
  if (team->thread == 0 && begin && *last) begin(args[5].p, args[3].i, args[1].p, args[2].i);
}
