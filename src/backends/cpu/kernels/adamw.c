/**
 * AdamW (Loshchilov & Hutter 2019) over a range of the flat buffers, in PyTorch's order: decay, moments, step. Gradients
 * are first scaled by the factor and are set to 0 as they are read. A negative factor skips the update: gradients are zeroed,
 * all else stays.
 *
 * factor f32[1], learningRate f32[1], updateCount i32[1] (>= 1, this update included) ->
 * parameters, gradients, m, v f32[count] (updated); count; beta1, beta2, eps, weightDecay
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
  const float factor = *(const float *)args[0].p;
  const double rate = *(const float *)args[1].p, updates = *(const int32_t *)args[2].p;
  float *parameters = args[3].p, *gradients = args[4].p, *m = args[5].p, *v = args[6].p;
  const int64_t count = args[7].i;
  const double beta1 = args[8].f, beta2 = args[9].f, eps = args[10].f, decay = args[11].f;
  const settings s = {
      .gradient_scale = factor,
      .keep = (float)(1 - rate * decay),
      .beta1 = (float)beta1,
      .beta2 = (float)beta2,
      .step_size = (float)(rate / (1 - pow(beta1, updates))),
      .root_scale = (float)(1 / sqrt(1 - pow(beta2, updates))),
      .eps = (float)eps,
  };
  for (int64_t begin; (begin = team_claim(team, 0) * ELEMENTS_PER_CLAIM) < count;) {
    const int64_t size = min64(ELEMENTS_PER_CLAIM, count - begin);
    if (factor >= 0) update(parameters + begin, gradients + begin, m + begin, v + begin, size, s);
    else memset(gradients + begin, 0, (size_t)size * sizeof(float));
  }
}
