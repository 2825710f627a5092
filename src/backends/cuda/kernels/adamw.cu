/**
 * AdamW (Loshchilov & Hutter 2019) over a range of the flat buffers, in PyTorch's order: decay, moments, step. Gradients
 * are first scaled by the factor and are set to 0 as they are read. A negative factor skips the update: gradients are zeroed,
 * all else stays.
 *
 * One pass, bound by memory: 16 bytes read and 16 written per parameter. A block updates ELEMENTS of them; its first
 * thread works out what depends on the count of updates, in double.
 */
#include "vectors.h"

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

#define ELEMENTS 8192
#define WIDTH 4

typedef struct {
  float gradient_scale, keep, beta1, beta2, step_size, root_scale, epsilon;
} settings;

static __device__ settings settings_of(const adamw_arguments &args) {
  const double rate = *args.learning_rate, updates = *args.update_count;
  return {
      *args.factor,
      (float)(1 - rate * args.weight_decay),
      (float)args.beta1,
      (float)args.beta2,
      (float)(rate / (1 - pow(args.beta1, updates))),
      (float)(1 / sqrt(1 - pow(args.beta2, updates))),
      (float)args.epsilon,
  };
}

static __device__ __forceinline__ void update(float *p, float g, float *m, float *v, const settings &s) {
  const float gradient = g * s.gradient_scale;
  *m = s.beta1 * *m + (1 - s.beta1) * gradient;
  *v = s.beta2 * *v + (1 - s.beta2) * gradient * gradient;
  *p = *p * s.keep - s.step_size * *m / (sqrtf(*v) * s.root_scale + s.epsilon);
}

KERNEL(adamw)(const adamw_arguments args, const extents active) {
  __shared__ settings shared;
  if (threadIdx.x == 0) shared = settings_of(args);
  __syncthreads();
  const settings s = shared;
  const int64_t begin = blockIdx.x * (int64_t)ELEMENTS, end = min64(begin + ELEMENTS, args.count);
  int64_t i = begin + threadIdx.x * WIDTH;
  if (s.gradient_scale < 0) {
    for (; i < end; i += blockDim.x * WIDTH)
      for (int64_t at = i; at < min64(i + WIDTH, end); at++) args.gradients[at] = 0;
    return;
  }
#pragma unroll 2
  for (; i + WIDTH <= end; i += blockDim.x * WIDTH) {
    numbers<WIDTH> p = load<WIDTH>(args.parameters + i), m = load<WIDTH>(args.first_moments + i);
    numbers<WIDTH> v = load<WIDTH>(args.second_moments + i);
    const numbers<WIDTH> g = load<WIDTH>(args.gradients + i);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) update(&p.at[k], g.at[k], &m.at[k], &v.at[k], s);
    store<WIDTH>(args.gradients + i, zeros<WIDTH>());
    store<WIDTH>(args.first_moments + i, m);
    store<WIDTH>(args.second_moments + i, v);
    store<WIDTH>(args.parameters + i, p);
  }
  for (; i < end; i++) {
    update(args.parameters + i, args.gradients[i], args.first_moments + i, args.second_moments + i, s);
    args.gradients[i] = 0;
  }
}
