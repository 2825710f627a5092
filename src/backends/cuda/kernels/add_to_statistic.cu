/** total += value */
#include "kernel.h"

ARGUMENTS(add_to_statistic, {
  const float *value; /* [1] */
  float *total;       /* [1] (+=) */
});

KERNEL(add_to_statistic)(const add_to_statistic_arguments args, const extents active) { *args.total += *args.value; }
