/**
 * Gradient of the embedding: dwte[tokens[n]] += dx[n], dwpe[positions[n]] += dx[n].
 *
 * Several rows may add into one token's gradient, so threads share out channels, not rows: every element is summed by
 * one thread in row order, which gives the same bits for any number of threads.
 */
#include "kernel.h"

ARGUMENTS(embedding_backward, {
  const int32_t *tokens;          /* [N] */
  const int32_t *positions;       /* [N], or null: then n % T */
  const float *x_gradient;        /* [N, C] */
  float *token_table_gradient;    /* [V, C] (+=) */
  float *position_table_gradient; /* [P, C] (+=) */
  int64_t channels;               /* C */
});

#define CHANNELS_PER_CLAIM 64

void embedding_backward(const embedding_backward_arguments *args, const extents *active, team *team) {
  const int32_t *tokens = args->tokens, *positions = args->positions;
  const float *dx = args->x_gradient;
  float *dwte = args->token_table_gradient, *dwpe = args->position_table_gradient;
  const int64_t C = args->channels, N = rows_of(active);
  for (int64_t begin; (begin = team_claim(team, 0) * CHANNELS_PER_CLAIM) < C;) {
    const int64_t channels = min64(CHANNELS_PER_CLAIM, C - begin);
    for (int64_t n = 0; n < N; n++) {
      const float *gradient = dx + n * C + begin;
      float *restrict token = dwte + tokens[n] * C + begin;
      float *restrict position = dwpe + (positions ? positions[n] : n % active->length) * C + begin;
      for (int64_t c = 0; c < channels; c++) {
        token[c] += gradient[c];
        position[c] += gradient[c];
      }
    }
  }
}
