/**
 * taken = statistics; statistics = 0
 *
 * -> taken f32[count] (=), statistics f32[count] (updated); count
 */
#include "kernel.h"

#include <string.h>

void take_statistics(const word *args, const extents *active, team *team) {
  (void)active;
  if (team->thread != 0) return;
  const size_t bytes = (size_t)args[2].i * sizeof(float);
  memcpy(args[0].p, args[1].p, bytes);
  memset(args[1].p, 0, bytes);
}
