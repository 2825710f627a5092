/** A sum of squares in double, in 32 fixed lanes: neither the number of threads nor the vector width can change it. */
#ifndef MINILLM_SUM_OF_SQUARES_H
#define MINILLM_SUM_OF_SQUARES_H

#include <stdint.h>

#define SQUARE_LANES 32

static double sum_of_squares(const float *x, int64_t count) {
  double lanes[SQUARE_LANES] = {0};
  int64_t i = 0;
  for (; i + SQUARE_LANES <= count; i += SQUARE_LANES)
    for (int lane = 0; lane < SQUARE_LANES; lane++) lanes[lane] += (double)x[i + lane] * (double)x[i + lane];
  double sum = 0;
  for (int lane = 0; lane < SQUARE_LANES; lane++) sum += lanes[lane];
  for (; i < count; i++) sum += (double)x[i] * (double)x[i];
  return sum;
}

#endif
