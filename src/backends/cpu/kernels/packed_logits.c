/**
 * logits [B,V] f32 = x [rows[b], C] wteT for the one row of each stream that samples, with the token table packed once in
 * bf16 (packed.h). Policy: written (=).
 */
#include "packed.h"

ARGUMENTS(packed_logits, {
  const act *x;                /* [N, C] */
  const uint32_t *token_table; /* [C, V], packed */
  const int32_t *rows;         /* [B] */
  float *logits;               /* [B, V] */
  int64_t channels;            /* C */
  int64_t vocabulary_size;     /* V */
});

void packed_logits(const packed_logits_arguments *args, const extents *active, team *team) {
  const destination c = {.sums = args->logits};
  multiply_packed(BF16_PAIRS, args->x, args->rows, args->token_table, &c, active->batch, args->channels,
                  args->vocabulary_size, team);
}
