/**
 * logits [B,V] f32 = (x [rows[b], C] q) s for the one row of each stream that samples, with the token table's transpose
 * quantised to int8 (packed.h). Policy: written (=).
 */
#include "packed.h"

ARGUMENTS(quantised_logits, {
  const act *x;              /* [N, C] */
  const int8_t *token_table; /* q [C, V], packed */
  const float *scales;       /* s [V] */
  const int32_t *rows;       /* [B] */
  float *logits;             /* [B, V] */
  int64_t channels;          /* C */
  int64_t vocabulary_size;   /* V */
});

void quantised_logits(const quantised_logits_arguments *args, const extents *active, team *team) {
  const destination c = {.sums = args->logits, .scales = args->scales};
  multiply_packed(INT8_ROWS, args->x, args->rows, args->token_table, &c, active->batch, args->channels,
                  args->vocabulary_size, team);
}
