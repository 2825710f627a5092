/** Sums and maxima over the threads of a block, in an order that depends on nothing but its size. */
#pragma once
#include "kernel.h"

#define MAX_WARPS 32

static __device__ __forceinline__ int lane_of_thread() { return threadIdx.x % WARP; }
static __device__ __forceinline__ int warp_of_thread() { return threadIdx.x / WARP; }
static __device__ __forceinline__ int warps_of_block() { return blockDim.x / WARP; }

/** The sum over a block, the same in every thread. `shared` holds MAX_WARPS elements, which are free again on return. */
template <typename T> static __device__ __forceinline__ T block_sum(T x, T *shared) {
  x = warp_sum(x);
  if (lane_of_thread() == 0) shared[warp_of_thread()] = x;
  __syncthreads();
  T sum = 0;
  for (int warp = 0; warp < warps_of_block(); warp++) sum += shared[warp];
  __syncthreads();
  return sum;
}

/** The largest of a block, the same in every thread; otherwise as `block_sum`. */
static __device__ __forceinline__ float block_max(float x, float *shared) {
  x = warp_max(x);
  if (lane_of_thread() == 0) shared[warp_of_thread()] = x;
  __syncthreads();
  float most = shared[0];
  for (int warp = 1; warp < warps_of_block(); warp++) most = fmaxf(most, shared[warp]);
  __syncthreads();
  return most;
}

/** The sum of the threads before this one; `shared` as for `block_sum`. */
template <typename T> static __device__ __forceinline__ T block_sum_before(T x, T *shared) {
  T sum = x;
#pragma unroll
  for (int distance = 1; distance < WARP; distance *= 2) {
    const T other = __shfl_up_sync(FULL_WARP, sum, distance);
    if (lane_of_thread() >= distance) sum += other;
  }
  if (lane_of_thread() == WARP - 1) shared[warp_of_thread()] = sum;
  __syncthreads();
  for (int warp = 0; warp < warp_of_thread(); warp++) sum += shared[warp];
  __syncthreads();
  return sum - x;
}
