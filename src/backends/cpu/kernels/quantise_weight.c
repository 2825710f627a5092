/**
 * packed = w in int8, in strips (packed.h), and scales [M]: w[k][m] is packed[k][m] * scales[m] to within half a scale. For
 * w f32 [K,M], or for wT where w is f32 [M,K] (the tied head). A column's scale is its largest absolute value / 127.
 * A column with a number that is not finite gets a scale that is not, and zeros. Policy: both are written over (=). Work is
 * claimed by the strip.
 */
#include "packed.h"

ARGUMENTS(quantise_weight, {
  const float *weight;  /* [K, M], or [M, K] if transposed */
  int8_t *packed;       /* [K, M], packed */
  float *scales;        /* [M], padded to whole strips */
  int64_t in_features;  /* K */
  int64_t out_features; /* M */
  int64_t transposed;   /* 0 or 1 */
});

#define LARGEST 127

void quantise_weight(const quantise_weight_arguments *args, const extents *active, team *team) {
  const int64_t K = args->in_features, M = args->out_features, transposed = args->transposed;
  const int64_t k_stride = transposed ? 1 : M, column_stride = transposed ? K : 1;
  (void)active;
  for (int64_t strip; (strip = team_claim(team, 0)) < packed_strips(M);) {
    const int64_t first = strip * PACKED_COLUMNS, columns = min64(PACKED_COLUMNS, M - first);
    const float *w = args->weight + first * column_stride;
    int8_t *to = args->packed + first * K;
    float scales[PACKED_COLUMNS] = {0};
    for (int64_t k = 0; k < K; k++)
      for (int64_t j = 0; j < columns; j++) {
        const float size = fabsf(w[k * k_stride + j * column_stride]);
        if (size > scales[j] || isnan(size)) scales[j] = size;
      }
    for (int64_t j = 0; j < columns; j++) scales[j] /= LARGEST;
    memcpy(args->scales + first, scales, sizeof scales);
    for (int64_t k = 0; k < K; k++, to += PACKED_COLUMNS)
      for (int64_t j = 0; j < PACKED_COLUMNS; j++)
        to[j] = scales[j] > 0 && isfinite(scales[j]) ? (int8_t)rintf(w[k * k_stride + j * column_stride] / scales[j]) : 0;
  }
}
