/**
 * What every kernel of the CUDA backend sees. NVRTC compiles a file together with this header alone: nothing of the toolkit is
 * included, so no version of it has to match.
 *
 * Every `__global__` function of a file takes the file's ARGUMENTS and the active extents, both by value. The host reads the
 * fields from the source and fills them by name, so their order is the kernel's own. A tensor that an operation may
 * leave out is a null pointer. Active rows lie contiguously from the start: N = batch·length.
 *
 * Policies: activations are written (=), parameter gradients are added (+=). No atomic adds of reals: the same seed gives the
 * same bits.
 */
#pragma once

typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;

#define ARGUMENTS(name, ...) typedef struct __VA_ARGS__ name##_arguments
#define KERNEL(name) extern "C" __global__ void name

typedef struct {
  int32_t batch;
  int32_t length;
} extents;

#define WARP 32
#define FULL_WARP 0xffffffffu

/** A bf16 as it is stored. */
typedef struct {
  uint16_t bits;
} bf16;

#ifdef ACT_BF16
typedef bf16 act;
#else
typedef float act;
#endif

static __device__ __forceinline__ float to_float(float x) { return x; }
static __device__ __forceinline__ float to_float(bf16 x) { return __uint_as_float((uint32_t)x.bits << 16); }

/** Rounded to the nearest, ties to even. */
static __device__ __forceinline__ bf16 to_bf16(float x) {
  bf16 result;
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(result.bits) : "f"(x));
  return result;
}

template <typename T> static __device__ __forceinline__ T from_float(float x);
template <> __device__ __forceinline__ float from_float<float>(float x) { return x; }
template <> __device__ __forceinline__ bf16 from_float<bf16>(float x) { return to_bf16(x); }

static __device__ __forceinline__ int64_t rows_of(extents active) { return (int64_t)active.batch * active.length; }
static __device__ __forceinline__ int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }

/** The sum over a warp, the same in every lane. */
template <typename T> static __device__ __forceinline__ T warp_sum(T x) {
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(FULL_WARP, x, distance);
  return x;
}

/** The largest of a warp, the same in every lane. */
static __device__ __forceinline__ float warp_max(float x) {
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, distance));
  return x;
}
