/**
 * y = x / (safety ‖x‖) for each of some matrices, ‖x‖ the Frobenius norm; 0 for a matrix of zeros. Squares are summed in
 * double, in chunks of a fixed size whose sums are added in order; the scale stays in double, for a float32 does not hold that of
 * the smallest numbers. Policy: y is written (=).
 */
#include "kernel.h"
#include "sum_of_squares.h"

#include <math.h>

ARGUMENTS(frobenius_normalise, {
  const float *x;    /* [parts, count] */
  float *y;          /* [parts, count] */
  double *workspace; /* [parts, ceil(count / chunk)] */
  int64_t parts;
  int64_t count;     /* elements of a matrix */
  int64_t chunk;     /* elements whose squares are summed together */
  double safety;
});

void frobenius_normalise(const frobenius_normalise_arguments *args, const extents *active, team *team) {
  (void)active;
  const float *x = args->x;
  float *y = args->y;
  double *sums = args->workspace;
  const int64_t parts = args->parts, count = args->count, size = args->chunk, chunks = (count + size - 1) / size;
  for (int64_t item; (item = team_claim(team, 0)) < parts * chunks;) {
    const int64_t start = item % chunks * size;
    sums[item] = sum_of_squares(x + item / chunks * count + start, min64(size, count - start));
  }
  team_barrier(team);
  for (int64_t item; (item = team_claim(team, 1)) < parts * chunks;) {
    const int64_t part = item / chunks, start = item % chunks * size;
    double squares = 0;
    for (int64_t chunk = 0; chunk < chunks; chunk++) squares += sums[part * chunks + chunk];
    const double scale = squares > 0 ? 1 / (args->safety * sqrt(squares)) : 0;
    const float *from = x + part * count + start;
    float *to = y + part * count + start;
    for (int64_t i = 0; i < min64(size, count - start); i++) to[i] = (float)(from[i] * scale);
  }
}
