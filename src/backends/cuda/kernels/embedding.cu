/**
 * Token plus position embedding: x[n] = wte[tokens[n]] + wpe[positions[n]]; without positions, row n of a batch of
 * length T sits at position n % T. A warp writes a row.
 */
#include "block.h"
#include "vectors.h"

ARGUMENTS(embedding, {
  const int32_t *tokens;       /* [N] */
  const int32_t *positions;    /* [N] or null */
  const float *token_table;    /* [V, C] */
  const float *position_table; /* [P, C] */
  float *x;                    /* [N, C] */
  int64_t channels;            /* C */
});

#define WIDTH 4

KERNEL(embedding)(const embedding_arguments args, const extents active) {
  const int64_t n = (int64_t)blockIdx.x * warps_of_block() + warp_of_thread(), C = args.channels;
  if (n >= rows_of(active)) return;
  const bool whole = C % WIDTH == 0;
  const float *token = args.token_table + args.tokens[n] * C;
  const float *position = args.position_table + (args.positions ? args.positions[n] : n % active.length) * C;
#pragma unroll 2
  for (int64_t c = lane_of_thread() * WIDTH; c < C; c += WARP * WIDTH) {
    numbers<WIDTH> sum = load<WIDTH>(token, c, C, whole);
    const numbers<WIDTH> added = load<WIDTH>(position, c, C, whole);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) sum.at[k] += added.at[k];
    store<WIDTH>(args.x + n * C, c, C, whole, sum);
  }
}
