/**
 * Starts a collective over ranks on the values, which are complete by now. In a world of one it does nothing.
 */
#include "kernel.h"

ARGUMENTS(begin_collective, {
  void *values;       /* [count], f32 or f64 by type, updated */
  int64_t collective; /* of COLLECTIVES */
  int64_t count;
  int64_t type;       /* of ELEMENT_TYPES */
  void *begin;        /* the communicator's function, null in a world of one */
  void *context;      /* its first argument */
});

typedef int32_t begin_function(void *context, int32_t collective, void *data, int64_t count, int32_t type, void *stream);

void begin_collective(const begin_collective_arguments *args, const extents *active, team *team) {
  (void)active;
  begin_function *begin = (begin_function *)args->begin;
  if (team->thread != 0 || !begin) return;
  if (begin(args->context, (int32_t)args->collective, args->values, args->count, (int32_t)args->type, NULL))
    team_fail(team);
}
