/**
 * packed = w in bf16, in strips (packed.h), for w f32 [K,M], or for wT where w is f32 [M,K] (the tied head). Policy: the
 * packed copy is written over (=). Work is claimed by the strip.
 */
#include "packed.h"

ARGUMENTS(pack_weight, {
  const float *weight;  /* [K, M], or [M, K] if transposed */
  uint32_t *packed;     /* [K, M], packed */
  int64_t in_features;  /* K */
  int64_t out_features; /* M */
  int64_t transposed;   /* 0 or 1 */
});

void pack_weight(const pack_weight_arguments *args, const extents *active, team *team) {
  const float *w = args->weight;
  uint32_t *packed = args->packed;
  const int64_t K = args->in_features, M = args->out_features, transposed = args->transposed;
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
