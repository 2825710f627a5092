/**
 * GELU in its tanh form (Hendrycks & Gimpel 2016), as GPT-2 uses it, and its derivative, with 1 + tanh u = 2 / (1 + e^-2u):
 * gelu(x) = x·s(x), gelu'(x) = s + x·s·(1 - s)·t'(x), where s = 1 / (1 + e^-t) and t = 2·sqrt(2/pi)·(x + 0.044715 x³).
 */
#pragma once
#include "vectors.h"

#define GELU_SCALE 1.5957691216057308f
#define GELU_CUBIC 0.044715f

static __device__ __forceinline__ float gelu_share(float x) {
  return __fdividef(1, 1 + __expf(-GELU_SCALE * x * (1 + GELU_CUBIC * x * x)));
}

static __device__ __forceinline__ float gelu_of(float x) { return x * gelu_share(x); }

static __device__ __forceinline__ float gelu_derivative(float x) {
  const float share = gelu_share(x);
  return share + x * share * (1 - share) * GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x);
}

template <int N> static __device__ __forceinline__ numbers<N> gelu_of(numbers<N> x) {
#pragma unroll
  for (int i = 0; i < N; i++) x.at[i] = gelu_of(x.at[i]);
  return x;
}

/** to = gelu(from), `count` numbers; the block's share is `blockDim.x` vectors. */
static __device__ __forceinline__ void apply_gelu(const act *from, act *to, int64_t count) {
  enum { N = 8 };
  const int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * N;
  if (i + N <= count) store<N>(to + i, gelu_of(load<N>(from + i)));
  else
    for (int64_t rest = i; rest < count; rest++) to[rest] = from_float<act>(gelu_of(to_float(from[rest])));
}
