/** Copies of fp32 numbers in the type that matrix products read. */
#pragma once
#include "vectors.h"

/** to = from, `count` numbers; the block's share is `blockDim.x` vectors of CONVERTED. */
#define CONVERTED 8
template <typename T> static __device__ __forceinline__ void convert(const float *from, T *to, int64_t count) {
  const int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * CONVERTED;
  if (i + CONVERTED <= count) store<CONVERTED>(to + i, load<CONVERTED>(from + i));
  else
    for (int64_t rest = i; rest < count; rest++) to[rest] = from_float<T>(from[rest]);
}

/** The same, with zeros from `count` to `padded`. */
template <typename T>
static __device__ __forceinline__ void convert_padded(const float *from, T *to, int64_t count, int64_t padded) {
  const int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * CONVERTED;
  if (i + CONVERTED <= count) store<CONVERTED>(to + i, load<CONVERTED>(from + i));
  else
    for (int64_t rest = i; rest < min64(i + CONVERTED, padded); rest++)
      to[rest] = from_float<T>(rest < count ? from[rest] : 0);
}
