/**
 * wait_for_sums(| | | wait, context)
 *
 * Until every sum over ranks that was begun has ended. In a world of one there is nothing to wait for.
 */
#include "kernel.h"

typedef int32_t wait_function(void *context, void *stream);

void wait_for_sums(const word *args, const extents *active, team *team) {
  (void)active;
  wait_function *wait = (wait_function *)args[0].p;
  if (team->thread != 0 || !wait) return;
  if (wait(args[1].p, NULL)) team_fail(team);
}
