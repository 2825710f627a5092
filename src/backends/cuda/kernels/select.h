/**
 * Selection without sorting: the key at which a running sum, from the largest key down, reaches a given amount. Three passes over
 * the digits of the keys, the first digit first, each adding up what belongs to a digit; amounts are whole numbers, so that the
 * order of adding is no matter.
 */
#pragma once
#include "block.h"

#define SELECTION_BINS 2048
#define NO_LIMIT 0xffffffffffffffffull

typedef struct {
  uint32_t key;
  uint64_t wanted; /* what those of this key contribute */
} selection;

typedef struct {
  uint64_t bins[SELECTION_BINS], sums[MAX_WARPS];
  selection found;
} selection_space;

/** Keys are in the order of the numbers, and equal where they are. */
static __device__ __forceinline__ uint32_t key_of(float x) {
  const uint32_t bits = x == 0 ? 0 : __float_as_uint(x);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static __device__ __forceinline__ float logit_of(uint32_t key) {
  return __uint_as_float(key & 0x80000000u ? key & 0x7fffffffu : ~key);
}

/** @param amounts of the `count` values, whose sum is at least `wanted` ≥ 1; null: each counts as 1 */
static __device__ selection select(const float *values, const uint64_t *amounts, int count, uint64_t wanted,
                                   selection_space *shared) {
  selection found = {0, wanted};
#pragma unroll 1
  for (int pass = 0; pass < 3; pass++) {
    const int shift = pass == 0 ? 21 : pass == 1 ? 10 : 0, above = pass == 0 ? 32 : pass == 1 ? 21 : 10;
    const uint32_t digits = 1u << (above - shift);
    for (int bin = threadIdx.x; bin < SELECTION_BINS; bin += blockDim.x) shared->bins[bin] = 0;
    __syncthreads();
    for (int i = threadIdx.x; i < count; i += blockDim.x) {
      const uint32_t key = key_of(values[i]);
      if ((uint64_t)key >> above == found.key) atomicAdd(&shared->bins[(key >> shift) & (digits - 1)], amounts ? amounts[i] : 1);
    }
    __syncthreads();
    /* from the top, each thread a stretch of bins */
    const int each = (SELECTION_BINS + blockDim.x - 1) / blockDim.x, begin = min(threadIdx.x * each, SELECTION_BINS);
    const int end = min(begin + each, SELECTION_BINS);
    uint64_t sum = 0;
    for (int bin = begin; bin < end; bin++) sum += shared->bins[SELECTION_BINS - 1 - bin];
    uint64_t before = block_sum_before(sum, shared->sums);
    if (before < found.wanted && found.wanted <= before + sum) {
      int bin = SELECTION_BINS - 1 - begin;
      for (; before + shared->bins[bin] < found.wanted; bin--) before += shared->bins[bin];
      shared->found = {found.key << (above - shift) | (uint32_t)bin, found.wanted - before};
    }
    __syncthreads();
    found = shared->found;
    __syncthreads();
  }
  return found;
}
