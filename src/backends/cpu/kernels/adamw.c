/**
 * AdamW (Loshchilov & Hutter 2019) over a range of the flat buffers, in PyTorch's order: decay, moments, step. Gradients
 * are first scaled by min(1, clip / (norm + 1e-6)) (clip 0: not at all) and are set to 0 as they are read. A norm that is
 * not at most the limit (NaN is not) skips the update: gradients are zeroed, all else stays.
 *
 * norm f32[1], limit f32[1], learningRate f32[1], updates i32[1] (>= 1, this update included) ->
 * parameters, gradients, m, v f32[count] (updated); count; beta1, beta2, eps, weightDecay, clip
 *
 * One pass, bound by memory: 16 bytes read and 16 written per parameter.
 */
#include "kernel.h"

#include <math.h>
#include <string.h>

#define ELEMENTS_PER_CLAIM 16384

typedef struct {
  float gradient_scale, keep, beta1, beta2, step_size, root_scale, eps;
} settings;

static void update(float *restrict p, float *restrict g, float *restrict m, float *restrict v, int64_t count,
                   const settings s) {
  for (int64_t i = 0; i < count; i++) {
    const float gradient = g[i] * s.gradient_scale;
    const float first = s.beta1 * m[i] + (1 - s.beta1) * gradient;
    const float second = s.beta2 * v[i] + (1 - s.beta2) * gradient * gradient;
    g[i] = 0;
    m[i] = first;
    v[i] = second;
    p[i] = p[i] * s.keep - s.step_size * first / (sqrtf(second) * s.root_scale + s.eps);
  }
}

void adamw(const word *args, const extents *active, team *team) {
  (void)active;
  const float norm = *(const float *)args[0].p, limit = *(const float *)args[1].p;
  const double rate = *(const float *)args[2].p, updates = *(const int32_t *)args[3].p;
  float *parameters = args[4].p, *gradients = args[5].p, *m = args[6].p, *v = args[7].p;
  const int64_t count = args[8].i;
  const double beta1 = args[9].f, beta2 = args[10].f, eps = args[11].f, decay = args[12].f, clip = args[13].f;
  const settings s = {
      .gradient_scale = clip > 0 ? (float)fmin(1, clip / ((double)norm + 1e-6)) : 1,
      .keep = (float)(1 - rate * decay),
      .beta1 = (float)beta1,
      .beta2 = (float)beta2,
      .step_size = (float)(rate / (1 - pow(beta1, updates))),
      .root_scale = (float)(1 / sqrt(1 - pow(beta2, updates))),
      .eps = (float)eps,
  };
  for (int64_t begin; (begin = team_claim(team, 0) * ELEMENTS_PER_CLAIM) < count;) {
    const int64_t size = min64(ELEMENTS_PER_CLAIM, count - begin);
    if (norm <= limit) update(parameters + begin, gradients + begin, m + begin, v + begin, size, s);
    else memset(gradients + begin, 0, (size_t)size * sizeof(float));
  }
}
