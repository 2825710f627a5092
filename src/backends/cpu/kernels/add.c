/**
 * out = a + b; out may be a or b.
 *
 * a f32[N,C], b f32[N,C] -> out f32[N,C] (=)
 */
#include "kernel.h"
#include "simd.h"

#define ELEMENTS_PER_CLAIM 16384

void add(const word *args, const extents *active, team *team) {
  const float *a = args[0].p, *b = args[1].p;
  float *out = args[2].p;
  const int64_t count = rows_of(active) * args[3].i;
  for (int64_t begin; (begin = team_claim(team, 0) * ELEMENTS_PER_CLAIM) < count;) {
    const int64_t end = min64(begin + ELEMENTS_PER_CLAIM, count);
    int64_t i = begin;
    for (; i + VL <= end; i += VL) vstore(out + i, vload(a + i) + vload(b + i));
    for (; i < end; i++) out[i] = a[i] + b[i];
  }
}
