/**
 * logits [B,V] f32 = x [rows[b], C] wteT for the one row of each stream that samples, with the token table packed once
 * (packed.h). Policy: written (=). Work is claimed by the strip.
 */
#include "gemm.h"
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
  const act *x = args->x;
  const int32_t *rows = args->rows;
  const int64_t C = args->channels, V = args->vocabulary_size, B = active->batch, strips = packed_strips(V);
  const destination c = {.sums = args->logits};
  float *sums = team->scratch;
  x_pair *pairs = (x_pair *)(sums + PACKED_ROWS * PACKED_COLUMNS);
  int64_t ready = -1;
  for (int64_t item; (item = team_claim(team, 0)) < blocks_in(B, PACKED_ROWS) * strips;) {
    const int64_t first = item / strips * PACKED_ROWS, strip = item % strips, column = strip * PACKED_COLUMNS;
    const int count = (int)min64(PACKED_ROWS, B - first);
    if (ready != first)
      for (int64_t i = 0; i < count * C / 2; i++) pairs[i] = pair_of(x + rows[first + i / (C / 2)] * C + i % (C / 2) * 2);
    ready = first;
    multiply_strip(count, pairs, packed_strip(args->token_table, strip, C), C, sums);
    for (int b = 0; b < count; b++)
      write_row(&c, (first + b) * V, column, sums + b * PACKED_COLUMNS, min64(PACKED_COLUMNS, V - column));
  }
}
