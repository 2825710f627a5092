/**
 * Token plus position embedding: x[n] = wte[tokens[n]] + wpe[positions[n]]; without positions, row n of a batch of
 * length T sits at position n % T.
 */
#include "kernel.h"

ARGUMENTS(embedding, {
  const int32_t *tokens;       /* [N] */
  const int32_t *positions;    /* [N] or null */
  const float *token_table;    /* [V, C] */
  const float *position_table; /* [P, C] */
  float *x;                    /* [N, C] */
  int64_t channels;            /* C */
});

#define ROWS_PER_CLAIM 16

void embedding(const embedding_arguments *args, const extents *active, team *team) {
  const int32_t *tokens = args->tokens, *positions = args->positions;
  const float *wte = args->token_table, *wpe = args->position_table;
  float *x = args->x;
  const int64_t C = args->channels, N = rows_of(active);
  for (int64_t begin; (begin = team_claim(team, 0) * ROWS_PER_CLAIM) < N;) {
    const int64_t end = min64(begin + ROWS_PER_CLAIM, N);
    for (int64_t n = begin; n < end; n++) {
      const float *token = wte + tokens[n] * C;
      const float *position = wpe + (positions ? positions[n] : n % active->length) * C;
      float *restrict row = x + n * C;
      for (int64_t c = 0; c < C; c++) row[c] = token[c] + position[c];
    }
  }
}
