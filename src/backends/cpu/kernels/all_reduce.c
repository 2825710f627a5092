/**
 * all_reduce(| | values f32 or f64[count] (updated) | count, type, begin, context)
 *
 * The values are complete: the communicator begins to sum them over the ranks. In a world of one there is nothing to begin.
 */
#include "kernel.h"

typedef int32_t begin_sum(void *context, void *data, int64_t count, int32_t type, void *stream);

void all_reduce(const word *args, const extents *active, team *team) {
  (void)active;
  begin_sum *begin = (begin_sum *)args[3].p;
  if (team->thread != 0 || !begin) return;
  if (begin(args[4].p, args[0].p, args[1].i, (int32_t)args[2].i, NULL)) team_fail(team);
}
