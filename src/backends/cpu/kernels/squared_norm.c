/**
 * The sum of squares of the flat gradient buffer: one pass over memory. Squares are summed in double, in chunks of a fixed
 * size; the chunk sums are then added in order, so neither the number of threads nor the vector width can change the
 * result.
 */
#include "kernel.h"
#include "sum_of_squares.h"

ARGUMENTS(squared_norm, {
  const float *gradients; /* [count] */
  double *squared_norm;   /* [1] */
  double *workspace;      /* [ceil(count / chunk)] */
  int64_t count;
  int64_t chunk;          /* elements whose squares are summed together */
});

void squared_norm(const squared_norm_arguments *args, const extents *active, team *team) {
  (void)active;
  const float *gradients = args->gradients;
  double *squares = args->squared_norm;
  double *sums = args->workspace;
  const int64_t count = args->count, chunk_size = args->chunk, chunks = (count + chunk_size - 1) / chunk_size;
  for (int64_t chunk; (chunk = team_claim(team, 0)) < chunks;)
    sums[chunk] = sum_of_squares(gradients + chunk * chunk_size, min64(chunk_size, count - chunk * chunk_size));
  team_barrier(team);
  if (team->thread != 0) return;
  double sum = 0;
  for (int64_t chunk = 0; chunk < chunks; chunk++) sum += sums[chunk];
  *squares = sum;
}
