/**
 * AdamW (Loshchilov & Hutter 2019) over a range of the flat buffers, in PyTorch's order: decay, moments, step. Gradients
 * are first scaled by the factor and are set to 0 as they are read. A negative factor skips the update: gradients are zeroed,
 * all else stays.
 *
 * One pass, bound by memory: 16 bytes read and 16 written per parameter.
 */
#include "kernel.h"

#include <math.h>
#include <string.h>

ARGUMENTS(adamw, {
  const float *factor;         /* [1] */
  const float *learning_rate;  /* [1] */
  const int32_t *update_count; /* [1], this update included, so at least 1 */
  float *parameters;           /* [count], updated */
  float *gradients;            /* [count], updated */
  float *first_moments;        /* [count], updated */
  float *second_moments;       /* [count], updated */
  int64_t count;
  double beta1;
  double beta2;
  double epsilon;
  double weight_decay;
});

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

void adamw(const adamw_arguments *args, const extents *active, team *team) {
  (void)active;
  const float factor = *args->factor;
  const double rate = *args->learning_rate, updates = *args->update_count;
  float *parameters = args->parameters, *gradients = args->gradients, *m = args->first_moments, *v = args->second_moments;
  const int64_t count = args->count;
  const double beta1 = args->beta1, beta2 = args->beta2, eps = args->epsilon, decay = args->weight_decay;
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
