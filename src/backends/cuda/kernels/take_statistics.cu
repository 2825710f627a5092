/** taken = statistics; statistics = 0 */
#include "kernel.h"

ARGUMENTS(take_statistics, {
  float *taken;      /* [count] */
  float *statistics; /* [count], updated */
  int64_t count;
});

KERNEL(take_statistics)(const take_statistics_arguments args, const extents active) {
  for (int64_t i = threadIdx.x; i < args.count; i += blockDim.x) {
    args.taken[i] = args.statistics[i];
    args.statistics[i] = 0;
  }
}
