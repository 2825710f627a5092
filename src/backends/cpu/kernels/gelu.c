/**
 * y = gelu(pre), element by element (tanh form); recomputed in the backward pass where the plan did not keep y.
 */
#include "kernel.h"
#include "simd.h"

ARGUMENTS(gelu, {
  const act *preactivation; /* [N, C] */
  act *y;                   /* [N, C] */
  int64_t channels;         /* C */
});

#define CHUNK 8192

void gelu(const gelu_arguments *args, const extents *active, team *team) {
  const act *pre = args->preactivation;
  act *y = args->y;
  int64_t count = rows_of(active) * args->channels;
  for (int64_t start; (start = team_claim(team, 0) * CHUNK) < count;) {
    int64_t end = min64(start + CHUNK, count), i = start;
    for (; i + VL <= end; i += VL) vstore_act(y + i, vgelu(vload_act(pre + i)));
    if (i < end) {
      act tail[VL] = {0};
      memcpy(tail, pre + i, (size_t)(end - i) * sizeof(act));
      vstore_act(tail, vgelu(vload_act(tail)));
      memcpy(y + i, tail, (size_t)(end - i) * sizeof(act));
    }
  }
}
