/**
 * Waits until every collective that was started has finished. In a world of one it does nothing.
 */
#include "kernel.h"

ARGUMENTS(wait_for_collectives, {
  void *wait;    /* the communicator's function, null in a world of one */
  void *context; /* its first argument */
});

typedef int32_t wait_function(void *context, void *stream);

void wait_for_collectives(const wait_for_collectives_arguments *args, const extents *active, team *team) {
  (void)active;
  wait_function *wait = (wait_function *)args->wait;
  if (team->thread != 0 || !wait) return;
  if (wait(args->context, NULL)) team_fail(team);
}
