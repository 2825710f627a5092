/** sum = a + b; sum may be a, and b if that is fp32. */
#include "vectors.h"

ARGUMENTS(add, {
  const float *a;   /* [N, C] */
  const void *b;    /* [N, C], fp32 or bf16 by b_type */
  float *sum;       /* [N, C] */
  int64_t channels; /* C */
  int64_t b_type;   /* 0 fp32, 1 bf16 */
});

#define WIDTH 4

template <typename T> static __device__ __forceinline__ void add_numbers(const float *a, const T *b, float *sum, int64_t count) {
  const int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * WIDTH;
  if (i + WIDTH <= count) {
    numbers<WIDTH> total = load<WIDTH>(a + i);
    const numbers<WIDTH> other = load<WIDTH>(b + i);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) total.at[k] += other.at[k];
    store<WIDTH>(sum + i, total);
  } else
    for (int64_t rest = i; rest < count; rest++) sum[rest] = a[rest] + to_float(b[rest]);
}

KERNEL(add)(const add_arguments args, const extents active) {
  const int64_t count = rows_of(active) * args.channels;
  if (args.b_type == 0) add_numbers(args.a, (const float *)args.b, args.sum, count);
  else add_numbers(args.a, (const bf16 *)args.b, args.sum, count);
}
