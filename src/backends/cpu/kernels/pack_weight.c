/**
 * packed = w in bf16, in strips (packed.h), for w f32 [K,M], or for wT where w is f32 [M,K] (the tied head). Policy: the
 * packed copy is written over (=). Work is claimed by the strip.
 */
#include "packed.h"

kernel pack_weight;

void pack_weight(const word *args, const extents *active, team *team) {
  const float *w = args[0].p;
  uint32_t *packed = args[1].p;
  const int64_t K = args[2].i, M = args[3].i, transposed = args[4].i;
  const int64_t k_stride = transposed ? 1 : M, column_stride = transposed ? K : 1;
  (void)active;
  for (int64_t strip; (strip = team_claim(team, 0)) < packed_strips(M);) {
    uint32_t *to = packed + strip * (K / 2) * PACKED_COLUMNS;
    const int64_t first = strip * PACKED_COLUMNS, columns = min64(PACKED_COLUMNS, M - first);
    for (int64_t k = 0; k < K; k += 2, to += PACKED_COLUMNS) {
      const float *from = w + k * k_stride + first * column_stride;
      for (int64_t j = 0; j < columns; j++, from += column_stride)
        to[j] = bf16_of_float(from[0]).bits | (uint32_t)bf16_of_float(from[k_stride]).bits << 16;
      memset(to + columns, 0, (size_t)(PACKED_COLUMNS - columns) * sizeof *to);
    }
  }
}
