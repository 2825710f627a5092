/**
 * out = a + b; out may be a, and b if that is f32.
 *
 * a f32[N,C], b f32[N,C] or bf16[N,C] by type -> out f32[N,C] (=); C, type (0 f32, 1 bf16)
 */
#include "kernel.h"
#include "partial.h"

#define ELEMENTS_PER_CLAIM 16384

static void add_floats(const float *a, const float *b, float *out, int64_t count) {
  int64_t i = 0;
  for (; i + VL <= count; i += VL) vstore(out + i, vload(a + i) + vload(b + i));
  for (; i < count; i++) out[i] = a[i] + b[i];
}

static void add_activations(const float *a, const act *b, float *out, int64_t count) {
  int64_t i = 0;
  for (; i + VL <= count; i += VL) vstore(out + i, vload(a + i) + vload_act(b + i));
  if (i < count) vstore_first(out + i, vload_first(a + i, count - i) + vload_act_first(b + i, count - i), count - i);
}

void add(const word *args, const extents *active, team *team) {
  const float *a = args[0].p;
  float *out = args[2].p;
  const int64_t count = rows_of(active) * args[3].i, is_bf16 = args[4].i;
  for (int64_t begin; (begin = team_claim(team, 0) * ELEMENTS_PER_CLAIM) < count;) {
    const int64_t size = min64(ELEMENTS_PER_CLAIM, count - begin);
    if (is_bf16) add_activations(a + begin, (const act *)args[1].p + begin, out + begin, size);
    else add_floats(a + begin, (const float *)args[1].p + begin, out + begin, size);
  }
}
