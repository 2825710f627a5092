/**
 * sum = a + b; sum may be a, and b if that is f32.
 */
#include "kernel.h"
#include "partial.h"

ARGUMENTS(add, {
  const float *a;   /* [N, C] */
  const void *b;    /* [N, C], f32 or bf16 by b_type */
  float *sum;       /* [N, C] */
  int64_t channels; /* C */
  int64_t b_type;   /* 0 f32, 1 bf16 */
});

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

void add(const add_arguments *args, const extents *active, team *team) {
  const float *a = args->a;
  float *out = args->sum;
  const int64_t count = rows_of(active) * args->channels, is_bf16 = args->b_type;
  for (int64_t begin; (begin = team_claim(team, 0) * ELEMENTS_PER_CLAIM) < count;) {
    const int64_t size = min64(ELEMENTS_PER_CLAIM, count - begin);
    if (is_bf16) add_activations(a + begin, (const act *)args->b + begin, out + begin, size);
    else add_floats(a + begin, (const float *)args->b + begin, out + begin, size);
  }
}
