/**
 * norm = sqrt(squared norm); factor = min(1, clip / (norm + 1e-6)), clip 0: 1; -1, for no update, unless norm and loss are at
 * most their limits (NaN is not).
 *
 * squaredNorm f64[1], loss f32[1], normLimit f32[1], lossLimit f32[1] -> norm f32[1], factor f32[1] (=); clip
 */
#include "kernel.h"

#include <math.h>

void clip_factor(const word *args, const extents *active, team *team) {
  (void)active;
  if (team->thread != 0) return;
  const float loss = *(const float *)args[1].p, norm = (float)sqrt(*(const double *)args[0].p);
  const int is_usable = norm <= *(const float *)args[2].p && loss <= *(const float *)args[3].p;
  const double clip = args[6].f;
  *(float *)args[4].p = norm;
  *(float *)args[5].p = !is_usable ? -1 : clip > 0 ? (float)fmin(1, clip / ((double)norm + 1e-6)) : 1;
}
