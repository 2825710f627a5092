/**
 * Several neighbours of a row at a time: one access of up to 16 bytes a lane, so that a warp moves whole cache lines.
 * Addresses are multiples of the vector; rows that do not divide into vectors are read and written one number at a time.
 */
#pragma once
#include "kernel.h"

/** N numbers in registers. */
template <int N> struct numbers {
  float at[N];
};

template <int N> static __device__ __forceinline__ numbers<N> zeros() {
  numbers<N> result;
#pragma unroll
  for (int i = 0; i < N; i++) result.at[i] = 0;
  return result;
}

/** Two bf16, the lower address in the low half. */
static __device__ __forceinline__ uint32_t bf16_pair(float low, float high) {
  uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
}

/** N is a multiple of 4. */
template <int N> static __device__ __forceinline__ numbers<N> load(const float *from) {
  numbers<N> result;
#pragma unroll
  for (int i = 0; i < N; i += 4) {
    const float4 some = *(const float4 *)(from + i);
    result.at[i] = some.x, result.at[i + 1] = some.y, result.at[i + 2] = some.z, result.at[i + 3] = some.w;
  }
  return result;
}

static __device__ __forceinline__ void unpack(uint32_t pair, float *to) {
  to[0] = __uint_as_float(pair << 16);
  to[1] = __uint_as_float(pair & 0xffff0000u);
}

/** N is 4 or 8. */
template <int N> static __device__ __forceinline__ numbers<N> load(const bf16 *from) {
  numbers<N> result;
  if (N == 8) {
    const uint4 some = *(const uint4 *)from;
    unpack(some.x, result.at), unpack(some.y, result.at + 2);
    unpack(some.z, result.at + N - 4), unpack(some.w, result.at + N - 2);
  } else {
    const uint2 some = *(const uint2 *)from;
    unpack(some.x, result.at), unpack(some.y, result.at + 2);
  }
  return result;
}

template <int N> static __device__ __forceinline__ void store(float *to, const numbers<N> &values) {
#pragma unroll
  for (int i = 0; i < N; i += 4)
    *(float4 *)(to + i) = make_float4(values.at[i], values.at[i + 1], values.at[i + 2], values.at[i + 3]);
}

template <int N> static __device__ __forceinline__ void store(bf16 *to, const numbers<N> &values) {
  const float *v = values.at;
  const uint32_t first = bf16_pair(v[0], v[1]), second = bf16_pair(v[2], v[3]);
  if (N == 8) *(uint4 *)to = make_uint4(first, second, bf16_pair(v[N - 4], v[N - 3]), bf16_pair(v[N - 2], v[N - 1]));
  else *(uint2 *)to = make_uint2(first, second);
}

/** N numbers from column `c` of a row of C; `whole`: C is a multiple of N. Past the end they are 0. */
template <int N, typename T> static __device__ __forceinline__ numbers<N> load(const T *row, int64_t c, int64_t C, bool whole) {
  if (whole) return load<N>(row + c);
  numbers<N> result;
#pragma unroll
  for (int i = 0; i < N; i++) result.at[i] = c + i < C ? to_float(row[c + i]) : 0;
  return result;
}

/** Writes those of N numbers from column `c` on that lie in a row of C; `whole`: C is a multiple of N. */
template <int N, typename T>
static __device__ __forceinline__ void store(T *row, int64_t c, int64_t C, bool whole, const numbers<N> &values) {
  if (whole) return store<N>(row + c, values);
#pragma unroll
  for (int i = 0; i < N; i++)
    if (c + i < C) row[c + i] = from_float<T>(values.at[i]);
}
