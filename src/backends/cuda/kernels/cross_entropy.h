/**
 * The output head's common part: the log-sum-exp of a row of logits, and the losses and gradients of a slice of rows.
 *
 * The B*T x V logits never exist at once: rows pass in slices, whose logits lie in the workspace. They are bf16 where gradients
 * take their place, which halves what this step and the two products after it move; losses alone, and log-probabilities, are
 * worked out from fp32. A row of logits is `stride` long, a multiple of 64 at least V; what lies behind V is no token. A target of -1
 * marks a row that does not count.
 */
#pragma once
#include "block.h"
#include "vectors.h"

#define LOGITS_WIDTH 8
#define MINUS_INFINITY __int_as_float(0xff800000)

/** e^x, near enough for what `T` can hold. */
template <typename T> static __device__ __forceinline__ float exponential(float x);
template <> __device__ __forceinline__ float exponential<float>(float x) { return expf(x); }
template <> __device__ __forceinline__ float exponential<bf16>(float x) { return __expf(x); }

/** log of the sum of e^row[0 .. V), the same in every thread of the block. */
template <typename T> static __device__ __forceinline__ float log_sum_exp(const T *row, int V, float *shared) {
  const int whole = V / LOGITS_WIDTH * LOGITS_WIDTH;
  float most = MINUS_INFINITY, sum = 0;
#pragma unroll 2
  for (int v = threadIdx.x * LOGITS_WIDTH; v < whole; v += blockDim.x * LOGITS_WIDTH) {
    const numbers<LOGITS_WIDTH> some = load<LOGITS_WIDTH>(row + v);
    float highest = some.at[0];
#pragma unroll
    for (int k = 1; k < LOGITS_WIDTH; k++) highest = fmaxf(highest, some.at[k]);
    if (highest > most) {
      sum *= exponential<T>(most - highest);
      most = highest;
    }
#pragma unroll
    for (int k = 0; k < LOGITS_WIDTH; k++) sum += exponential<T>(some.at[k] - most);
  }
  for (int v = whole + threadIdx.x; v < V; v += blockDim.x) {
    const float logit = to_float(row[v]);
    if (logit > most) {
      sum *= exponential<T>(most - logit);
      most = logit;
    }
    sum += exponential<T>(logit - most);
  }
  const float highest = block_max(most, shared);
  const float total = block_sum(sum * exponential<T>(most - highest), shared);
  return highest + logf(total);
}

/** Puts scale * (softmax - onehot(target)) in the place of a row of logits, and 0 behind V. */
template <typename T>
static __device__ __forceinline__ void soften(T *row, int V, int stride, float lse, int target, float scale) {
  const int whole = V / LOGITS_WIDTH * LOGITS_WIDTH;
  for (int v = whole + threadIdx.x; v < stride; v += blockDim.x)
    row[v] = from_float<T>(v < V ? scale * (exponential<T>(to_float(row[v]) - lse) - (v == target ? 1 : 0)) : 0);
  /* backwards: what was read last is still in the caches */
  const int step = blockDim.x * LOGITS_WIDTH, own = threadIdx.x * LOGITS_WIDTH;
#pragma unroll 2
  for (int v = own + (whole - 1 - own) / step * step; v >= own; v -= step) {
    if (v >= whole) continue;
    numbers<LOGITS_WIDTH> some = load<LOGITS_WIDTH>(row + v);
#pragma unroll
    for (int k = 0; k < LOGITS_WIDTH; k++)
      some.at[k] = scale * (exponential<T>(some.at[k] - lse) - (v + k == target ? 1 : 0));
    store<LOGITS_WIDTH>(row + v, some);
  }
}

