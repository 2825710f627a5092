/** The most likely tokens of a row of logits, one after the other: the lower id first in a tie. */
#pragma once
#include "block.h"

typedef struct {
  float logit;
  int32_t id;
} token;

#define NO_TOKEN 0x7fffffff /* an id after all others */

static __device__ __forceinline__ bool comes_before(token a, token b) {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

/** The first of the block's tokens, the same in every thread. `shared` holds MAX_WARPS, which are free again on return. */
static __device__ __forceinline__ token block_first(token some, token *shared) {
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) {
    const token other = {__shfl_xor_sync(FULL_WARP, some.logit, distance), __shfl_xor_sync(FULL_WARP, some.id, distance)};
    if (comes_before(other, some)) some = other;
  }
  if (lane_of_thread() == 0) shared[warp_of_thread()] = some;
  __syncthreads();
  some = shared[0];
  for (int warp = 1; warp < warps_of_block(); warp++)
    if (comes_before(shared[warp], some)) some = shared[warp];
  __syncthreads();
  return some;
}

static __device__ __forceinline__ token no_token(float logit) { return {logit, NO_TOKEN}; }

/** Of V logits the first that comes after `last`, or of all of them where `last` is null. NaNs are passed over. */
static __device__ __forceinline__ token next_token(const float *logits, int V, const token *last, token *shared) {
  token first = no_token(__int_as_float(0xff800000));
  for (int v = threadIdx.x; v < V; v += blockDim.x) {
    const token some = {logits[v], v};
    if (comes_before(some, first) && (!last || comes_before(*last, some))) first = some;
  }
  return block_first(first, shared);
}
